"""Tables that say which of two settings is better on the same scans, and whether that is luck."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from brain_tumor.rendering.numbers import UNKNOWN, format_count
from brain_tumor.rendering.page import DataTable

Values = Mapping[str, Any]


class NamedScore(Protocol):
    """What a table has to know of a score; callers pass those of `metrics/registry.py`."""

    @property
    def key(self) -> str:
        """Its name in records."""
        ...

    @property
    def title(self) -> str:
        """Its name in tables."""
        ...

    @property
    def better(self) -> str:
        """Which way is better: `higher` or `lower`."""
        ...

    @property
    def needs(self) -> str:
        """What it is computed from: `labels`, a `ranking` of scans, or other probabilities."""
        ...

    @property
    def absent_classes(self) -> bool:
        """Whether there is one where a class has no scan."""
        ...


def of_labels(scores: Iterable[NamedScore]) -> dict[str, str]:
    """Give the titles of the scores that need labels alone, by key."""
    return {score.key: score.title for score in scores if score.needs == "labels"}


def pairs_table(
    pairs: Sequence[Values], scores: Iterable[NamedScore], titles: Sequence[str], level: float
) -> DataTable:
    """Lay the paired tests out, a row for each two settings.

    Args:
        pairs: `pairs` of `comparison.json`.
        scores: Which scores there are; those of labels are shown.
        titles: What each setting is called, in their order.
        level: How often an interval is to hold the truth, in [0, 1].
    """
    rows = []
    names = of_labels(scores)
    for pair in pairs:
        mcnemar = pair["mcnemar"]
        rows.append(
            [
                titles[pair["first"] - 1],
                titles[pair["second"] - 1],
                *(difference(pair["differences"].get(key)) for key in names),
                *(
                    (UNKNOWN,) * 4
                    if mcnemar is None
                    else (
                        format_count(mcnemar["only_first_right"]),
                        format_count(mcnemar["only_second_right"]),
                        p_value(mcnemar["p_value"]),
                        p_value(mcnemar["p_holm"]),
                    )
                ),
            ]
        )
    return DataTable(
        "Second setting less first, on the same scans",
        [
            "first",
            "second",
            *names.values(),
            "only first right",
            "only second right",
            "p, McNemar",
            "p, Holm",
        ],
        rows,
        f"In brackets {100 * level:g} % intervals from groups of scans drawn again for both. "
        "McNemar's exact test asks whether the scans that only one of the two gets right are as "
        "often the one's as the other's; it takes scans as independent, so with several scans per "
        "patient its p is too small: where the two disagree, believe the interval. It needs one "
        "prediction for each scan, so settings of several seeds have none. Holm's p is McNemar's, "
        "corrected for all McNemar tests of this table; the intervals are not corrected: each "
        "holds for one comparison fixed beforehand. How much another training would change is in "
        "none of them.",
        text_columns=2,
    )


def difference(found: Values | None) -> str:
    """Write a difference of two scores with its interval."""
    if found is None:
        return UNKNOWN
    return f"{found['value']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})"


def p_value(p: float) -> str:
    """Write a p-value with two digits that count.

    >>> p_value(0.0312), p_value(0.5), p_value(1e-9)
    ('0.031', '0.50', '<0.0001')
    """
    if p < 1e-4:
        return "<0.0001"
    return f"{p:.2f}" if p >= 0.1 else f"{p:.2g}"
