"""Three neighbours ask where to go: each is told shelters, with odds, times and reasons."""

from city import read_city, save_picture
from drawing import COLOURS, titled

import evacroute as er
from evacroute.recommending import Recommender

scenario = read_city(people=2000, deadline="45 min")
plan = er.assign(scenario, "earliest_arrival", scorer="default")
print(
    f"if all walk by the plan, more or less, {plan.scores.expected_safe(plan.movements.size):,.0f} "
    f"of {plan.placed:,} are safe in time\n"
)

# All three stand at the same door, at the start of the busiest way; two can leave at once.
busiest = int(plan.movements.leg_link[0])
node = scenario.network.node_id[scenario.network.from_node[busiest]]
neighbours = {
    "a student, 22": {"age": 22, "mobility": "none", "ready_time_s": 60},
    "a couple, 84, one with a cane": {"age": 84, "mobility": "cane", "party_size": 2},
    "a wheelchair user, 45": {"age": 45, "mobility": "wheelchair", "ready_time_s": 60},
}

# The recommender keeps the streets and what is expected on them, so the next answer is quick.
ask = Recommender(scenario, plan)
answers = {}
for who, person in neighbours.items():
    told = answers[who] = ask.recommend({"node_id": node, **person}, top=3)
    print(f"{who}\n{told}\n")


def draw(ax):
    row, names = 0, []
    for i, (who, told) in enumerate(answers.items()):
        for option in told.options:
            early, middle, late = (q / 60 for q in (option.q10, option.q50, option.q90))
            look = {"color": COLOURS[i], "label": who if option is told.best else None}
            ax.plot(
                [early, late], [row, row], linewidth=6, solid_capstyle="butt", alpha=0.5, **look
            )
            ax.plot(middle, row, "o", color=COLOURS[i])
            ax.annotate(
                f"  {option.p_safe:.1%} in time", (late, row), va="center", fontsize="small"
            )
            names.append(option.name or option.shelter_id)
            row += 1
    ax.axvline(scenario.deadline_s / 60, color="black", linewidth=1)
    ax.set_yticks(range(row), names, fontsize="small")
    ax.set(xlim=(0, 1.2 * scenario.deadline_s / 60), xlabel="there, minutes after the alarm")
    ax.invert_yaxis()
    if row:
        ax.legend(loc="lower right", fontsize="small")
    ax.set_title(
        titled("When three neighbours arrive: eight in ten within the bar; line: deadline")
    )


save_picture(draw)
