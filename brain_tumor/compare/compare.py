"""Finished runs, and audits, side by side: a page, Markdown, and all numbers as JSON."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.audit.results.audit import AUDIT
from brain_tumor.compare.audits import read_audits
from brain_tumor.compare.comparison import COMPARISON, Comparison
from brain_tumor.compare.page.figures import draw_comparison
from brain_tumor.compare.page.page import comparison_page
from brain_tumor.compare.page.summary import answer, cautions
from brain_tumor.compare.page.tables import (
    comparison_markdown,
    comparison_tables,
    settings_table,
    shortcut_tables,
)
from brain_tumor.compare.paired_tests import check_same_scans, paired_tests
from brain_tumor.compare.pooled_scores import compare_settings
from brain_tumor.compare.published import Published, published_tables
from brain_tumor.compare.settings import RunGroup, gather
from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.values import check_values
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.metrics.registry import score_titles
from brain_tumor.rendering.page import DataTable, render
from brain_tumor.rendering.terminal import leading, to_rich
from brain_tumor.runs.finished import find_folders, listed, read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.provenance import provenance
from brain_tumor.settings import Settings

PAIRS = 3  # answers of so many are printed; of more the table of pairs says them


@dataclass(frozen=True)
class ComparisonSettings(Settings):
    """What stands at the top of `conf/compare.yaml`, as it says there."""

    runs: list[str] | str
    different_scans: bool
    audits: list[str] | str
    audit_split: str
    folder: str
    evaluation: ScoringSettings
    published: Published
    out: str = "runs"
    verbose: bool = False


def compare(config: DictConfig) -> Comparison:
    """Lay runs and audits side by side: print the tables, write page, Markdown and figures.

    `folder` must be given in the configuration where Hydra does not run.

    Raises:
        BrainTumorError: Anything that the user can fix; then nothing is written.
    """
    settings = comparison_settings(config)
    gathered, compared = compare_runs(settings)
    out = RunFolder(Path(settings.folder))
    out.claim(COMPARISON.name, "folder")
    out.create("folder")
    pictures = draw_comparison(out, gathered, compared, settings.evaluation)
    page = comparison_page(compared, pictures)
    out.write("comparison.html", render(page).encode())
    out.write("comparison.md", comparison_markdown(compared).encode())
    COMPARISON.write(out, compared)
    console = Console(highlight=False)
    if compared.settings:
        console.print(_answer(compared), markup=False)
    for table in comparison_tables(compared) if settings.verbose else _decisive_tables(compared):
        console.print(to_rich(table, console.width))
    for sentence in cautions(compared):
        console.print(sentence, markup=False)
    for file in sorted(out.path.glob("comparison.*")):
        displayed = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        console.print(f"written: {displayed}", soft_wrap=True, markup=False)
    return compared


def compare_runs(settings: ComparisonSettings) -> tuple[list[RunGroup], Comparison]:
    """Lay runs and audits side by side; nothing is written. Also give the runs of each setting.

    Raises:
        BrainTumorError: Anything that the user can fix.
    """
    runs, audits = listed(settings.runs), listed(settings.audits)
    if not runs and not audits:
        raise ConfigError(
            'Nothing to compare is given: name run folders as "runs=[FOLDER,...]", or audits as '
            '"audits=[FOLDER,...]".'
        )
    scoring = settings.evaluation
    gathered = gather([read_run(path) for path in find_folders(runs, "run.json", "run")])
    classes = gathered[0][0].classes if gathered else ()
    if gathered and scoring.healthy is not None and scoring.healthy not in classes:
        raise ConfigError(
            f"evaluation.healthy is {scoring.healthy!r}, which is no class: "
            f"{suggest(scoring.healthy, classes)}"
        )
    differing = check_same_scans(gathered, settings.different_scans)
    groups = compare_settings(gathered, scoring)
    split = settings.audit_split
    return gathered, Comparison(
        made=provenance(),
        bootstrap=scoring.resampling,
        settings=groups,
        differing=differing,
        pairs=paired_tests(gathered, scoring),
        published=published_tables(gathered, groups, settings.published),
        audit_split=split,
        audits=tuple(read_audits(find_folders(audits, AUDIT.name, "audit"), split)),
    )


def comparison_settings(config: DictConfig) -> ComparisonSettings:
    """Read what is compared; no run is read. ConfigError where a value is not what it may be."""
    return parse_settings(ComparisonSettings, check_values(config, "compare"))


def _answer(comparison: Comparison) -> str:
    pairs = len(comparison.pairs)
    if pairs <= PAIRS:
        return answer(comparison)
    return f"{pairs} pairs of settings: comparison.md has each difference with its interval."


def _decisive_tables(comparison: Comparison) -> list[DataTable]:
    if not comparison.settings:
        return shortcut_tables(comparison.audits, comparison.audit_split)[-1:]
    table = settings_table(comparison.settings, comparison.bootstrap.level)
    return [leading(table, [score_titles()["balanced_accuracy"], "test scans"])]
