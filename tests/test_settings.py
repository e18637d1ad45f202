"""A settings class is checked by its annotations, however an object of it is made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from brain_tumor.config.arguments import parse_settings
from brain_tumor.errors import ConfigError
from brain_tumor.settings import Range, Settings, described, fits

Share = Annotated[float, Range(0, 1, without=(0, 1))]


@dataclass(frozen=True)
class Inner(Settings, key="outer.inner"):
    share: Share
    kernel: Annotated[int, Range(1, 9, odd=True)] = 3


@dataclass(frozen=True)
class Outer(Settings, key="outer"):
    inner: Inner
    parts: tuple[str, ...]
    kind: Literal["small", "large"]
    place: Path
    named: dict[str, Inner] | None = None
    steps: dict[Literal["raw", "kept"], int] | None = None


VALUES = {"inner": {"share": 0.5}, "parts": ["a"], "kind": "small", "place": "x"}


@pytest.mark.parametrize(
    ("hint", "right", "wrong", "words"),
    [
        (Annotated[int, Range(2)], (2, 10**9), (1, 2.0, True), "a whole number of at least 2"),
        (Annotated[int, Range(1, 9, odd=True)], (1, 9), (2, 11), "an odd whole number in 1..9"),
        (Share, (0.001, 0.999), (0, 1, float("nan"), "0.5"), "a number between 0 and 1"),
        (Annotated[float, Range(0, 9, (0,))], (9,), (0,), "a number in 0..9, 0 left out"),
        (Annotated[float, Range(0, without=(0,))], (1e-9,), (0, -1), "a number above 0"),
        (Annotated[float, Range(1, 2, also=(0,))], (0, 0.0, 1), (0.5,), "0 or a number in 1..2"),
        (Annotated[int, Range(0, 3)] | None, (None, 3), (4,), "a whole number in 0..3 or null"),
    ],
)
def test_a_range_holds_its_numbers_and_says_which(
    hint: Any, right: tuple[Any, ...], wrong: tuple[Any, ...], words: str
) -> None:
    assert all(fits(value, hint) for value in right)
    assert not any(fits(value, hint) for value in wrong)
    assert described(hint) == words


def test_groups_within_a_group_are_parsed() -> None:
    found = parse_settings(Outer, VALUES | {"named": {"one": {"share": 0.1, "kernel": 5}}}, "outer")
    assert found == Outer(Inner(0.5), ("a",), "small", Path("x"), {"one": Inner(0.1, 5)})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"inner": {"share": 2}}, "outer.inner.share must be a number between 0 and 1: 2"),
        ({"inner": {"shaer": 2}}, "outer.inner.shaer is unknown: did you mean +outer.inner.share?"),
        ({"inner": {}}, "outer.inner.share is not given: add +outer.inner.share=VALUE."),
        ({"inner": 1}, "outer.inner must be a group of named values: 1"),
        ({"named": {"one": {"share": 2}}}, "outer.named.one.share must be a number between"),
        ({"named": {"one": 1}}, "outer.named.one must be a group of named values: 1"),
        ({"kind": "smal"}, "outer.kind must be small or large: 'smal', did you mean small?"),
        ({"kind": 1}, "outer.kind must be small or large: 1"),
        ({"steps": {"rwa": 1}}, "outer.steps.rwa is unknown: did you mean raw?"),
        ({"steps": {"raw": "x"}}, "outer.steps.raw must be a whole number: 'x'"),
        ({"parts": "a"}, "outer.parts must be a list, each text: 'a'"),
    ],
)
def test_what_cannot_be_is_named_where_it_stands(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_settings(Outer, VALUES | changed, "outer")
    assert str(refused.value).startswith(said)


def test_an_object_made_from_python_is_checked_too() -> None:
    with pytest.raises(ConfigError, match=r"^outer\.inner\.kernel must be an odd whole number"):
        Inner(0.5, 4)
