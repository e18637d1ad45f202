"""The summary of a comparison: which setting is better, how sure that is, what to beware of."""

from collections.abc import Iterator

from brain_tumor.compare.compared import PooledRunGroup
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.tables import missing_note, settings_table
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.rendering.numbers import (
    format_count,
    format_counted,
    format_difference,
    format_interval,
    format_percent,
    format_score,
)
from brain_tumor.rendering.page import Bar, Bars, Block, Notice, Paragraph, Section


def summary_section(comparison: Comparison) -> Section:
    """Write the section that says which setting is better, and what to beware of."""
    bars = []
    for setting in comparison.settings:
        found = _balanced(setting)
        bars.append(Bar(setting.title, found.low, found.high, format_interval(found), found.value))
    level = comparison.bootstrap.level
    blocks: list[Block] = [
        Paragraph(answer(comparison)),
        Bars(
            "Balanced accuracy on the test scans",
            bars,
            f"The pale end is the {100 * level:g} % interval from resampled groups of scans, the "
            "line the score itself.",
        ),
        *(Notice("warning", sentence) for sentence in cautions(comparison)),
        settings_table(comparison.settings, level),
    ]
    return Section("summary", "Summary", blocks)


def _balanced(setting: PooledRunGroup) -> Interval:
    found = setting.pooled.intervals.overall["balanced_accuracy"]
    assert found is not None, "every run has test scans, so there is a mean recall"
    return found


def answer(comparison: Comparison) -> str:
    """Say in a sentence or two which setting is better, as far as the data tell."""
    if len(comparison.settings) == 1:
        (setting,) = comparison.settings
        found = format_interval(_balanced(setting))
        return f"{setting.title} has a balanced accuracy of {found} on its test scans."
    said = []
    for pair in comparison.pairs:
        gain = pair.differences["balanced_accuracy"]
        one, two = comparison.title(pair.first), comparison.title(pair.second)
        scans = format_count(pair.scans)
        if gain is not None and (gain.low > 0 or gain.high < 0):
            better, worse = (two, one) if gain.value > 0 else (one, two)
            low, high = sorted((abs(gain.low), abs(gain.high)))
            size = format_score(abs(gain.value), low, high)
            said.append(
                f"“{better}” is better than “{worse}” on the same {scans} scans: by {size} in "
                "balanced accuracy."
            )
        else:
            said.append(
                f"Between “{one}” and “{two}” these {scans} scans do not decide: "
                f"{format_difference(gain)} in balanced accuracy."
            )
    return " ".join(said) or (
        "Which setting is better cannot be told: no two were tested on the same scans."
    )


def cautions(comparison: Comparison) -> Iterator[str]:
    """Say what to beware of, a sentence or two each."""
    settings, number = comparison.settings, len(comparison.pairs)
    if comparison.differing:
        pair, others = comparison.differing[0], len(comparison.differing) - 1
        one, two = comparison.title(pair.first), comparison.title(pair.second)
        scans = " and ".join(map(format_count, pair.scans))
        more = f", and so were {format_counted(others, 'more pair')}" if others else ""
        yield (
            f"“{one}” and “{two}” were tested on different scans ({scans}, "
            f"{format_count(pair.both)} in both){more}: their scores do not tell which is better."
        )
    if comparison.different_healthy:
        yield comparison.different_healthy
    if number > 1:
        yield (
            f"{format_counted(number, 'comparison')} are made here, each calibrated by an interval "
            "of its own: of so many, some may be decided by luck. The table of pairs has p-values "
            "that are corrected for their number."
        )
    related: dict[str, list[str]] = {}
    for setting in settings:
        shares = [leak.overlaps["any"].share_of_all or 0.0 for leak in setting.leakage or ()]
        if any(shares):
            related.setdefault(format_percent(max(shares)), []).append(f"“{setting.title}”")
    for share, named in related.items():
        yield (
            f"{share} of the test scans of {' and '.join(named)} have a near-copy, or another scan "
            "of their patient, in training: do not expect such a score on new patients."
        )
    for setting in settings:
        if setting.missing:
            yield f"“{setting.title}”: {missing_note(setting)}"
    lone = [f"“{setting.title}”" for setting in settings if setting.seeds == 1]
    if lone:
        each = "Each setting" if len(lone) == len(settings) else " and ".join(lone)
        yield (
            f"{each} was trained with one seed: -m seed=0,1,2 shows how far another training moves "
            "the score."
        )
