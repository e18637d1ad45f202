"""Run folders from strangers, and damaged ones: nothing outside is written, no scan is lost."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
import pytest
from markdown_it import MarkdownIt
from omegaconf import OmegaConf

from brain_tumor.cli.command import conf_folder
from brain_tumor.errors import BrainTumorError, ConfigError, DataError
from brain_tumor.evaluate.evaluate import evaluate
from brain_tumor.export.export import export
from brain_tumor.runs.folder import RunFolder
from brain_tumor.train import resume as resuming
from brain_tumor.train.train import train

Command = Callable[..., Any]
MINE = "the user's own\n"
links = pytest.mark.skipif(os.name == "nt", reason="links of POSIX")


@pytest.fixture
def run(sweep: dict[float, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(sweep[1e-3], tmp_path / "run"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "own").write_text(MINE)
    return folder


@pytest.fixture
def again(run: Path, tmp_path: Path) -> Command:
    def evaluated(*overrides: str) -> dict[str, Any]:
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            ours = [f"run={run}", "accelerator=cpu", "evaluation.resamples=100"]
            ours += [f"data.prepared={tmp_path / 'prepared'}", "evaluation.figures=false"]
            return evaluate(hydra.compose("evaluate", [*ours, *overrides]))

    return evaluated


def unfinished(run: Path) -> Path:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"status": "interrupted"}))
    return run


def assert_untouched(elsewhere: Path) -> None:
    assert [path.name for path in elsewhere.rglob("*")] == ["own"]
    assert (elsewhere / "own").read_text() == MINE


@links
def test_evaluate_replaces_links_and_writes_nothing_elsewhere(
    run: Path, again: Command, elsewhere: Path
) -> None:
    names = ("MODEL_CARD.md", "predictions.csv", "metrics.json", "complexity.json", "ood.npz")
    names += ("ood.json", "robustness_test.json")
    for name in names:
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(elsewhere / "own")
    again()
    assert_untouched(elsewhere)
    assert not [path for path in map(run.joinpath, names[:6]) if path.is_symlink()]
    assert (run / "MODEL_CARD.md").read_text().startswith("---\n")


@links
@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("figures", ["evaluation.figures=true"]),
        ("last", ["checkpoint=last"]),
        ("external", ["data.root={root}"]),
    ],
)
def test_evaluate_goes_into_no_folder_that_is_a_link(
    run: Path, again: Command, elsewhere: Path, phantom_root: Path, name: str, overrides: list[str]
) -> None:
    shutil.rmtree(run / name, ignore_errors=True)
    (run / name).symlink_to(elsewhere)
    if name == "external":
        shutil.copytree(phantom_root / "Testing", elsewhere.parent / "scans" / "of")
        overrides = [f"data.root={elsewhere.parent / 'scans' / 'of'}"]
    with pytest.raises(DataError, match=rf"{run / name} is a link, .* or delete it") as refused:
        again(*overrides)
    assert "\n" not in str(refused.value)
    assert_untouched(elsewhere)


@links
def test_export_goes_into_no_folder_that_is_a_link(run: Path, elsewhere: Path) -> None:
    (run / "exports").symlink_to(elsewhere)
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("export", [f"run={run}", "format=pt2", "rounds=1"])
    with pytest.raises(DataError, match=rf"{run / 'exports'} is a link"):
        export(config)
    assert_untouched(elsewhere)


@links
@pytest.mark.parametrize(
    "name",
    [
        *("split.csv", "metrics.csv", "run.json", "config.yaml", ".lock"),
        *("checkpoints", "checkpoints/last.ckpt", "tensorboard", "tensorboard/hparams.yaml"),
        *("figures", "figures/augmented.png", "tensorboard/.events"),
    ],
)
def test_resume_goes_on_in_no_folder_that_holds_a_link(
    run: Path, compose: Command, tmp_path: Path, name: str
) -> None:
    place, target = unfinished(run) / name, tmp_path / "target"
    if place.exists():
        shutil.move(place, target)
    else:
        place.parent.mkdir(exist_ok=True)
        target.write_text(MINE)
    place.symlink_to(target)
    files = [path for path in (target, *target.rglob("*")) if path.is_file()]
    before = {path: path.read_bytes() for path in files}
    with pytest.raises(DataError, match=rf"{place} is a link, "):
        train(compose(f"resume={run}"))
    files = [path for path in (target, *target.rglob("*")) if path.is_file()]
    assert {path: path.read_bytes() for path in files} == before


@links
def test_a_run_folder_that_is_a_link_is_evaluated(
    run: Path, again: Command, tmp_path: Path
) -> None:
    run.rename(tmp_path / "disk")
    run.symlink_to("disk")
    (run / "MODEL_CARD.md").unlink()
    again()
    assert (tmp_path / "disk" / "MODEL_CARD.md").is_file()


CSV, BOARD = "lightning.pytorch.loggers.CSVLogger", "lightning.pytorch.loggers.TensorBoardLogger"
PROFILER = "lightning.pytorch.profilers.SimpleProfiler"
SPIKES = "lightning.pytorch.callbacks.SpikeDetection"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logger.x", {"_target_": CSV, "save_dir": "{run}", "name": "{out}"}),
        ("logger.x", {"_target_": CSV, "save_dir": "{run}", "name": "../elsewhere"}),
        ("logger.x", {"_target_": CSV, "save_dir": "file://{out}"}),
        ("logger.x", {"_target_": BOARD, "save_dir": "{run}", "sub_dir": "../../elsewhere"}),
        ("logger.x", {"_target_": BOARD, "save_dir": "{run}", "version": "{out}"}),
        ("logger.x", {"_target_": BOARD, "save_dir": "~/elsewhere"}),
        ("logger.x", {"_target_": BOARD, "save_dir": "elsewhere"}),
        ("trainer.profiler", {"_target_": PROFILER, "dirpath": "{out}", "filename": "own"}),
        ("trainer.profiler", {"_target_": PROFILER, "dirpath": "{run}", "filename": "{out}/own"}),
        ("callbacks.x", {"_target_": SPIKES, "exclude_batches_path": "{out}/own"}),
        ("callbacks.last.filename", "../../elsewhere/own"),
        ("callbacks.history.path", "{out}/own"),
    ],
)
def test_resume_writes_only_where_it_is_asked_to(
    run: Path, compose: Command, elsewhere: Path, key: str, value: Any
) -> None:
    text = json.dumps(value).replace("{run}", str(run)).replace("{out}", str(elsewhere))
    config = OmegaConf.load(run / "config.yaml")
    OmegaConf.update(config, key, json.loads(text), force_add=True)
    OmegaConf.save(config, unfinished(run) / "config.yaml")
    with pytest.raises(BrainTumorError, match=r"which leads out of its folder\. If .* again as"):
        train(compose(f"resume={run}", "allow_changes=true"))
    assert_untouched(elsewhere)


def test_a_place_that_is_given_again_is_meant(
    run: Path, compose: Command, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = OmegaConf.load(run / "config.yaml")
    config.logger.tensorboard.save_dir = str(elsewhere)
    OmegaConf.save(config, run / "config.yaml")
    word = f"logger.tensorboard.save_dir={elsewhere}"
    record = json.loads((run / "run.json").read_text()) | {"overrides": [word]}
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(ConfigError, match=f"{word}\\."):
        train(compose(f"resume={run}", "allow_changes=true"))
    monkeypatch.setattr(resuming, "given_overrides", lambda: [f"resume={run}", word])
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        resumed = hydra.compose("train", [f"resume={run}", "allow_changes=true", "run_folder=x"])
        resuming.find_start(resumed, contextlib.ExitStack())


def test_a_card_obeys_nothing_that_a_run_says(run: Path, again: Command) -> None:
    evil = "x\n# A heading\n\nrm -rf ~\n<script>alert(1)</script> [a](javascript:b) \x1b[2J `c` |"
    record = json.loads((run / "run.json").read_text())
    record["data"]["name"] = evil
    record["command"] = ["train", "a`b`` c", evil]
    record["git"] = record["machine"] = evil
    (run / "run.json").write_text(json.dumps(record))
    config = OmegaConf.load(run / "config.yaml")
    config.optimizer.note = evil
    config.model.name = evil
    OmegaConf.save(config, run / "config.yaml")
    again()
    card = (run / "MODEL_CARD.md").read_text()
    _, _, body = card.split("---\n", 2)
    assert "\x1b" not in card
    assert not [line for line in body.splitlines() if line.startswith(("rm", "<", "# A"))]
    tokens = MarkdownIt("commonmark").enable("table").parse(body)
    inline = [child for token in tokens for child in token.children or []]
    assert {"html_block", "html_inline", "link_open"}.isdisjoint(
        {token.type for token in [*tokens, *inline]}
    )
    headings = [token for token in tokens if token.type == "heading_open"]
    assert len([token for token in headings if token.tag == "h1"]) == 1
    (command,) = [t.content for t in inline if t.type == "code_inline" and "train" in t.content]
    assert command.startswith("train a`b`` c x # A heading rm -rf ~ <script>")


def cut(path: Path, rows: int) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[: rows + 1]))


def test_no_command_goes_on_with_a_split_that_was_cut(
    run: Path, again: Command, compose: Command
) -> None:
    rows = len(RunFolder(run).read_rows("split.csv"))
    cut(unfinished(run) / "split.csv", rows - 20)
    told = rf"split\.csv is not as it was written: it has {rows - 20} rows, {rows} were written"
    with pytest.raises(DataError, match=told):
        again()
    with pytest.raises(DataError, match=told):
        train(compose(f"resume={run}"))
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"


def test_a_run_of_an_older_version_is_evaluated(run: Path, again: Command) -> None:
    (run / "checksums.json").unlink()
    before = (run / "predictions.csv").read_bytes()
    again()
    assert (run / "predictions.csv").read_bytes() == before
    assert set(json.loads((run / "checksums.json").read_text())) == {
        *("predictions.csv", "metrics.json", "complexity.json", "ood.json")
    }


def test_resume_leaves_the_split_as_it_is(run: Path, compose: Command) -> None:
    before = (run / "split.csv").stat()
    train(compose(f"resume={unfinished(run)}"))
    after = (run / "split.csv").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert json.loads((run / "run.json").read_text())["status"] == "finished"


def test_scans_are_prepared_again_where_evaluate_says(
    run: Path, again: Command, elsewhere: Path, tmp_path: Path
) -> None:
    record = json.loads((run / "run.json").read_text())
    record["data"]["prepared"] = str(elsewhere / "gone")
    (run / "run.json").write_text(json.dumps(record))
    config = OmegaConf.load(run / "config.yaml")
    config.data.prepared = str(elsewhere / "prepared")
    OmegaConf.save(config, run / "config.yaml")
    again()
    assert_untouched(elsewhere)
    assert len(list((tmp_path / "prepared").iterdir())) == 1
