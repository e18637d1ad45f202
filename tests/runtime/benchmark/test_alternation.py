from collections.abc import Mapping
from typing import Any

import pytest

from brain_tumor.runtime.benchmark.alternation import SideError, alternate


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
