"""Scores of plain values, as `comparison.json` and the like hold them, with their intervals."""

from collections.abc import Mapping
from typing import Any

from brain_tumor.rendering.numbers import UNKNOWN, format_score

Values = Mapping[str, Any]


def cell(found: Values | None) -> str:
    """Write a score with its interval."""
    return UNKNOWN if found is None else format_score(found["value"], found["low"], found["high"])
