"""Make every table of `experiments/`, README and docs from the runs that are kept there.

    python -m experiments.results            (make results)

Each folder with `runs/` (`keep.py` fills it) gets `comparison.md`, which
`python -m brain_tumor.compare` would make of it, and the figures shown there. Other tables go
between two lines like `<!-- statements -->` and `<!-- end of statements -->` of a page: the
report's statements beside what was found and the scores of all settings here, what an experiment
lays out in a table of its own in the `tables.py` of its folder. Where an experiment only shows what
a change does, runs of another one stand beside its own (`BESIDE`).
"""

import importlib
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import hydra

from brain_tumor.audit.results.audit import AUDIT
from brain_tumor.cli.command import conf_folder
from brain_tumor.compare.compare import ComparisonSettings, compare_runs, comparison_settings
from brain_tumor.compare.comparison import Comparison
from brain_tumor.compare.page.figures import draw_comparison
from brain_tumor.compare.page.tables import comparison_markdown, settings_table
from brain_tumor.compare.settings import RunGroup
from brain_tumor.rendering.page import to_markdown
from brain_tumor.runs.folder import RunFolder
from experiments.blocks import filled_block
from experiments.findings import HERE, SUMMARY, Blocks, Findings
from experiments.front_picture import draw_front
from experiments.statements import statements_table
from experiments.which_is_better import both_networks

LEVEL = 0.95  # of intervals, as conf/evaluation has it
# Without the change that an experiment is about: runs of another one, as a glob.
BESIDE = {"harmonised": "evidence/runs/*-patient-*"}
# Runs that are not to stand side by side: laid out in tables of their own alone.
APART = {"corrected_groups", "unseen_source"}
Compared = tuple[ComparisonSettings, list[RunGroup], Comparison]


def compared(folder: Path) -> Compared:
    """Compare the runs that an experiment keeps, as `compare` does.

    Args:
        folder: The experiment's.

    Returns:
        What is compared, the runs of each setting, and the comparison.
    """
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("compare", ["different_scans=true", "folder=."])
    beside = [str(HERE / BESIDE[folder.name])] if folder.name in BESIDE else []
    config.runs = [*beside, str(folder / "runs")]
    settings = comparison_settings(config)
    members, found = compare_runs(settings)
    groups = []
    for group in found.settings:
        runs = [replace(run, folder=os.path.relpath(run.folder, folder)) for run in group.runs]
        groups.append(replace(group, runs=tuple(runs)))
    return settings, members, replace(found, settings=tuple(groups))


def made_pages(experiments: Mapping[str, Compared]) -> dict[Path, str]:
    """Give every text that is made, by its place.

    Args:
        experiments: By the name of their folder.
    """
    contents = {name: content for name, (_, _, content) in experiments.items()}
    published = next(iter(experiments.values()))[0].published.results
    audit = AUDIT.read(RunFolder(HERE / "leakage"))
    made = {
        HERE / name / "comparison.md": comparison_markdown(content)
        for name, content in contents.items()
        if name not in APART
    }
    for page, blocks in all_blocks(Findings(contents, published, audit)).items():
        made[page] = page.read_text(encoding="utf-8")
        for name, text in blocks.items():
            made[page] = filled_block(made[page], name, text)
    return made


def all_blocks(found: Findings) -> Blocks:
    """Give the tables of all pages."""
    statements = to_markdown(
        statements_table(found.compared, found.audit, found.published, both_networks())
    )
    tables = {
        name: settings_table(content.settings, LEVEL)
        for name, content in found.compared.items()
        if name not in APART
    }
    scores = [  # the note is the same below each: once is enough
        f"[{name}]({name}/README.md)\n\n{to_markdown(replace(table, note='') if place else table)}"
        for place, (name, table) in enumerate(tables.items())
    ]
    made: Blocks = {
        SUMMARY: {"statements": statements, "scores": "\n\n".join(scores)},
    }
    for place in sorted(HERE.glob("*/tables.py")):
        own: Blocks = importlib.import_module(f"experiments.{place.parent.name}.tables").blocks(
            found
        )
        for page, blocks in own.items():
            made.setdefault(page, {}).update(blocks)
    return made


def draw(name: str, experiment: Compared) -> None:
    """Draw the figures that an experiment's pages show; no scan is among them."""
    settings, members, content = experiment
    folder = HERE / name
    texts = [(folder / page).read_text(encoding="utf-8") for page in ("README.md", "comparison.md")]
    displayed = set(re.findall(r"\]\(figures/(\w+\.png)\)", "\n".join(texts)))
    with tempfile.TemporaryDirectory() as place:
        draw_comparison(RunFolder(Path(place)), members, content, settings.evaluation)
        (folder / "figures").mkdir(exist_ok=True)
        for picture in displayed:
            shutil.copy(Path(place) / "figures" / picture, folder / "figures" / picture)


def kept() -> list[Path]:
    """Give the folders of the experiments that keep their runs."""
    return sorted(path.parent for path in HERE.glob("*/runs"))


if __name__ == "__main__":
    found = {folder.name: compared(folder) for folder in kept()}
    for path, text in made_pages(found).items():
        path.write_text(text, encoding="utf-8")
        print(f"written: {path.relative_to(HERE.parent)}")
    draw_front({name: content for name, (_, _, content) in found.items()})
    for name, experiment in found.items():
        if name not in APART:
            draw(name, experiment)
