"""Tables for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table


def class_table(scores: Mapping[str, Any], title: str) -> Table:
    """Lay out one part's scores as the report's tables 1 to 4 do.

    Args:
        scores: As `metrics.json` holds them for a part.
        title: What the table shows.
    """
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("class")
    for column in ("precision", "recall", "F1", "scans"):
        table.add_column(column, justify="right")
    for name, row in scores["per_class"].items():
        shown = (_share(row["precision"]), _share(row["recall"]), _share(row["f1"]))
        table.add_row(name, *shown, f"{row['support']:,}")
    table.add_section()
    table.add_row("accuracy", "", "", _share(scores["accuracy"]), f"{scores['scans']:,}")
    table.add_row("balanced accuracy", "", _share(scores["balanced_accuracy"]), "", "")
    table.add_row("macro F1", "", "", _share(scores["macro_f1"]), "")
    return table


def prepared_table(summary: Mapping[str, Any]) -> Table:
    """Lay out what preparing did with the raw scans.

    Args:
        summary: The content of `summary.json`.
    """
    table = Table(title="prepared scans", title_justify="left", title_style="bold")
    table.add_column("")
    table.add_column("scans", justify="right")
    duplicates = summary["duplicates"]
    table.add_row("raw", f"{summary['raw']:,}")
    table.add_row("not usable", f"{summary['unusable']:,}")
    table.add_row("duplicates in Training", f"{duplicates['training']:,}")
    table.add_row("duplicates in Testing", f"{duplicates['testing']:,}")
    table.add_row("Testing scans that Training holds", f"{duplicates['testing_in_training']:,}")
    table.add_section()
    table.add_row("kept", f"{summary['kept']:,}")
    for name, count in summary["classes"].items():
        table.add_row(f"  {name}", f"{count:,}")
    return table


def unusable_note(files: Sequence[tuple[str, str]], shown: int = 10) -> str:
    """Say which files were left out and why, one line each.

    Args:
        files: Path and reason of each.
        shown: How many to name; the manifest has all.
    """
    number = "1 file was" if len(files) == 1 else f"{len(files):,} files were"
    lines = [f"{number} left out, the others are used:"]
    lines += [f"  {path}: {reason}" for path, reason in files[:shown]]
    if len(files) > shown:
        lines.append(f"  and {len(files) - shown:,} more, see manifest.csv")
    return "\n".join(lines)


def split_table(counts: Mapping[str, Mapping[str, int]]) -> Table:
    """Lay out how many scans of each class are in each part.

    Args:
        counts: Scans per class, per part.
    """
    table = Table(title="split", title_justify="left", title_style="bold")
    table.add_column("class")
    for part in counts:
        table.add_column(part, justify="right")
    for name in next(iter(counts.values())):
        table.add_row(name, *(f"{part[name]:,}" for part in counts.values()))
    table.add_section()
    table.add_row("all", *(f"{sum(part.values()):,}" for part in counts.values()))
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
