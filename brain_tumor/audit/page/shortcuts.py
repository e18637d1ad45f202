"""The section on shortcuts: how well classifiers score without looking at the brain."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from brain_tumor.audit.results.audit import Audit
from brain_tumor.audit.results.shortcuts import ProbeKind, ProbeScore
from brain_tumor.rendering.numbers import UNKNOWN, format_score
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


@dataclass(frozen=True)
class ProbeEntry:
    """One classifier on one task under one split, in all its variants.

    Attributes:
        sees: What it sees of a scan.
        kind: `probe`, which sees no anatomy, or `classifier`.
        split: Name of the split.
        task: The classes to distinguish.
        variants: Its scores, one per seed or fold.
    """

    sees: str
    kind: ProbeKind
    split: str
    task: str
    variants: Sequence[ProbeScore]

    def ends(self, measure: str) -> tuple[float, float]:
        """Lower and upper end of the interval, over all variants."""
        found = [variant.interval(measure) for variant in self.variants]
        return min(one.low for one in found), max(one.high for one in found)

    def text(self, measure: str) -> str:
        """The score with its interval, or with its range over seeds or folds."""
        found = [variant.interval(measure) for variant in self.variants]
        if len(found) == 1:
            return format_score(found[0].value, found[0].low, found[0].high)
        values = [one.value for one in found]
        return f"{format_score(min(values))} to {format_score(max(values))}"

    @property
    def majority(self) -> float:
        """Largest share of one class among the test scans, over all variants."""
        return max(variant.majority for variant in self.variants)


def probe_entries(scores: Sequence[ProbeScore]) -> list[ProbeEntry]:
    """Gather the scores of each classifier, task and split: probes first, else in order."""
    found: dict[tuple[str, ProbeKind, str, str], list[ProbeScore]] = {}
    for score in sorted(scores, key=lambda score: score.kind != PROBE):
        key = score.sees, score.kind, score.split, score.task
        found.setdefault(key, []).append(score)
    return [ProbeEntry(*key, variants) for key, variants in found.items()]


def shortcut_table(entries: Sequence[ProbeEntry], task: str, measure: str) -> DataTable:
    """Lay out one score of one task: a row per classifier, a column per split."""
    own = [entry for entry in entries if entry.task == task]
    splits = _unique(entry.split for entry in own)
    cells = {(entry.sees, entry.split): entry for entry in own}
    rows = []
    for sees in _unique(entry.sees for entry in own):
        found = [cells.get((sees, split)) for split in splits]
        rows.append([sees, *(entry.text(measure) if entry else UNKNOWN for entry in found)])
    if measure == ACCURACY:
        most = [max(e.majority for e in own if e.split == split) for split in splits]
        rows.append(["nothing: always the largest class", *map(format_score, most)])
    return DataTable(
        f"{_NAMES[measure]}, {task}",
        ["what the classifier sees", *(f"split={split}" for split in splits)],
        rows,
    )


def shortcut_notices(entries: Sequence[ProbeEntry]) -> list[Notice]:
    """Say, for each task, how well the best probe scores under the strictest split."""
    probes = [entry for entry in entries if entry.kind == PROBE]
    notices = []
    for task in _unique(entry.task for entry in probes):
        own = [entry for entry in probes if entry.task == task]
        strict = _strictest(own)
        own = [entry for entry in own if entry.split == strict]
        best = max(own, key=lambda entry: entry.ends(ACCURACY)[0])
        low, chance = best.ends(ACCURACY)[0], best.majority
        if low <= chance:
            text = f"{_capital(task)}: under split={strict}, no probe beats the largest class."
            notices.append(Notice("good", text))
            continue
        level: Level = "bad" if low - chance > _LARGE * (1 - chance) else "warning"
        notices.append(
            Notice(
                level,
                f"{_capital(task)}: a classifier that sees only {best.sees} has accuracy "
                f"{best.text(ACCURACY)} under split={strict}, without looking at the brain. Always "
                f"naming the largest class would have {format_score(chance)}.",
            )
        )
    return notices


def shortcut_section(audit: Audit) -> Section:
    """Write the section on shortcuts."""
    entries = probe_entries(audit.shortcuts)
    title = "Shortcuts"
    if not entries:
        return Section("shortcuts", title, [Paragraph("No probe was asked for in this audit.")])
    blocks: list[Block] = [
        Paragraph(
            "A probe is a classifier that is shown no anatomy: only the size of the file, only how "
            "bright and sharp the scan is, or only its margin. What it gets right, a network can "
            "get right the same way, and will get wrong on scans from another source."
        ),
        *shortcut_notices(entries),
    ]
    for task in _unique(entry.task for entry in entries):
        own = [entry for entry in entries if entry.task == task]
        strict = _strictest(own)
        bars = [
            Bar(entry.sees, *entry.ends(ACCURACY), entry.text(ACCURACY), entry.majority)
            for entry in own
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


def _strictest(entries: Sequence[ProbeEntry]) -> str:
    splits = _unique(entry.split for entry in entries)
    return STRICTEST if STRICTEST in splits else splits[0]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
