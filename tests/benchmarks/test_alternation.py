import statistics
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.alternation import SideError, Timings, alternate
from benchmarks.measuring import ratio_of_medians
from brain_tumor.metrics.timing import spread

seconds = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=9)


@given(seconds, st.integers(1, 1000))
def test_cost_is_per_scan(values: list[float], scans: int) -> None:
    found = spread(Timings(tuple(values), scans).cost)
    assert found.low <= found.median <= found.high
    assert found.median * scans == pytest.approx(statistics.median(values))


@given(seconds, st.floats(0.1, 10))
def test_a_side_n_times_as_slow_has_the_ratio_n(values: list[float], factor: float) -> None:
    ours = Timings(tuple(value * factor for value in values))
    found = ratio_of_medians(ours, Timings(tuple(values)))
    assert (found.low, found.median, found.high) == pytest.approx((factor,) * 3)


def test_what_slows_both_sides_of_a_round_leaves_its_ratio_alone() -> None:
    ours, peer = Timings((1.0, 8.0, 1.0), 10), Timings((2.0, 16.0, 2.0), 10)
    assert spread(ours.cost).high == 0.8
    found = ratio_of_medians(ours, peer)
    assert (found.low, found.median, found.high) == (0.5, 0.5, 0.5)


def test_sides_may_treat_different_numbers_of_scans() -> None:
    assert ratio_of_medians(Timings((1.0,), 10), Timings((1.0,), 5)).median == pytest.approx(0.5)


@pytest.mark.parametrize(("values", "scans"), [((), 1), ((0.0,), 1), ((1.0,), 0)])
def test_timings_that_cannot_be_are_refused(values: tuple[float, ...], scans: int) -> None:
    with pytest.raises(ValueError, match="timings of"):
        Timings(values, scans)


@pytest.mark.parametrize("peer", [Timings((1.0,)), Timings((1.0, 1.0), 3)])
def test_timings_that_do_not_belong_together_are_refused(peer: Timings) -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        ratio_of_medians(Timings((1.0, 1.0)), peer)


class Fake:
    """Takes one second more in every turn, and says so without taking it."""

    def __init__(self, name: str, log: list[str], fails_in: int | None = None) -> None:
        self.name, self.log, self.fails_in, self.turn = name, log, fails_in, 0

    def again(self) -> Mapping[str, Any]:
        self.log.append(self.name)
        if self.turn == self.fails_in:
            raise SideError(f"{self.name} broke")
        self.turn += 1
        return {"seconds": float(self.turn), "scans": 7, "fixed": self.turn / 10}


def test_sides_take_turns_and_warm_up_is_left_out() -> None:
    log: list[str] = []
    told: list[tuple[str, int]] = []
    sides = {name: Fake(name, log) for name in "abc"}
    taken, failed = alternate(sides, 1, 2, lambda *line: told.append(line), settle=0)
    assert log == list("abcabcabc")
    assert told == [(name, turn) for turn in range(3) for name in "abc"]
    assert failed == {}
    assert taken["b"].timings.seconds == (2.0, 3.0)
    assert taken["b"].timings.scans == 7
    assert taken["b"].extras == {"fixed": (0.2, 0.3)}


@pytest.mark.parametrize("fails_in", [0, 1, 2])
def test_a_side_that_fails_is_left_out_and_the_others_go_on(fails_in: int) -> None:
    log: list[str] = []
    sides = {"a": Fake("a", log), "b": Fake("b", log, fails_in), "c": Fake("c", log)}
    taken, failed = alternate(sides, 1, 2, settle=0)
    assert set(taken) == {"a", "c"}
    assert failed == {"b": "b broke"}
    assert log.count("b") == fails_in + 1
    assert log.count("a") == log.count("c") == 3
