"""What the scorer asks of a trip: kinds of people."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import WALKER, WHEELCHAIR, paces

from evacroute.scoring.features import KINDS, kinds_of

CLASSES = paces(WALKER, (1.4, 0.7), (0.8, 0.4), WHEELCHAIR, (0.5, 0.0))


def told(k: int, size: int, wait: float, pace: float) -> str:
    """Kind of one trip, in words: the twin."""
    if CLASSES.step_free[k]:
        kind = "step_free"
    elif size > 1:
        kind = "household"
    else:
        kind = "slow" if CLASSES.speed_flat[k] * pace < 1.0 else "walker"
    return f"{kind}, no plan" if np.isnan(wait) else kind


@pytest.mark.parametrize("writeable", [True, False])
def test_kinds_are_those_of_the_twin(writeable: bool) -> None:
    """Every trip is of the kind that its class, size, pace and plan say, however it is stored."""
    rng = np.random.default_rng(5)
    n = 400
    class_ = rng.integers(len(CLASSES.class_id), size=n).astype(np.int32)
    size = rng.integers(1, 4, size=n).astype(np.int32)
    wait = np.where(rng.random(n) < 0.5, np.nan, 3.0)
    # At pace 1 a walker's speed is just where the slow ones begin.
    pace = rng.choice([0.7, np.nextafter(1.0, 0.0), 1.0, 1.3], n)
    for column in (class_, size, wait, pace):
        column.setflags(write=writeable)
    kind = kinds_of(CLASSES, class_, size, wait, pace)
    assert kind.dtype == np.int8
    rows = list(zip(class_, size, wait, pace, strict=True))
    assert [KINDS[one] for one in kind] == [told(*row) for row in rows]
    assert set(kind.tolist()) == set(range(len(KINDS)))
    plain = kinds_of(CLASSES, class_[::2], size[::2], wait[::2])
    assert [KINDS[one] for one in plain] == [told(*row[:3], 1.0) for row in rows[::2]]
    assert not len(kinds_of(CLASSES, class_[:0], size[:0], wait[:0]))
