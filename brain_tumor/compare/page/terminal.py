"""What a comparison prints: which setting is better and what to beware of, then one table."""

from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.summary import answer
from brain_tumor.compare.page.tables import comparison_tables, settings_table, shortcut_tables
from brain_tumor.metrics.registry import score_titles
from brain_tumor.rendering.page import DataTable
from brain_tumor.rendering.terminal import leading

PAIRS = 3  # answers of so many are printed; of more the table of pairs says them


def answer_line(comparison: Comparison) -> str:
    """Say which setting is better, as far as the data tell; there is at least one."""
    pairs = len(comparison.pairs)
    if pairs <= PAIRS:
        return answer(comparison)
    return f"{pairs} pairs of settings: comparison.md has each difference with its interval."


def decisive_tables(comparison: Comparison, verbose: bool) -> list[DataTable]:
    """Lay out the settings side by side; all tables if asked for."""
    if verbose:
        return comparison_tables(comparison)
    if not comparison.settings:
        return shortcut_tables(comparison.audits, comparison.audit_split)[-1:]
    table = settings_table(comparison.settings, comparison.bootstrap.level)
    return [leading(table, [score_titles()["balanced_accuracy"], "test scans"])]
