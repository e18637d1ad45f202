"""Numbers, and lists of names, as tables and sentences show them."""

from collections.abc import Sequence
from typing import Protocol

UNKNOWN = "–"  # noqa: RUF001 (an en dash, as tables of numbers use)


class IntervalLike(Protocol):
    """A number with the lower and upper end of its interval; `metrics` has the type."""

    @property
    def value(self) -> float:
        """The number."""

    @property
    def low(self) -> float:
        """Lower end."""

    @property
    def high(self) -> float:
        """Upper end."""


def format_count(count: int | None) -> str:
    """Write a count with thousands separated.

    >>> format_count(7023)
    '7,023'
    """
    return UNKNOWN if count is None else f"{count:,}"


def format_counted(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun: `one`, or `many`; without `many`, `one` with an s.

    >>> format_counted(1, "file"), format_counted(1648, "test scan")
    ('1 file', '1,648 test scans')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def format_percent(share: float | None) -> str:
    """Write a share of 0 to 1 as a percentage with one decimal.

    Nothing but 0 and 1 themselves is shown as 0 or 100 %: whether a part is empty matters.

    >>> format_percent(0.5138), format_percent(0.99996), format_percent(1.0)
    ('51.4 %', '>99.9 %', '100.0 %')
    """
    return UNKNOWN if share is None else f"{_percent(share)} %"


def format_percent_range(shares: Sequence[float | None]) -> str:
    """Write the smallest and the largest of several shares; those that are None are passed over.

    >>> format_percent_range([0.374, 0.391, None]), format_percent_range([0.374, 0.3741])
    ('37.4 to 39.1 %', '37.4 %')
    """
    known = [share for share in shares if share is not None]
    if not known:
        return UNKNOWN
    low, high = _percent(min(known)), _percent(max(known))
    return f"{low} %" if low == high else f"{low} to {high} %"


def format_count_range(counts: Sequence[int]) -> str:
    """Write the smallest and the largest of one or more counts.

    >>> format_count_range([1648, 1647, 1648])
    '1,647 to 1,648'
    """
    low, high = format_count(min(counts)), format_count(max(counts))
    return low if low == high else f"{low} to {high}"


def format_score(
    value: float | None, low: float | None = None, high: float | None = None, decimals: int = 3
) -> str:
    """Write a score of 0 to 1, and its interval where there is one.

    >>> format_score(0.8841, 0.868, 0.9)
    '0.884 (0.868 to 0.900)'
    """
    if value is None:
        return UNKNOWN
    if low is None or high is None:
        return f"{value:.{decimals}f}"
    return f"{value:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"


def format_interval(found: IntervalLike | None) -> str:
    """Write a score of 0 to 1 with its interval."""
    return UNKNOWN if found is None else format_score(found.value, found.low, found.high)


def format_difference(found: IntervalLike | None) -> str:
    """Write a difference of two scores with its interval."""
    if found is None:
        return UNKNOWN
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def listed(names: Sequence[str]) -> str:
    """Write names one after the other, the last after an "and".

    >>> listed(["glioma"]), listed(["glioma", "meningioma", "pituitary"])
    ('glioma', 'glioma, meningioma and pituitary')
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _percent(share: float) -> str:
    displayed = f"{100 * share:.1f}"
    if displayed == "0.0" and share > 0:
        return "<0.1"
    if displayed == "100.0" and share < 1:
        return ">99.9"
    return displayed
