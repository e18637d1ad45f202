"""What another configuration is answered with: a few of its differences, and a name for another."""

from types import SimpleNamespace
from typing import Any

import pytest

from brain_tumor.errors import ConfigError
from brain_tumor.tune.study import NAMED, Study


@pytest.mark.parametrize("number", [0, 1, NAMED, 33])
def test_a_few_differences_are_named_and_the_others_counted(number: int) -> None:
    before = {f"data.{place:02}": 0 for place in range(33)}
    fixed = before | {f"data.{place:02}": 1 for place in range(number)}
    own: Any = SimpleNamespace(
        optuna=SimpleNamespace(user_attrs={"fixed": before}), settings=SimpleNamespace(folder="s")
    )
    if number == 0:
        Study._check_same(own, fixed)
        return
    with pytest.raises(ConfigError, match=r"study\.name=NAME") as refused:
        Study._check_same(own, fixed)
    said = str(refused.value)
    assert said.count("was 0, now 1") == min(number, NAMED)
    assert (f"and {number - NAMED} more" in said) == (number > NAMED)
