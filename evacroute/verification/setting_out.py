"""Rules about setting out: walks to the node on open streets, in time, unless they cannot be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.verification.check import SECOND, Check, judge
from evacroute.verification.evidence import Evidence
from evacroute.verification.hazards import passing

Floats = NDArray[np.float64]


def never(e: Evidence) -> NDArray[np.bool_]:
    """Find the groups that the plan says are cut off from their node, shape (n_groups,)."""
    out = np.zeros(len(e.instance.group_id), bool)
    walks = e.instance.walks
    out[walks.group[~np.isfinite(walks.arrive)]] = True
    return out


def first_walks(e: Evidence) -> Check:
    """Check: whoever has a place could walk from where they stand to their node.

    Wrong are: seconds inside while the link is closed to the class or for good, seconds before
    they are ready, seconds quicker than length / speed at the factor of the time of leaving,
    seconds at the node after the first of the group has left it, metres beyond the link's length,
    and a link that ends elsewhere.
    """
    i, w = e.instance, e.instance.walks
    first = np.full(len(i.group_id), np.inf)
    np.minimum.at(first, e.group, e.depart)
    goes = np.flatnonzero(np.isfinite(first[w.group]))
    group, link = w.group[goes], w.link[goes]
    leave, arrive = w.leave[goes], w.arrive[goes]
    class_ = i.group_class[group].astype(np.int64)
    there = np.isfinite(arrive) & np.isfinite(leave)
    factor, closed = np.ones(len(goes)), np.zeros(len(goes))
    found = passing(i.link_times, link[there], class_[there], leave[there], arrive[there])
    factor[there], closed[there] = found.factor, found.closed_s
    needs = np.divide(
        w.length[goes] / w.speed[goes], factor, out=np.full(len(goes), np.inf), where=factor > 0
    )
    wrong = np.stack(
        [
            closed,
            np.where(i.capacity[link] > 0, 0.0, np.inf),
            w.ready[goes] - leave,
            needs - (arrive - np.where(there, leave, 0.0)),
            arrive - first[group],
            w.length[goes] - i.length[link],
            np.where(i.link_to[link] == i.group_node[group], 0.0, np.inf),
        ]
    )
    wrong[np.isnan(wrong)] = np.inf
    return judge(
        "first walks",
        "from where people stand to their node: on an open link, in length / speed, in time",
        wrong.max(axis=0, initial=0.0),
        lambda k: (
            f"group {i.group_id[group[k]]} ({i.class_id[class_[k]]}) on link "
            f"{i.link_id[link[k]]} from {leave[k]:g} s to {arrive[k]:g} s"
        ),
        unit="s",
        slack=SECOND,
    )


def cut_off(e: Evidence) -> Check:
    """Check: whoever is said to be cut off from their node could not walk to it at any time.

    Looked at are the times when they are ready, and when something on their link ends.
    """
    i, w = e.instance, e.instance.walks
    said = np.flatnonzero(~np.isfinite(w.arrive) & (i.capacity[w.link] > 0))
    rows = i.link_times.of_links(w.link[said])
    could = np.zeros(len(said))
    for k, x in enumerate(said.tolist()):
        ends = rows.to_s[(rows.link == w.link[x]) & np.isfinite(rows.to_s)]
        leave = np.unique(np.append(ends[ends > w.ready[x]], w.ready[x]))
        link = np.full(len(leave), w.link[x])
        class_ = np.full(len(leave), i.group_class[w.group[x]], np.int64)
        alone = w.length[x] / w.speed[x]
        factor = passing(rows, link, class_, leave, leave).factor
        open_ = factor > 0
        leave, link, class_ = leave[open_], link[open_], class_[open_]
        arrive = leave + alone / factor[open_]
        shut = passing(rows, link, class_, leave, arrive).closed_s > SECOND
        # Too late is as good as never, unless it would be too late without hazards too.
        last = e.deadline if w.ready[x] + alone <= e.deadline else np.inf
        could[k] = float((~shut & (arrive <= last) & (leave < e.deadline)).any())
    return judge(
        "cut off",
        "whoever is said to be cut off where they stand could not walk to their node at any time",
        could,
        lambda k: (
            f"group {i.group_id[w.group[said[k]]]} on link {i.link_id[w.link[said[k]]]} could"
        ),
        unit="walks",
    )


def cool_shelters(e: Evidence) -> Check:
    """Check: nobody is placed in a shelter whose door gets hot before the deadline."""
    i = e.instance
    burns = i.hot_from < e.deadline
    filled = np.bincount(e.shelter, weights=e.size, minlength=len(i.shelter_id))
    return judge(
        "shelters not hot",
        "nobody goes to a shelter whose door a fire makes hot before the deadline",
        np.where(burns, filled, 0.0),
        lambda k: f"shelter {i.shelter_id[k]}, hot from {i.hot_from[k]:g} s: {filled[k]:g} persons",
        unit="persons",
    )
