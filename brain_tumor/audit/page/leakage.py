"""The section on leakage: what test and training scans share under each split."""

from collections.abc import Sequence
from dataclasses import dataclass

from brain_tumor.audit.page.blocks import Sheets, pairs_blocks
from brain_tumor.audit.results.audit import Audit, LookalikePairs, VariantLeakage
from brain_tumor.evaluate.tables.lookalikes import lookalikes_table
from brain_tumor.metrics.leakage import ANY, LookalikeShare, SharedScans
from brain_tumor.rendering.numbers import (
    format_count_range,
    format_counted,
    format_percent_range,
    listed,
)
from brain_tumor.rendering.page import (
    Bar,
    Bars,
    Block,
    DataTable,
    Level,
    Notice,
    Paragraph,
    Section,
)

LOOKALIKES = "lookalikes"  # name of the contact sheet
PATIENT = "patient"
PUBLISHED = "published"

# A split that keeps scans apart by a threshold may miss a few.
_MAX_BY_ACCIDENT = 0.01


@dataclass(frozen=True)
class SplitLeakage:
    """One split in all its variants: the seeds of `report`, the folds of `patient`.

    Attributes:
        split: Its name, as `split=` takes it; `published` are the folders as they are.
        variants: Its seeds or folds, at least one.
    """

    split: str
    variants: Sequence[VariantLeakage]

    @property
    def label(self) -> str:
        """Name and variants, for a column or a bar."""
        return f"{self.split}{self.detail}"

    @property
    def phrase(self) -> str:
        """Name for a sentence."""
        return "the folders as published" if self.split == PUBLISHED else f"split={self.split}"

    @property
    def detail(self) -> str:
        """Its one seed or fold, or how many there are, in brackets."""
        details = [variant.detail for variant in self.variants]
        if len(details) > 1:
            return f" ({format_counted(len(details), details[0].split(' ')[0])})"
        return f" ({details[0]})" if details[0] else ""

    def test_count(self) -> str:
        """Number of test scans, as a range over the variants."""
        return format_count_range([variant.test for variant in self.variants])

    def overlaps(self, relation: str) -> list[SharedScans]:
        """Test scans with that relation, one per variant where it was looked at."""
        return [v.overlaps[relation] for v in self.variants if relation in v.overlaps]

    def shares(self, relation: str) -> list[float | None]:
        """Shares in [0, 1] of all test scans with that relation, one per variant."""
        return [found.share_of_all for found in self.overlaps(relation)]

    @property
    def lookalikes(self) -> list[tuple[LookalikeShare, ...]]:
        """Test scans that look like a training scan, of each variant where that was measured."""
        return [variant.lookalikes for variant in self.variants if variant.lookalikes]

    @property
    def largest_share(self) -> float:
        """Largest share, over the variants, of test scans with any relation in training."""
        return max((share for share in self.shares(ANY) if share is not None), default=0.0)

    @property
    def apart(self) -> bool:
        """Whether the split keeps relatives on one side, except for single scans."""
        return self.largest_share <= _MAX_BY_ACCIDENT


def split_leakages(variants: Sequence[VariantLeakage]) -> list[SplitLeakage]:
    """Gather the variants of each split, in the order of the audit."""
    splits: dict[str, list[VariantLeakage]] = {}
    for variant in variants:
        splits.setdefault(variant.split, []).append(variant)
    return [SplitLeakage(name, members) for name, members in splits.items()]


def leakage_table(splits: Sequence[SplitLeakage]) -> DataTable:
    """Lay out the share of test scans with each relation in training, a column per split."""
    rows = [
        ["training scans", *(format_count_range([v.train for v in s.variants]) for s in splits)],
        ["test scans", *(split.test_count() for split in splits)],
    ]
    rows += [
        [relation, *(_shared(split.overlaps(relation)) for split in splits)]
        for relation in _relations(splits)
    ]
    return DataTable(
        "Test scans that share something with a training scan",
        ["shared with training", *(split.label for split in splits)],
        rows,
        "Shares of all test scans, from the smallest to the largest where a split has several "
        "seeds or folds. Scans whose slice or patient is not known count as sharing none, so these "
        "are lower bounds.",
    )


def lookalike_tables(splits: Sequence[SplitLeakage]) -> list[DataTable]:
    """Lay out, for each split, the share of test scans that look like a training scan."""
    title = "Test scans that look like a training scan"
    return [
        lookalikes_table(split.lookalikes, f"{title}: {split.label}")
        for split in splits
        if split.lookalikes
    ]


