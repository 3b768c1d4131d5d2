"""Prices as an object: what they tell, and that spoilt ones are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plans import small_plan
from priced import bridge_plan, prices_for

import evacroute as er
from evacroute.errors import InputError, SolverError
from evacroute.prices import Prices
from evacroute.writing import write_arrays


def small_prices(**more: Any) -> Prices:
    """Link 0 costs 3, 5 and 1 s in slots 2, 3 and 6, the bridge 40 s in slot 4, a door 2 s."""
    link = [(0, 2, 3.0), (0, 3, 5.0), (0, 6, 1.0), (2, 4, 40.0)]
    more = {"room": [0.0, 60.0], "step_free_room": [15.0, 0.0], **more}
    return prices_for(small_plan(), link, [(0, 8, 2.0), (0, 9, 1.5)], **more)


def test_top_lists_where_room_is_worth_most() -> None:
    """Links come by price times limit, with when, how high, and what in all."""
    top = small_prices().top(20)
    assert top["link_id"].tolist() == ["L1", "L0"]
    assert top["name"].tolist() == ['Ponte "del Fumo", alto', ""]
    assert top["total"].tolist() == [80.0, 18.0]
    first = top.iloc[1]
    assert (first["begin_s"], first["end_s"], first["peak_s"]) == (20.0, 70.0, 30.0)
    assert (first["peak_price"], first["mean_price"]) == (5.0, 3.0)
    assert small_prices().top(1)["link_id"].tolist() == ["L1"]


def test_prices_in_time() -> None:
    """frame has a row a price; at finds that of a slot, and 0 where there is none."""
    prices = small_prices()
    frame = prices.frame()
    assert frame["link_id"].tolist() == ["L0", "L0", "L0", "L1"]
    assert frame["time_s"].tolist() == [20.0, 30.0, 60.0, 40.0]
    assert frame["price"].tolist() == [3.0, 5.0, 1.0, 40.0]
    assert [prices.at("L0", t) for t in (19.9, 20.0, 39.9, 40.0)] == [0.0, 3.0, 5.0, 0.0]
    assert prices.at("nowhere", 20.0) == 0.0


def test_shelters_tell_places_and_doors() -> None:
    """Each shelter has the price of a place, of a step-free place, and of its door."""
    shelters = small_prices().shelters().set_index("shelter_id")
    assert list(shelters.index) == ["S1", "S0"]
    assert shelters["place_price"].tolist() == [60.0, 0.0]
    assert shelters["step_free_price"].tolist() == [60.0, 15.0]
    door = shelters.loc["S0"]
    assert (door["door_begin_s"], door["door_end_s"]) == (80.0, 100.0)
    assert (door["door_peak_s"], door["door_peak_price"]) == (80.0, 2.0)
    assert np.isnan(shelters.loc["S1", "door_begin_s"])


def test_prices_say_in_a_line_what_they_are() -> None:
    """The text of prices is one line with how many links, until when, and their value."""
    text = repr(small_prices())
    assert "\n" not in text
    for words in ("2 links", "4 slots of 10 s", "1.167 min", "1000 person-seconds"):
        assert words in text


def test_prices_without_any() -> None:
    """Prices that are all nought give empty tables."""
    none = prices_for(small_plan(), [])
    assert none.top().empty
    assert none.frame().empty
    assert len(none.shelters()) == 2
    assert "0 links" in repr(none)


def test_saved_alone_and_loaded(tmp_path: Path) -> None:
    """A file of prices alone gives equal prices back, ids and all."""
    for name, prices in (("a", small_prices()), ("b", prices_for(small_plan(), []))):
        prices.save(tmp_path / name)
        back = Prices.load(tmp_path / name)
        assert back.equals(prices)
        assert back.top().equals(prices.top())
    assert not small_prices(value=1.0).equals(small_prices())


def test_a_plan_read_back_tells_the_same(tmp_path: Path) -> None:
    """What plan.prices tells is the same after save and read_plan."""
    plan = bridge_plan()
    plan.save(tmp_path / "plan")
    back = er.read_plan(tmp_path / "plan")
    assert plan.prices is not None
    assert back.prices is not None
    assert back.prices.top(20).equals(plan.prices.top(20))
    assert back.equals(plan)


SPOILT = [
    ({"link_price": [3.0, -5.0, 1.0, 40.0]}, r"link_price\[1\] is -5"),
    ({"link_price": [3.0, np.nan, 1.0, 40.0]}, r"link_price\[1\] is nan"),
    ({"room": [np.inf, 0.0]}, r"room\[0\] is inf"),
    ({"weight": [1.0, 0.0]}, r"weight\[1\] is 0"),
    ({"link_slot": [2, 3, 99, 4]}, r"link_slot\[2\] is 99, expected 0 to 39"),
    ({"link": [2, 2, 2, 0]}, "link is not sorted"),
    ({"door": [0, 5]}, r"door\[1\] is 5, expected 0 to 1"),
    ({"link_price": [3.0]}, "link_price has 1 values, expected 4"),
    ({"link_id": ["L0"]}, "link_id has 1 values, expected 2"),
    ({"penalty": [1.0]}, "penalty has 1 values, expected 2"),
    ({"arc_slots": np.ones((1, 8), int)}, r"arc_slots has shape \(1, 8\)"),
    ({"arc_ptr": [0, 3, 2]}, "arc_ptr does not rise"),
    ({"hopeless": [2, 1]}, "hopeless is not rising"),
    ({"horizon": 50}, "horizon is 50"),
    ({"step": -1.0}, "step is -1"),
    ({"value": np.nan}, r"value is \[?nan"),
    ({"link": [0.5, 0.5, 0.5, 2.0]}, "link is float64"),
]


@pytest.mark.parametrize("values,said", SPOILT)
def test_spoilt_prices_are_refused(values: dict[str, Any], said: str, tmp_path: Path) -> None:
    """A value or length that cannot be is an error that names it, in memory and in a file."""
    with pytest.raises(InputError, match=said):
        small_prices(**values)
    arrays = small_prices().to_arrays()
    write_arrays(arrays | {k: np.asarray(v) for k, v in values.items()}, tmp_path / "p.npz")
    with pytest.raises(InputError, match=said) as fault:
        Prices.load(tmp_path / "p.npz")
    assert "p.npz" in str(fault.value)


def test_one_error_names_all_faults() -> None:
    """Several faults are told at once."""
    with pytest.raises(InputError, match="3 faults"):
        small_prices(step=-1.0, room=[-1.0, 0.0], penalty=[1.0])


def test_spoilt_files_are_refused(tmp_path: Path) -> None:
    """A file that is missing, cut off, of another format or lacks an array is an input error."""
    path = tmp_path / "p.npz"
    with pytest.raises(InputError, match="no such file"):
        Prices.load(path)
    path.write_bytes(b"PK\x03\x04 but no more")
    with pytest.raises(InputError, match="cannot be read as numpy arrays"):
        Prices.load(path)
    arrays = small_prices().to_arrays()
    write_arrays(arrays | {"format": np.array(9)}, path)
    with pytest.raises(InputError, match=r"format is \[?9\]?, expected 2"):
        Prices.load(path)
    del arrays["door"]
    write_arrays(arrays, path)
    with pytest.raises(InputError, match="door missing"):
        Prices.load(path)


def test_prices_of_another_instance_are_refused(tmp_path: Path) -> None:
    """A plan takes no prices of other links, shelters, classes or groups; nor does a folder."""
    plan = small_plan(prices=small_prices())
    with pytest.raises(SolverError, match="weight has 1 values, expected 2"):
        small_plan(
            prices=small_prices(
                weight=[1.0], penalty=[1.0], unit=[1], arc_slots=np.ones((1, 8), int)
            )
        )
    with pytest.raises(SolverError, match="hopeless holds 4"):
        small_plan(prices=small_prices(hopeless=[4]))
    plan.save(tmp_path / "plan")
    path = tmp_path / "plan" / "prices.npz"
    replace(small_prices(), link_id=["L0", "L7"]).save(path)
    with pytest.raises(InputError, match=r"prices\.npz: link_id is not that of instance"):
        er.read_plan(tmp_path / "plan")
    small_prices(hopeless=[4]).save(path)
    for read in (er.read_plan, er.verify):
        with pytest.raises(InputError, match=r"prices\.npz: hopeless holds 4"):
            read(tmp_path / "plan")
