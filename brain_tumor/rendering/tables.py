"""What became of the raw scans: how they were prepared and how they were split."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.rendering.foreign_text import visible
from brain_tumor.rendering.numbers import format_count, format_counted
from brain_tumor.rendering.page import DataTable


def counts_table(
    title: str,
    columns: Sequence[str],
    counts: Mapping[str, int | None],
    note: str = "",
    sections: Sequence[int] = (),
) -> DataTable:
    """Lay out counts by what is counted."""
    rows = [[name, format_count(count)] for name, count in counts.items()]
    return DataTable(title, columns, rows, note, sections=sections)


def prepared_table(summary: Mapping[str, Any]) -> DataTable:
    """Lay out what preparing did with the raw scans, by the content of `summary.json`."""
    duplicates = {step_title(step): n for step, n in summary["duplicates"].items()}
    return _kept_table("prepared scans", summary, duplicates, "kept")


def data_sentence(summary: Mapping[str, Any], counts: Mapping[str, Mapping[str, int]]) -> str:
    """Say in a line what preparing and splitting did with the raw scans; `counts` are by part.

    Example:
        >>> summary = {"raw": 9, "kept": 6, "unusable": 1, "duplicates": {"training": 2}}
        >>> data_sentence(summary, {"train": {"glioma": 4}, "test": {"glioma": 2}})
        '6 of 9 scans kept (2 exact copies, 1 not usable left out): 4 train, 2 test'
    """
    copies = format_counted(sum(summary["duplicates"].values()), "exact copy", "exact copies")
    parts = ", ".join(f"{format_count(sum(own.values()))} {part}" for part, own in counts.items())
    return (
        f"{format_count(summary['kept'])} of {format_count(summary['raw'])} scans kept ({copies}, "
        f"{format_count(summary['unusable'])} not usable left out): {parts}"
    )


def patients_sentence(patients: Sequence[int]) -> str | None:
    """Say of how many kept scans the patient is known; None where it is of all, or of none.

    Args:
        patients: The number of each scan's patient, -1 where it is not known.

    Example:
        >>> patients_sentence([0, 0, 1, -1]), patients_sentence([0, 1]), patients_sentence([-1])
        ('patients: known for 3 of 4 scans (2 patients)', None, None)
    """
    known = [patient for patient in patients if patient >= 0]
    if len(known) in (0, len(patients)):
        return None
    return (
        f"patients: known for {format_count(len(known))} of {format_count(len(patients))} scans "
        f"({format_counted(len(set(known)), 'patient')})"
    )


def step_title(step: str) -> str:
    """Say what a step of dropping exact duplicates drops, by its name in `summary.json`.

    Example:
        >>> step_title("testing_in_training"), step_title("validation"), step_title("unassigned")
        ('Testing scans that Training holds', 'duplicates in Validation', 'duplicates')
    """
    part, _, holder = step.partition("_in_")
    called = "other" if part == "unassigned" else part.capitalize()
    if holder:
        return f"{called} scans that {holder.capitalize()} holds"
    return "duplicates" if part == "unassigned" else f"duplicates in {called}"


def external_table(summary: Mapping[str, Any], folder: str) -> DataTable:
    """Lay out what became of scans of another origin, by the content of their `summary.json`."""
    left_out = {
        "exact duplicates": sum(summary["duplicates"].values()),
        "seen: copies of the run's own training or validation scans": summary["seen"],
    }
    note = "seen.csv names every scan that was left out as seen, and the scan it resembles."
    if summary["seen"] is None:
        note = "Not checked: whether the run was trained on any of these scans."
    kept = "scored, the others are left out"
    return _kept_table(f"scans of {folder}", summary, left_out, kept, note)


def _kept_table(
    title: str, summary: Mapping[str, Any], dropped: Mapping[str, int], kept: str, note: str = ""
) -> DataTable:
    done = {"raw": summary["raw"], "not usable": summary["unusable"], **dropped}
    classes = {f"  {name}": count for name, count in summary["classes"].items()}
    counts = {**done, kept: summary["kept"], **classes}
    return counts_table(title, ["", "scans"], counts, note, [len(done)])


def unusable_note(
    files: Sequence[tuple[str, str]], limit: int = 10, where: str | None = "manifest.csv"
) -> str:
    """Say which files were left out and why, one line each.

    Args:
        files: Path and reason of each.
        limit: How many to name.
        where: The file that names all of them; None where there is none.
    """
    number = "1 file was" if len(files) == 1 else f"{len(files):,} files were"
    lines = [f"{number} left out, the others are used:"]
    lines += [f"  {visible(path)}: {reason}" for path, reason in files[:limit]]
    if len(files) > limit:
        rest = f"  and {len(files) - limit:,} more"
        lines.append(rest if where is None else f"{rest}, see {where}")
    return "\n".join(lines)


def split_table(counts: Mapping[str, Mapping[str, int]]) -> DataTable:
    """Lay out how many scans of each class are in each part."""
    parts = counts.values()
    classes = list(next(iter(parts)))
    rows = [[name, *(format_count(part[name]) for part in parts)] for name in classes]
    rows.append(["all", *(format_count(sum(part.values())) for part in parts)])
    return DataTable("split", ["class", *counts], rows, sections=[len(classes)])