def leakage_bars(splits: Sequence[SplitLeakage]) -> Bars:
    """Draw the share of test scans with any relation in training, a bar per split."""
    bars = []
    for split in splits:
        known = [share for share in split.shares(ANY) if share is not None] or [0.0]
        text = format_percent_range(split.shares(ANY))
        bars.append(Bar(split.label, min(known), max(known), text))
    return Bars(
        "Test scans with a relative in training",
        bars,
        "A relative is an exact copy, the same slice, a related scan, or another slice of the "
        "same patient where the patient is known. A pale end is the range over seeds or folds.",
    )


def leakage_notice(split: SplitLeakage) -> Notice:
    """Say in a sentence or two how much a split leaks."""
    level: Level = "warning" if split.apart else "bad"
    some = f"{format_percent_range(split.shares(ANY))} of the {split.test_count()} test scans"
    text = f"Under {split.phrase}{split.detail}, {some} have a relative in training."
    if split.largest_share == 0:
        level, some = "good", f"none of the {split.test_count()} test scans"
        text = f"Under {split.phrase}{split.detail}, {some} has a relative in training, by the "
        text += "search that built the groups."
    if split.lookalikes:
        alike = [
            f"{format_percent_range([one.all for one in level])} by {level[0].level:g} or more"
            for level in zip(*split.lookalikes, strict=True)
        ]
        text += f" Measured apart, by plain correlation, {listed(alike)} look like a training scan."
    of_known = [found.share_of_known for found in split.overlaps(PATIENT)]
    if all(share is None for share in of_known):
        text += " Patients are not known for this data: what they share cannot be seen here."
        return Notice("warning" if level == "good" else level, text)
    if split.largest_share > 0:
        share = format_percent_range(of_known)
        text += f" Where the patient is known, {share} have theirs in training."
    unknown = [1 - variant.overlaps[PATIENT].known / variant.test for variant in split.variants]
    if any(unknown):
        text += f" The patient of {format_percent_range(unknown)} of the test scans is not known."
    return Notice(level, text)


def leakage_section(audit: Audit, sheets: Sheets) -> Section:
    """Write the section on the leakage of each split."""
    splits, classes = split_leakages(audit.leakage), audit.data.classes
    relation_known, in_class = [], []
    for split in splits:
        for relation in _relations(splits):
            overlaps = split.overlaps(relation)
            in_class.append([split.label, relation, *(_shared(overlaps, one) for one in classes)])
            partly = [
                found
                for variant in split.variants
                for found in [variant.overlaps.get(relation)]
                if found is not None and found.known < variant.test
            ]
            if partly:
                counts = [found.known for found in partly], [found.shared for found in partly]
                share = format_percent_range([found.share_of_known for found in partly])
                relation_known.append(
                    [split.label, relation, *map(format_count_range, counts), share]
                )
    known = DataTable(
        "The same among the test scans whose slice or patient is known",
        ["split", "shared with training", "known", "shared", "share of known"],
        relation_known,
        text_columns=2,
    )
    blocks: list[Block] = [
        Paragraph(
            "A test scan says something about new patients only if training has seen neither it "
            "nor its patient. For every split this counts the test scans whose exact copy, slice, "
            "near-duplicate, related scan or patient stands in the training part."
        ),
        leakage_table(splits),
        *lookalike_tables(splits),
        *(_lookalike_pairs(audit.lookalikes, sheets) if audit.lookalikes else []),
        *([known] if known.rows else []),
        DataTable(
            "Test scans of each class that share something with a training scan",
            ["split", "shared with training", *classes],
            in_class,
            "Shares of all test scans of the class.",
            text_columns=2,
        ),
    ]
    return Section("leakage", "Leakage of each split", blocks)


def _lookalike_pairs(found: LookalikePairs, sheets: Sheets) -> list[Block]:
    """Name and show the pairs that look alike in two groups, which no split keeps apart."""
    title = f"Pairs in two groups that correlate by {found.level:g} or more"
    rows = [[*pair.paths, pair.patients, f"{pair.correlation:.3f}"] for pair in found.pairs]
    columns = ["scan", "other scan", "patients", "correlation"]
    return pairs_blocks(sheets, LOOKALIKES, title, columns, rows, found.count)


def _shared(overlaps: Sequence[SharedScans], label: str | None = None) -> str:
    """Give the share of all test scans, or of those of a class, for a cell.

    Where it is known of no test scan, 0.0 % would look as if nothing were shared.
    """
    if overlaps and not any(found.known for found in overlaps):
        return "not known"
    return format_percent_range(
        [found.share_of_all if label is None else found.per_class.get(label) for found in overlaps]
    )


def _relations(splits: Sequence[SplitLeakage]) -> list[str]:
    found = (variant.overlaps for split in splits for variant in split.variants)
    return list(dict.fromkeys(relation for overlaps in found for relation in overlaps))
