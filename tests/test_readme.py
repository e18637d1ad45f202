"""README and docs tell the truth: their tables are made, their commands exist."""

import importlib
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import hydra
import pytest
from rich.console import Console

from brain_tumor.audit.page.leakage import leakage_table, split_leakages
from brain_tumor.audit.page.shortcuts import ACCURACY, BALANCED, shortcut_table
from brain_tumor.audit.results.audit import AUDIT
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.cli.words import expand
from brain_tumor.evaluate.tables.class_report import class_report
from brain_tumor.rendering.page import to_markdown
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS
from experiments.blocks import filled_block
from experiments.findings import Findings

ROOT = Path(__file__).parents[1]
MEASURES = (ACCURACY, BALANCED)
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))}
# The others are typed whole, by docs/test_extend.py.
SHOWN_PAGES = [text for path, text in PAGES.items() if path.parent.name != "extend"]
COMMAND = re.compile(r"^ *python -m brain_tumor\.(\w+) ?(.*?)(?:  +#.*)?$", re.MULTILINE)
# A command may take two lines.
TYPED = [text.replace(" \\\n ", "") for text in (README, *SHOWN_PAGES)]
COMMANDS = sorted({found for text in TYPED for found in COMMAND.findall(text)})


def test_the_table_is_that_of_the_committed_scores() -> None:
    scores = METRICS.read(RunFolder(ROOT / "experiments/demo"))
    test = scores.parts["test"]
    console = Console(width=100, legacy_windows=False, force_terminal=False)
    title = f"test: gbmnet, {scores.checkpoint}"
    table = class_report(test.per_class, test.scores, test.scans, title)
    with console.capture() as capture:
        console.print(to_rich(table))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert "\n".join(lines) in PAGES[ROOT / "docs/tutorials/first_run.md"]


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


def leakage_tables() -> list[str]:
    """Lay out the committed audit's tables as docs and experiments/leakage show them."""
    audit = AUDIT.read(RunFolder(ROOT / "experiments/leakage"))
    entries, splits = audit.shortcuts, split_leakages(audit.leakage)
    tasks = dict.fromkeys(entry.task for entry in entries)
    tables = [shortcut_table(entries, task, measure) for task in tasks for measure in MEASURES]
    return [to_markdown(table).strip() for table in (*tables, leakage_table(splits))]


def test_the_scores_are_those_of_the_committed_audit() -> None:
    experiment = (ROOT / "experiments/leakage/README.md").read_text(encoding="utf-8")
    tables = leakage_tables()
    assert len(tables) == 5
    for table in tables:
        assert table in experiment
    accuracy = [table for table in tables if table.startswith("**Accuracy")]
    assert len(accuracy) == 2
    for table in (*accuracy, tables[-1]):
        assert table in PAGES[ROOT / "docs/concepts/leakage.md"]


SHOWN = [
    *("as_reported", "best_patient", "best_report", "by_source", "by_view", "evidence"),
    *("corrected_groups", "unseen_source"),
    *("harmonised", "how_much_data", "leakage", "longer_over_patients", "one_draw_per_batch"),
    *("open_settings", "shortcuts", "slices_of_a_patient", "speed", "two_stages", "unfreeze"),
    "width",
]
WITHOUT_RUNS = [
    *("how_much_data", "longer_over_patients", "more_than_one_device", "slices_of_a_patient"),
    *("by_view", "speed", "two_stages", "unseen_source", "wrong_labels"),
]


def most_healthy_lookalikes(folder: Path) -> str:
    """Give the largest share of healthy test scans that look like one of training, over folds."""
    shares = []
    for run in (folder / "runs").iterdir():
        found = METRICS.read(RunFolder(run)).leakage.lookalikes or ()
        of_healthy = {own.level: own.per_class["notumor"] or 0.0 for own in found}
        assert of_healthy[0.95] == 0  # the page says so
        shares.append(of_healthy[0.93])
    return f"{100 * max(shares):.1f} %"


@pytest.mark.parametrize("name", SHOWN)
def test_every_score_in_words_stands_in_a_committed_table(name: str) -> None:
    folder = ROOT / "experiments" / name
    page = (folder / "README.md").read_text(encoding="utf-8")
    words = re.sub(r"<!-- (\w+) -->\n.*?<!-- end of \1 -->|```.*?```", "", page, flags=re.DOTALL)
    tables = "\n".join(leakage_tables())
    for place in (name, *re.findall(r"\]\(\.\./(\w+)/README\.md\)", words)):
        shown = (ROOT / "experiments" / place / "README.md").read_text(encoding="utf-8")
        made = re.findall(r"<!-- (\w+) -->\n(.*?)<!-- end of \1 -->", shown, re.DOTALL)
        tables += "\n".join(table for _, table in made)
        for kept in (ROOT / "experiments" / place).rglob("comparison.md"):
            tables += kept.read_text(encoding="utf-8")
    if name == "harmonised":
        tables += most_healthy_lookalikes(folder)
    number = r"\b0\.\d{3}\b|\b\d+\.\d(?= to|\b %)"
    numbers = re.findall(r"\b0\.\d{3}\b|\b\d+\.\d(?= %)", words)
    assert len(numbers) > 2
    assert [found for found in numbers if found not in re.findall(number, tables)] == []


