"""From a plan to people: a person's way turn by turn, in six languages, and sheets to hang up."""

import os
from pathlib import Path

import numpy as np

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "5000"))
out = Path("out/sheets")

# The city and its people are synthetic: drawn by a program, they stand for no real place.
plan = er.assign(er.lagoon(people=PEOPLE), method="shelter_flow")

# The person with the longest way, from the very point where they stand.
moves, roster = plan.movements, plan.roster
legs = np.diff(moves.leg_ptr)
person = roster.person_id[np.argmax(np.where(roster.movement >= 0, legs[roster.movement], 0))]
told = er.directions(plan, person=person, alarm="10:30")
print(f"{person}: {told.distance:.0f} m, {told.bridges} bridges\n{told}\n")

# The same beginning in the other languages; names of streets stay as they are.
for language in ("it", "fr", "de", "es", "zh"):
    text = er.directions(plan, person=person, language=language, alarm="10:30").text
    print(language, *text[:3], sep="\n  ")

# People who are left are told why, and what to do.
left = roster.person_id[roster.movement < 0]
for person in left[:1]:
    print(f"\n{person}:\n{er.directions(plan, person=person)}")

# Each step also as figures, for a phone or a voice.
turns = [(step.kind, step.turn, step.name, round(step.distance)) for step in told.steps]
print(f"\n{turns[:3]} ...")

# A sheet of paper for each shelter: plain, and in high contrast for people who see badly.
for contrast in ("plain", "high"):
    pages = er.write_sheets(plan, out / contrast, language="it", contrast=contrast, alarm="10:30")
    print(f"{len(pages) - 1} sheets: {pages[0]}")
