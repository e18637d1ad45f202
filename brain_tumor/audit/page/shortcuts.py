"""The section on shortcuts: how well classifiers score that see no shapes."""

from collections.abc import Iterable, Sequence

from brain_tumor.audit.results.audit import Audit, ProbeKind, ProbeScore
from brain_tumor.rendering.numbers import format_interval, format_score
from brain_tumor.rendering.page import (
    Bar,
    Bars,
    Block,
    DataTable,
    Heading,
    Level,
    Notice,
    Paragraph,
    Section,
)

PROBE: ProbeKind = "probe"
STRICTEST = "patient"
ACCURACY, BALANCED = "accuracy", "balanced_accuracy"

_NAMES = {ACCURACY: "Accuracy", BALANCED: "Balanced accuracy"}
# A probe is alarming if it gets this far from the largest class's share towards 1.
_LARGE = 0.5


def shortcut_table(entries: Sequence[ProbeScore], task: str, measure: str) -> DataTable:
    """Lay out one score of one task: a row per classifier, a column per split."""
    own = [entry for entry in entries if entry.task == task]
    splits = _unique(entry.split for entry in own)
    cells = {(entry.sees, entry.split): entry for entry in own}
    rows = []
    for sees in _unique(entry.sees for entry in own):
        found = [cells.get((sees, split)) for split in splits]
        rows.append([sees, *(format_interval(getattr(entry, measure, None)) for entry in found)])
    if measure == ACCURACY:
        most = [max(e.majority for e in own if e.split == split) for split in splits]
        rows.append(["nothing: always the largest class", *map(format_score, most)])
    return DataTable(
        f"{_NAMES[measure]}, {task}",
        ["what the classifier sees", *(f"split={split}" for split in splits)],
        rows,
    )


def shortcut_notices(entries: Sequence[ProbeScore]) -> list[Notice]:
    """Say, for each task, how well the best probe scores under the strictest split."""
    probes = [entry for entry in entries if entry.kind == PROBE]
    notices = []
    for task in _unique(entry.task for entry in probes):
        own = [entry for entry in probes if entry.task == task]
        strict = _strictest(own)
        own = [entry for entry in own if entry.split == strict]
        best = max(own, key=lambda entry: entry.accuracy.low)
        low, chance = best.accuracy.low, best.majority
        if low <= chance:
            text = (
                f"No shortcut found ({task}): under split={strict}, classifiers that see no shapes "
                "are not better than always naming the largest class."
            )
            notices.append(Notice("good", text))
            continue
        level: Level = "bad" if low - chance > _LARGE * (1 - chance) else "warning"
        notices.append(
            Notice(
                level,
                f"Possible shortcut ({task}): a classifier that sees only {best.sees} has accuracy "
                f"{format_interval(best.accuracy)} under split={strict}, though it sees no "
                f"shapes. Always naming the largest class would have {format_score(chance)}. "
                "A network may learn the same: make the classes alike in this, or test on scans "
                "from another place.",
            )
        )
    return notices


def shortcut_section(audit: Audit) -> Section:
    """Write the section on shortcuts."""
    entries = audit.shortcuts
    title = "Shortcuts"
    if not entries:
        return Section("shortcuts", title, [Paragraph("No probe was asked for in this audit.")])
    blocks: list[Block] = [
        Paragraph(
            "A probe is a classifier that is shown no shapes: only the size of the file, only how "
            "bright and sharp the scan is, or only its margin. It may go by the scanner or the "
            "file, or by tumours that are simply brighter: look at the scans. What it gets right, "
            "a network can get right the same way, and will get wrong on scans from another source."
        ),
        *shortcut_notices(entries),
    ]
    for task in _unique(entry.task for entry in entries):
        own = [entry for entry in entries if entry.task == task]
        strict = _strictest(own)
        bars = [
            Bar(entry.sees, found.low, found.high, format_interval(found), entry.majority)
            for entry in own
            for found in [entry.accuracy]
            if entry.split == strict
        ]
        blocks += [
            Heading(_capital(task)),
            Bars(
                f"Accuracy under split={strict}, {task}",
                bars,
                "A pale end is the interval, or the range over seeds or folds. The line is what "
                "always naming the largest class gives.",
            ),
            shortcut_table(own, task, ACCURACY),
            shortcut_table(own, task, BALANCED),
        ]
    return Section("shortcuts", title, blocks)


def _strictest(entries: Sequence[ProbeScore]) -> str:
    splits = _unique(entry.split for entry in entries)
    return STRICTEST if STRICTEST in splits else splits[0]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