def turned(found: tuple[str, str, str]) -> tuple[str, str, str]:
    """Give a difference and its interval as seen from the other side."""
    value, low, high = (end[1:] if end[0] == "-" else f"-{end.lstrip('+')}" for end in found)
    return value, high, low


@pytest.mark.parametrize(
    "name", ["as_reported", "best_patient", "evidence", "longer_over_patients"]
)
def test_every_interval_in_words_stands_in_a_committed_table(name: str) -> None:
    """Both ends belong to one interval, not only to two tables."""
    folder = ROOT / "experiments" / name
    page = (folder / "README.md").read_text(encoding="utf-8")
    tables = page + (folder / "comparison.md").read_text(encoding="utf-8")
    cells = r"([-+]?\d\.\d{3}) \(([-+]?\d\.\d{3}) to ([-+]?\d\.\d{3})\)"
    lines = tables.splitlines()
    held = {
        tuple(end.lstrip("+") for end in found)
        for line in lines
        if line.startswith("|")
        for found in re.findall(cells, line)
    }
    prose = " ".join(line for line in lines if not line.startswith("|"))
    # "0.957 for GBMnet (0.943 to 0.968)": the words in between hold no other number.
    said = re.findall(cells.replace(r" \(", r"(?: [^\d().;]*)?\("), prose)
    assert said
    for found in said:
        plain = tuple(end.lstrip("+") for end in found)
        assert plain in held or turned(plain) in held, found


@pytest.mark.parametrize(
    ("name", "words", "columns"),
    [
        ("evidence", "standard deviation of balanced accuracy {} and {})", [1]),
        ("best_patient", "than the trials above, and more than the seeds: {} to {}.", [2, 3]),
    ],
)
def test_folds_lie_as_far_apart_as_the_page_says(name: str, words: str, columns: list[int]) -> None:
    folder = ROOT / "experiments" / name
    compared = (folder / "comparison.md").read_text(encoding="utf-8")
    row = r"^\| balanced accuracy \| 4 folds \|" + r" (\d\.\d{3}) \|" * 4
    found = [own[column] for own in re.findall(row, compared, re.MULTILINE) for column in columns]
    assert words.format(*found) in " ".join((folder / "README.md").read_text("utf-8").split())


@pytest.mark.parametrize("page", ["README.md", "docs/concepts/leakage.md"])
def test_the_accuracies_after_200_epochs_are_those_of_the_kept_runs(page: str) -> None:
    compared = (ROOT / "experiments/as_reported/comparison.md").read_text(encoding="utf-8")
    row = re.search(r"^\| accuracy \| (\d\.\d{3}) \(.*\| (\d\.\d{3}) \(", compared, re.MULTILINE)
    assert row is not None
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    said = {
        "README.md": "GBMnet's test accuracy is {}, the transfer model's (MobileNetV2) {}.",
        "docs/concepts/leakage.md": "What are {} and {}?",
    }[page]
    assert said.format(*row.groups()) in text


@pytest.mark.parametrize(("command", "words"), COMMANDS, ids=[" ".join(c) for c in COMMANDS])
def test_every_command_composes(command: str, words: str) -> None:
    register_resolvers()
    assert find_spec(f"brain_tumor.{command}") is not None
    overrides = [word for word in shlex.split(words) if word != "-m"]
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        hydra.compose(
            command,
            [re.sub(r"^([\w.]+=\w+),[\w,]+$", r"\1", word) for word in expand(command, overrides)],
        )


def test_every_command_is_shown() -> None:
    ours = {path.stem for path in conf_folder().glob("*.yaml")}
    # `make benchmark` is shown, and `prepare` is the first step of most others.
    assert {command for command, _ in COMMANDS} == ours - {"benchmark", "prepare"}


LINKED = [*ROOT.glob("*.md"), *PAGES, *(ROOT / "experiments").rglob("*.md")]


@pytest.mark.parametrize("path", LINKED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_linked_files_exist(path: Path) -> None:
    """Links are true where the files lie; `docs/site_pages.py` turns them for the site."""
    for target in re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = set(re.findall(r"^\.PHONY: (\S+)$", makefile, re.MULTILINE))
    assert phony == set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


@pytest.mark.slow  # as the same question about pages of runs
@pytest.mark.parametrize("name", WITHOUT_RUNS)
def test_tables_that_are_about_no_run_are_those_of_the_committed_files(name: str) -> None:
    pages = importlib.import_module(f"experiments.{name}.tables").blocks(Findings({}, {}, {}))
    assert ROOT / "experiments" / name / "README.md" in pages
    for page, blocks in pages.items():
        text = page.read_text(encoding="utf-8")
        for block, table in blocks.items():
            assert "| --- |" in table
            assert filled_block(text, block, table) == text, f"make results: {page}"


def test_each_benchmark_that_is_kept_has_its_tables() -> None:
    page = (ROOT / "experiments/speed/README.md").read_text(encoding="utf-8")
    for path in (ROOT / "experiments/speed").glob("*.json"):
        assert f"<!-- {path.stem} -->" in page
