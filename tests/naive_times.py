"""The slow twin of searches on streets that change: every node, slot by slot."""

from __future__ import annotations

import numpy as np

import evacroute as er
from evacroute.network import FERRY


def soonest(scenario: er.Scenario, step: float) -> np.ndarray:
    """When each group is safe if it was alone [s], inf = not in time.

    All of one class; walking times must be whole steps at every factor.
    """
    network, times, boats = scenario.network, scenario.link_times, scenario.rides
    speed = float(scenario.group_classes.speed_flat[0])
    last = round(scenario.deadline_s / step)
    edges: list[list[tuple[int, int, int]]] = [[] for _ in range(network.n_nodes)]
    for link in range(network.n_links):
        if network.kind[link] == FERRY or network.capacity[link] <= 0:
            continue
        rows = np.flatnonzero(times.link == link)
        for slot in range(last + 1):
            now = slot * step
            holds = rows[(times.from_s[rows] <= now) & (now < times.to_s[rows])]
            factor = float(np.prod(times.speed_factor[holds]))
            if factor <= 0:
                continue
            took = round(network.length[link] / speed / factor / step)
            end = now + took * step
            shut = rows[times.speed_factor[rows] <= 0]
            if ((times.from_s[shut] < end) & (times.to_s[shut] > now)).any():
                continue
            edges[network.from_node[link]].append((slot, slot + took, network.to_node[link]))
    if boats is not None:
        for i in range(len(boats)):
            link = boats.link[i]
            # Aboard before it casts off, ashore after it has arrived, or with its next ride.
            leave, there = int(boats.leave_s[i] // step), int(-(-boats.arrive_s[i] // step))
            for j in range(i + 1, len(boats)):
                if boats.trip_id[j] == boats.trip_id[i]:
                    there = min(there, int(boats.leave_s[j] // step))
                    break
            there = max(there, leave + 1)
            rows = np.flatnonzero((times.link == link) & (times.speed_factor <= 0))
            begin, end = leave * step, there * step
            if ((times.from_s[rows] < end) & (times.to_s[rows] > begin)).any():
                continue
            edges[network.from_node[link]].append((leave, there, network.to_node[link]))
    out = []
    doors = set(scenario.shelters.node.tolist())
    for node, ready in zip(scenario.groups.node, scenario.groups.ready_time, strict=True):
        best = np.full(network.n_nodes, np.inf)
        best[node] = np.ceil(ready / step)
        # By the clock: whatever is known at a slot is final when the slot comes.
        for slot in range(last + 1):
            changed = True
            while changed:
                changed = False
                for u in np.flatnonzero(best <= slot):
                    for leave, there, v in edges[u]:
                        if leave == slot and there <= last and there < best[v]:
                            best[v] = there
                            changed = True
        found = min(best[door] for door in doors)
        out.append(found * step if found <= last else np.inf)
    return np.array(out)
