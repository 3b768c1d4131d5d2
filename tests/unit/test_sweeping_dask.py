"""`sweep` on a real local Dask cluster: two worker processes, the figures of one process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from broken_links import BrokenLinks
from conftest import IN_CI

import evacroute as er

if TYPE_CHECKING:
    from distributed import Client

PEOPLE = 200
DRAWS = 8


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two workers of one thread each, in processes of their own; no dashboard."""
    if not IN_CI:
        pytest.importorskip("distributed", reason="the extra dask is not installed")
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
            host="127.0.0.1",
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        client.wait_for_workers(2)
        yield client


@pytest.mark.parametrize("kind", ["planned", "played"])
def test_dask_gives_the_same_bit_for_bit(client: Client, kind: str) -> None:
    """Each draw, planned or played, has the figures that it has without Dask."""
    scenario = er.lagoon(people=PEOPLE)
    how: dict[str, Any] = {"draws": DRAWS}
    if kind == "played":
        how["plan"] = er.assign(scenario)
    told: list[float] = []
    found = er.sweep(
        scenario, BrokenLinks(), executor=client.get_executor(),
        progress=lambda stage, share: told.append(share), **how,
    )  # fmt: skip
    assert found.equals(er.sweep(scenario, BrokenLinks(), executor="serial", **how))
    assert told == [i / DRAWS for i in range(DRAWS + 1)]
    kept = client.run(lambda: len(__import__("evacroute.sweeping.draws").sweeping.draws._unpacked))
    assert len(kept) == 2
    assert any(kept.values()), "done by the workers, not here"


def test_a_worker_that_comes_later_gets_the_scenario(client: Client) -> None:
    """Workers that have lost everything are sent the scenario again."""
    scenario = er.lagoon(people=PEOPLE)
    plan = er.assign(scenario)
    how: dict[str, Any] = {"draws": DRAWS, "plan": plan}
    first = er.sweep(scenario, BrokenLinks(), executor=client.get_executor(), **how)
    client.restart()
    again = er.sweep(scenario, BrokenLinks(), executor=client.get_executor(), workers=1, **how)
    assert again.equals(first)


def test_errors_come_back_from_dask(client: Client) -> None:
    """What goes wrong in a worker is told with the number of its draw."""
    scenario = er.lagoon(people=PEOPLE)
    wrong = er.LinkTimes([10**6], [-1], [0.0], [1.0], [0.5])
    with pytest.raises(er.InputError, match=r"1 of 2 draws failed\n  draw 1: HazardError"):
        er.sweep(scenario, [None, wrong], plan=er.assign(scenario), executor=client.get_executor())
