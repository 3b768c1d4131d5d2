"""Taking nodes out of a net keeps every least time between those that stay."""

from __future__ import annotations

import numpy as np
import pytest
from naive_prices import all_distances

from evacroute._kernels.contraction import eliminate, mark_redundant
from evacroute._kernels.graph import FAR
from evacroute.assignment.lanes import contract, whole_net
from evacroute.assignment.time_net import TimeNet

N, CLASSES = 14, 2


def net(seed: int) -> TimeNet:
    """A ring with short cuts and parallel arcs, some barred to class 1; one link an arc."""
    rng = np.random.default_rng(seed)
    ends = [(i, (i + 1) % N) for i in range(N)] + [((i + 1) % N, i) for i in range(0, N, 2)]
    ends += [tuple(rng.choice(N, 2, replace=False).tolist()) for _ in range(8)]
    src, dst = np.array(sorted(ends), np.int32).T
    m = len(src)
    tau = rng.integers(1, 6, (CLASSES, m)).astype(np.int32)
    tau[1, rng.random(m) < 0.25] = FAR
    return TimeNet(
        n_heads=N,
        n_nodes=N,
        node_index=np.arange(N, dtype=np.int32),
        ptr=np.searchsorted(src, np.arange(N + 1)).astype(np.int32),
        src=src,
        dst=dst,
        tau=tau,
        way=np.arange(m, dtype=np.int32),
        item_ptr=np.arange(m + 1, dtype=np.int64),
        item_link=np.arange(m, dtype=np.int32),
        item_off=np.zeros((CLASSES, m), np.int32),
        n_links=m,
        toll=np.zeros((0, 0), np.float32),
        settled=0,
        first=np.zeros(m, np.int32),
        last=np.full(m, 1 << 30, np.int32),
        shut=np.zeros(m, bool),
    )


def distances(city: TimeNet, k: int) -> np.ndarray:
    arcs = zip(city.src.tolist(), city.dst.tolist(), city.tau[k].tolist(), strict=True)
    return all_distances(N, [arc for arc in arcs if arc[2] < FAR])


@pytest.mark.parametrize("seed", range(8))
def test_contract_keeps_all_distances(seed: int) -> None:
    """Between nodes of the core, and from all others onto it, least times are as before, in both
    classes; priced arcs and shelters' nodes stay."""
    city = net(seed)
    rng = np.random.default_rng(seed)
    row = np.full(len(city.src), -1, np.int32)
    priced = rng.choice(len(city.src), 2, replace=False)
    row[priced] = [0, 1]
    shelter = rng.choice(N, 2).astype(np.int32)
    core = contract(city, row, shelter)
    stay = np.flatnonzero(core.index >= 0)
    assert core.n_nodes < N
    assert set(shelter) | set(city.src[priced]) | set(city.dst[priced]) <= set(stay)
    for k in range(CLASSES):
        far, lanes = distances(city, k), core.lanes[k]
        arcs = zip(lanes.src.tolist(), lanes.dst.tolist(), lanes.tau.tolist(), strict=True)
        left = all_distances(len(stay), list(arcs))
        np.testing.assert_array_equal(left, far[np.ix_(stay, stay)])
        open_ = {int(a) for a in priced if city.tau[k, a] < FAR}
        assert open_ == {int(a) for a in core.arcs[k] if a >= 0}
        ptr, node, took = core.ways(np.arange(N, dtype=np.int32), k)
        for u in range(N):
            mine = slice(ptr[u], ptr[u + 1])
            onto = np.full(len(stay), np.inf)
            onto[node[mine]] = took[mine]
            best = (onto[:, None] + left).min(axis=0)
            np.testing.assert_array_equal(best, far[u, stay])


@pytest.mark.parametrize("seed", range(4))
def test_whole_net_is_the_net(seed: int) -> None:
    """Lanes of the whole net hold every open arc once, those without a price first."""
    city = net(seed)
    row = np.full(len(city.src), -1, np.int32)
    row[3] = 0
    core = whole_net(city, row)
    for k in range(CLASSES):
        lanes = core.lanes[k]
        assert sorted(core.arcs[k]) == np.flatnonzero(city.tau[k] < FAR).tolist()
        for u in range(N):
            count = np.diff(lanes.item_ptr)[lanes.ptr[u] : lanes.ptr[u + 1]]
            split = lanes.mid[u] - lanes.ptr[u]
            assert (count[:split] == 0).all()
            assert (count[split:] == 1).all()


def test_eliminate_says_when_there_is_no_space() -> None:
    """With too little space for shortcuts or ways, -1 comes back and nothing is overrun."""
    from evacroute.assignment.lanes import _pool

    city = net(0)
    plain = np.arange(len(city.src))
    keep, gone = np.zeros(N, bool), np.zeros(N, bool)
    order, ptr = np.empty(N, np.int32), np.zeros(N + 1, np.int32)
    pool = _pool(city, plain, 3 * len(plain))
    few = np.empty(1, np.int32), np.empty((1, CLASSES), np.int32)
    assert eliminate(pool, keep, 4, gone, order, ptr, *few) == -1
    gone[:] = False
    pool = _pool(city, plain, len(plain))
    many = np.empty(500, np.int32), np.empty((500, CLASSES), np.int32)
    assert eliminate(pool, keep, 12, gone, order, ptr, *many) in (-1, N)


@pytest.mark.parametrize("seed", range(6))
def test_redundant_arcs_are_not_needed(seed: int) -> None:
    """Without the marked arcs every least time is as before, and some arcs are marked."""
    rng = np.random.default_rng(seed)
    n = 9
    ends = sorted({tuple(rng.choice(n, 2, replace=False).tolist()) for _ in range(45)})
    src, dst = np.array(ends, np.int32).T
    time = rng.integers(1, 9, len(src)).astype(np.int32)
    ptr = np.searchsorted(src, np.arange(n + 1)).astype(np.int32)
    out = np.zeros(len(src), bool)
    mark_redundant(ptr, ptr[1:], dst, time, 400, out)
    assert out.any()
    assert not out.all()
    arcs = list(zip(src.tolist(), dst.tolist(), time.tolist(), strict=True))
    kept = [arc for arc, redundant in zip(arcs, out, strict=True) if not redundant]
    np.testing.assert_array_equal(all_distances(n, kept), all_distances(n, arcs))
