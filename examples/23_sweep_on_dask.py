"""The same plan in many earthquakes, on a cluster of Dask: the figures are those of one process."""

import sys
from contextlib import nullcontext
from functools import partial

from city import PARSER, options, read_city, save_picture

import evacroute as er

PARSER.add_argument("--dask", metavar="ADDRESS", help="of a scheduler that runs already")


def told(stage, share):
    """What has been done so far, in a line of its own every quarter."""
    if share in (0.25, 0.5, 0.75, 1.0):
        print(f"  {stage}")


def draw(alone, ax):
    """How many people are safe in each draw, the worst first."""
    safe = alone.table["safe"].sort_values().reset_index(drop=True)
    ax.bar(safe.index, safe, color="#0072B2", label="safe in this earthquake")
    ax.axhline(safe.mean(), color="#D55E00", label=f"mean {safe.mean():,.0f}")
    ax.set(xlabel="earthquakes, the worst first", ylabel="people safe", xticks=[])
    ax.set_ylim(max(0, safe.min() - 2 * (safe.max() - safe.min()) - 1), safe.max() + 1)
    ax.legend(loc="upper left")


def main():
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        sys.exit("a cluster needs an extra: pip install 'evacroute[dask]'")
    asked = options()
    draws = asked.draws or 12
    city = read_city(people=3000, deadline="60 min")
    plan = er.assign(city)
    quake = er.Earthquake(seed=1, intensity="IX", building="mid")
    print(f"all open: {plan.safe:,} safe")
    print(f"{draws} earthquakes on Dask:")
    small = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": "1GiB"}
    own_cluster = partial(LocalCluster, **small, processes=True, dashboard_address=None)
    with nullcontext(asked.dask) if asked.dask else own_cluster() as where, Client(where) as client:
        pool = client.get_executor()
        found = er.sweep(city, quake, draws=draws, plan=plan, executor=pool, progress=told)
    print(found)
    alone = er.sweep(city, quake, draws=draws, plan=plan, executor="serial")
    print(f"the same in one process, to the last bit: {found.equals(alone)}")
    save_picture(draw, alone)


if __name__ == "__main__":
    main()
