"""Finished runs, and audits, side by side: a page, Markdown, and all numbers as JSON."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.audit.results.json_file import AUDIT_FILE
from brain_tumor.compare.audits import read_audits
from brain_tumor.compare.errors import error_records, shared_errors
from brain_tumor.compare.page.figures import draw_comparison
from brain_tumor.compare.page.page import comparison_page
from brain_tumor.compare.page.tables import comparison_markdown, comparison_tables
from brain_tumor.compare.paired_tests import check_same_scans, paired_records
from brain_tumor.compare.pooled_scores import compare_settings
from brain_tumor.compare.published import check_published, published_records
from brain_tumor.compare.settings import RunGroup, gather
from brain_tumor.config.arguments import check_arguments
from brain_tumor.config.values import check_values
from brain_tumor.dataclass_json import to_plain
from brain_tumor.errors import ConfigError
from brain_tumor.evaluate.part_scores import scoring_settings
from brain_tumor.rendering.page import render, to_rich
from brain_tumor.runs.finished import find_folders, listed, read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.provenance import provenance


def compare(config: DictConfig) -> dict[str, Any]:
    """Lay runs and audits side by side: print the tables, write page, Markdown and figures.

    Args:
        config: As `conf/compare.yaml` composes it; `folder` must be given where Hydra does not
            run.

    Returns:
        What `comparison.json` holds; audits are still `ComparedAudit`s.

    Raises:
        BrainTumorError: Anything that the user can fix; then nothing is written.
    """
    gathered, compared = compare_runs(config)
    content = provenance() | compared
    out = RunFolder(Path(str(config.folder)))
    out.claim("comparison.json", "folder")
    out.create("folder")
    pictures = draw_comparison(out, gathered, content, scoring_settings(config.evaluation))
    page = comparison_page(content, pictures, "figures")
    out.write("comparison.html", render(page).encode())
    out.write("comparison.md", comparison_markdown(content).encode())
    out.write_json("comparison.json", to_plain(content))
    console = Console(highlight=False)
    for table in comparison_tables(content):
        console.print(to_rich(table))
    for file in sorted(out.path.glob("comparison.*")):
        shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        console.print(f"written: {shown}", soft_wrap=True, markup=False)
    return content


def compare_runs(config: DictConfig) -> tuple[list[RunGroup], dict[str, Any]]:
    """Lay runs and audits side by side; nothing is written.

    Args:
        config: As `conf/compare.yaml` composes it.

    Returns:
        The runs of each setting, and what `comparison.json` holds without its provenance; audits
        are still `ComparedAudit`s.

    Raises:
        BrainTumorError: Anything that the user can fix.
    """
    check_comparison(config)
    runs, audits = listed(config.runs, "runs"), listed(config.audits, "audits")
    if not runs and not audits:
        raise ConfigError(
            'Nothing to compare is given: name run folders as "runs=[FOLDER,...]", or audits as '
            '"audits=[FOLDER,...]".'
        )
    scoring = scoring_settings(config.evaluation)
    gathered = gather([read_run(path) for path in find_folders(runs, "run.json", "run")])
    differing = check_same_scans(gathered, config.different_scans)
    settings = compare_settings(gathered, scoring)
    split = str(config.audit_split)
    return gathered, {
        "bootstrap": {"resamples": scoring.resamples, "level": scoring.level, "seed": scoring.seed},
        "settings": [setting.to_dict() for setting in settings],
        "differing": differing,
        "pairs": paired_records(gathered, scoring),
        "published": published_records(gathered, settings, config.published),
        "mistakes": error_records(gathered, scoring.wrong),
        "shared_errors": shared_errors(gathered),
        "audit_split": split,
        "audits": read_audits(find_folders(audits, AUDIT_FILE, "audit"), split),
    }


@dataclass(frozen=True)
class ComparisonValues:
    """What stands at the top of `conf/compare.yaml`, as it says there."""

    runs: list[str] | str
    different_scans: bool
    audits: list[str] | str
    audit_split: str
    folder: str
    evaluation: dict[str, Any]
    published: dict[str, dict[Any, Any]]
    out: str = "runs"


def check_comparison(config: DictConfig) -> None:
    """Look at every configured value of a comparison; no run is read.

    Raises:
        ConfigError: One is unknown, of the wrong kind or outside its range.
    """
    plain = check_values(config, "compare")
    check_arguments(ComparisonValues, plain)
    scoring_settings(plain["evaluation"])
    check_published(plain["published"])
