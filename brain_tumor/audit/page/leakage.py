"""Leakage as the audit shows it: what the test part of each split shares with its training part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain_tumor.audit.page.blocks import Sheets, scans_table
from brain_tumor.rendering.charts.contact_sheet import MAX_GROUPS
from brain_tumor.rendering.lookalikes import lookalikes_table
from brain_tumor.rendering.numbers import format_count_range, format_counted, format_percent_range
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
ANY = "any"
PATIENT = "patient"
PUBLISHED = "published"

# A split that keeps scans apart by a threshold may miss a few.
_MAX_BY_ACCIDENT = 0.01


@dataclass(frozen=True)
class SplitLeakage:
    """One split in all its variants: the seeds of `report`, the folds of `patient`.

    Attributes:
        split: Its name, as `split=` takes it; `published` are the folders as they are.
        variants: Entries of `leakage` in `audit.json`, at least one.
    """

    split: str
    variants: Sequence[Mapping[str, Any]]

    @property
    def label(self) -> str:
        """Name and variants, for a column or a bar."""
        return f"{self.split}{self._detail}"

    @property
    def phrase(self) -> str:
        """Name for a sentence."""
        return "the folders as published" if self.split == PUBLISHED else f"split={self.split}"

    @property
    def full_phrase(self) -> str:
        """Name and variants for a sentence."""
        return f"{self.phrase}{self._detail}"

    @property
    def _detail(self) -> str:
        details = [str(variant["detail"]) for variant in self.variants]
        if len(details) > 1:
            return f" ({format_counted(len(details), details[0].split(' ')[0])})"
        return f" ({details[0]})" if details[0] else ""

    def tests(self) -> str:
        """Number of test scans, as a range over the variants."""
        return format_count_range([variant["test"] for variant in self.variants])

    def shares(self, relation: str, measure: str = "share_of_all") -> list[float | None]:
        """Shares in [0, 1] of test scans with that relation, one per variant."""
        found = [variant["overlaps"].get(relation) for variant in self.variants]
        return [entry[measure] if entry else None for entry in found]

    def class_shares(self, relation: str, name: str) -> list[float | None]:
        """The same among the test scans of one class."""
        found = [variant["overlaps"].get(relation) for variant in self.variants]
        return [entry["per_class"].get(name) if entry else None for entry in found]

    def lookalikes(self) -> str:
        """Say how many test scans look like a training scan; empty where that was not measured."""
        records = [variant["lookalikes"] for variant in self.variants if variant.get("lookalikes")]
        if not records:
            return ""
        *most, last = (
            f"{format_percent_range([one['all'] for one in levels])} by {levels[0]['level']:g} "
            "or more"
            for levels in zip(*records, strict=True)
        )
        said = f"{', '.join(most)} and {last}" if most else last
        return f" Measured apart, by plain correlation, {said} look like a training scan."

    @property
    def most(self) -> float:
        """Largest share, over the variants, of test scans with any relation in training."""
        return max((share for share in self.shares(ANY) if share is not None), default=0.0)

    @property
    def apart(self) -> bool:
        """Whether test and training are kept apart, but for single scans."""
        return self.most <= _MAX_BY_ACCIDENT


def split_leakages(audit: Mapping[str, Any]) -> list[SplitLeakage]:
    """Gather the entries of each split, in the order of the audit."""
    splits: dict[str, list[Mapping[str, Any]]] = {}
    for entry in audit["leakage"]:
        splits.setdefault(entry["split"], []).append(entry)
    return [SplitLeakage(name, variants) for name, variants in splits.items()]


def leakage_table(splits: Sequence[SplitLeakage]) -> DataTable:
    """Lay out the share of test scans with each relation in training, a column per split."""
    rows = [
        ["training scans", *(format_count_range([v["train"] for v in s.variants]) for s in splits)],
        ["test scans", *(split.tests() for split in splits)],
    ]
    rows += [
        [relation, *(format_percent_range(split.shares(relation)) for split in splits)]
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
    """Lay out, for each split, which test scans look like a training scan."""
    tables = []
    for split in splits:
        records = [variant["lookalikes"] for variant in split.variants if variant.get("lookalikes")]
        if records:
            title = f"Test scans that look like a training scan: {split.label}"
            tables.append(lookalikes_table(records, title))
    return tables


def lookalike_pairs(found: Mapping[str, Any], sheets: Sheets) -> list[Block]:
    """Name and show the pairs that look alike in two groups, which no split keeps apart."""
    title = f"Pairs in two groups that correlate by {found['level']:g} or more"
    if not found["count"]:
        return [Notice("good", f"{title}: none.")]
    rows = [
        [*pair["paths"], pair["patients"], f"{pair['correlation']:.3f}"] for pair in found["pairs"]
    ]
    columns = ["scan", "other scan", "patients", "correlation"]
    table = scans_table(title, columns, rows, found["count"], text_columns=3)
    return [table, *sheets.pictures(LOOKALIKES, title, found["count"], MAX_GROUPS)]


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
    """Say in a sentence or two what a split lets through."""
    some = "none" if split.most == 0 else format_percent_range(split.shares(ANY))
    text = f"Under {split.full_phrase}, {some} of the {split.tests()} test scans "
    text += "has" if split.most == 0 else "have"
    text += " a relative in training"
    text += ", by the search that built the groups." if split.most == 0 else "."
    text += split.lookalikes()
    level: Level = "good" if split.most == 0 else "warning" if split.apart else "bad"

    of_known = split.shares(PATIENT, "share_of_known")
    if all(share is None for share in of_known):
        text += " Patients are not known for this data: what they share cannot be seen here."
        return Notice("warning" if level == "good" else level, text)
    if split.most > 0:
        share = format_percent_range(of_known)
        text += f" Where the patient is known, {share} have theirs in training."
    unknown = [
        1 - variant["overlaps"][PATIENT]["known"] / variant["test"] for variant in split.variants
    ]
    if any(unknown):
        text += f" The patient of {format_percent_range(unknown)} of the test scans is not known."
    return Notice(level, text)


def leakage_section(audit: Mapping[str, Any], sheets: Sheets) -> Section:
    """Write the section on what each split lets through."""
    splits = split_leakages(audit)
    classes, known = audit["data"]["classes"], _known_table(splits)
    blocks: list[Block] = [
        Paragraph(
            "A test scan says something about new patients only if training has seen neither it "
            "nor its patient. For every split this counts the test scans whose exact copy, slice, "
            "near-duplicate, related scan or patient stands in the training part."
        ),
        leakage_table(splits),
        *lookalike_tables(splits),
        *lookalike_pairs(audit["lookalikes"], sheets),
        *([known] if known.rows else []),
        DataTable(
            "Test scans of each class that share something with a training scan",
            ["split", "shared with training", *classes],
            [
                [
                    split.label,
                    relation,
                    *(format_percent_range(split.class_shares(relation, name)) for name in classes),
                ]
                for split in splits
                for relation in _relations(splits)
            ],
            "Shares of all test scans of the class.",
            text_columns=2,
        ),
    ]
    return Section("leakage", "Leakage of each split", blocks)


def _known_table(splits: Sequence[SplitLeakage]) -> DataTable:
    rows = []
    for split in splits:
        for relation in _relations(splits):
            found = [(v["test"], v["overlaps"].get(relation)) for v in split.variants]
            entries = [entry for test, entry in found if entry and entry["known"] < test]
            if entries:
                rows.append(
                    [
                        split.label,
                        relation,
                        format_count_range([entry["known"] for entry in entries]),
                        format_count_range([entry["shared"] for entry in entries]),
                        format_percent_range([entry["share_of_known"] for entry in entries]),
                    ]
                )
    return DataTable(
        "The same among the test scans whose slice or patient is known",
        ["split", "shared with training", "known", "shared", "share of known"],
        rows,
        text_columns=2,
    )


def _relations(splits: Sequence[SplitLeakage]) -> list[str]:
    found = (variant["overlaps"] for split in splits for variant in split.variants)
    return list(dict.fromkeys(relation for overlaps in found for relation in overlaps))
