"""Dataclasses become plain values and come back equal; what does not fit is named."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from brain_tumor.dataclass_json import from_plain, to_plain
from brain_tumor.errors import ConfigError
from brain_tumor.settings import Range, Rising


@dataclass(frozen=True)
class Part:
    name: str
    share: float | None


@dataclass(frozen=True)
class Result:
    parts: tuple[Part, ...]
    ends: tuple[float, float]
    counts: tuple[int, ...]
    by_class: Mapping[str, Part]
    kind: Literal["probe", "classifier"]
    value: bool | int | None
    anything: Any
    note: str = ""


RESULT = Result(
    parts=(Part("test", 0.5), Part("train", None)),
    ends=(1.0, 2.5),
    counts=(3,),
    by_class={"glioma": Part("a", 1.0)},
    kind="probe",
    value=True,
    anything={"deep": [1, None]},
)


def test_what_was_written_comes_back_equal() -> None:
    plain = to_plain(RESULT)
    assert plain["parts"] == [{"name": "test", "share": 0.5}, {"name": "train", "share": None}]
    assert from_plain(Result, json.loads(json.dumps(plain))) == RESULT


def test_a_default_may_be_left_out_and_a_whole_number_may_stand_for_a_float() -> None:
    plain = to_plain(RESULT)
    del plain["note"]
    plain["ends"] = [1, 2]
    found = from_plain(Result, plain)
    assert found.note == ""
    assert type(found.ends[1]) is float


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parts": "test"}, r"parts must be a list: 'test'"),
        ({"parts": [{"name": "a"}]}, r"parts\[0\].share is missing"),
        ({"parts": [{"name": 1, "share": 0.5}]}, r"parts\[0\].name must be text: 1"),
        ({"ends": [1.0]}, r"ends must be a list of 2, each a number: \(1.0,\)"),
        ({"ends": [True, 1.0]}, r"ends must be a list of 2, each a number: \(True, 1.0\)"),
        ({"ends": [1, math.nan]}, r"ends\[1\] must be a finite number: nan"),
        ({"ends": [1, 10**400]}, r"ends\[1\] must be a finite number: 10{59}\.\.\."),
        ({"counts": [1.0]}, r"counts must be a list, each a whole number: \(1.0,\)"),
        ({"by_class": []}, r"by_class must be a group of named values: \[\]"),
        ({"by_class": {"a": 1}}, r"by_class.a must be a group of named values: 1"),
        ({"kind": "other"}, r"kind must be probe or classifier: 'other'"),
        ({"kind": []}, r"kind must be probe or classifier: \[\]"),
        ({"value": "x"}, r"value must be true or false or a whole number or null: 'x'"),
        ({"note": None}, r"note must be text: None"),
        ({"note": 3 * 10**80}, r"note must be text: 30{59}\.\.\.$"),
        ({"other": 1}, r"other is unknown"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}"):
        from_plain(Result, to_plain(RESULT) | changes)


def test_the_content_itself_must_be_named_values() -> None:
    with pytest.raises(ConfigError, match=r"^the content must be a group of named values: \[\]"):
        from_plain(Result, [])


@dataclass(frozen=True)
class Bounded:
    sigma: Annotated[tuple[float, float], Rising(0)]
    share: Annotated[float, Range(0)] | None = None


def test_numbers_with_a_range_come_back_as_those_without_one() -> None:
    found = from_plain(Bounded, {"sigma": [1, 2], "share": 1})
    assert found == Bounded((1.0, 2.0), 1.0) and type(found.share) is float
    with pytest.raises(ConfigError, match="share must be a finite number: inf"):
        from_plain(Bounded, {"sigma": [1, 2], "share": math.inf})
    with pytest.raises(ConfigError, match=r"sigma must be two rising numbers"):
        from_plain(Bounded, {"sigma": [2, 1]})
