"""From a plan to people: a way turn by turn, in six languages, and sheets to hang up."""

from pathlib import Path
from textwrap import fill

import numpy as np
from city import read_city, save_picture
from drawing import COLOURS, draw_streets, titled

import evacroute as er

out = Path("out/sheets")

# The city and its people are synthetic: drawn by a program, they stand for no real place.
plan = er.assign(read_city(people=5000), method="shelter_flow")
moves, roster = plan.movements, plan.roster

# Whoever has the longest way: a person from the very point where they stand, else a group.
longest = int(np.argmax(np.diff(moves.leg_ptr)))
who = {"movement": longest}
if roster is None:
    print("The city has groups and no persons: ways are told from where the group's street ends.")
else:
    who = {"person": roster.person_id[np.argmax(roster.movement == longest)]}
told = er.directions(plan, **who, alarm="10:30")
print(f"{who}: {told.distance:.0f} m, {told.bridges} bridges\n{told}\n")

# The same beginning in the other languages; names of streets stay as they are.
for language in ("it", "fr", "de", "es", "zh"):
    text = er.directions(plan, **who, language=language, alarm="10:30").text
    print(language, *text[:3], sep="\n  ")

# People who are left are told why, and what to do.
for person in [] if roster is None else roster.person_id[roster.movement < 0][:1]:
    print(f"\n{person}:\n{er.directions(plan, person=person)}")

# Each step also as figures, for a phone or a voice.
turns = [(step.kind, step.turn, step.name, round(step.distance)) for step in told.steps]
print(f"\n{turns[:3]} ...")

# A sheet of paper for each shelter: plain, and in high contrast for people who see badly.
for contrast in ("plain", "high"):
    pages = er.write_sheets(plan, out / contrast, language="it", contrast=contrast, alarm="10:30")
    print(f"{len(pages) - 1} sheets: {pages[0]}")


def draw(ax):
    links = moves.leg_link[moves.leg_ptr[longest] : moves.leg_ptr[longest + 1]]
    draw_streets(ax, plan.scenario.network, links, colors=COLOURS[0], linewidths=4)
    around = ax.axis()  # of the way alone
    draw_streets(ax, plan.scenario.network, zorder=1)
    ax.axis(around)
    lines = [fill(f"{i + 1}. {text}", 52) for i, text in enumerate(told.text)]
    shown = lines if len(lines) < 14 else [*lines[:9], "...", *lines[-3:]]
    ax.text(1.05, 1, "\n".join(shown), transform=ax.transAxes, va="top", fontsize=7.5)
    ax.set_title(titled(f"The longest way: {told.distance:.0f} m, {told.bridges} bridges"))


save_picture(draw)
