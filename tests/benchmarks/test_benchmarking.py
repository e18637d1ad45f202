"""The whole benchmark: what it refuses, what it writes, and that nothing stops it halfway."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from benchmarks import growth, measuring
from benchmarks.benchmarking import benchmark, check
from benchmarks.contests import Contest, Peer, contests
from benchmarks.larger import measure_larger
from benchmarks.materials import Materials
from benchmarks.measuring import hold
from benchmarks.ours.on_cuda import covered
from benchmarks.process import Work
from benchmarks.results import SideTimes
from brain_tumor.errors import ConfigError
from brain_tumor.metrics.timing import Spread


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("rows", ["train"], "rows names 'train': choose one of augment"),
        ("rows", "augment", "rows must be a list"),
        ("repeats", 0, "repeats must be a whole number of at least 1"),
        ("warm_up", -1, "warm_up must be"),
        ("steps", 1.5, "steps must be"),
        ("augment", None, "augment=none"),
        ("data.classes", None, "data.classes is null: name the classes"),
    ],
)
def test_what_cannot_be_measured_is_refused(small, key: str, value: object, message: str) -> None:
    check(small)
    OmegaConf.update(small, key, value)
    with pytest.raises(ConfigError, match=message):
        check(small)


def test_every_contest_has_its_targets_and_every_target_its_contest(materials: Materials) -> None:
    laid_out = contests(materials)
    assert set(laid_out) == set(materials.config.targets)
    for name, lay_out in laid_out.items():
        assert set(materials.config.targets[name]) == set(lay_out().peers or ("seconds",)), name
    known = {*laid_out, "growth", "cuda"}
    assert set(OmegaConf.to_container(materials.config.rows)) == known


def test_only_our_side_is_told_to_keep_freed_memory(materials: Materials) -> None:
    for name, lay_out in contests(materials).items():
        contest = lay_out()
        assert contest.ours.keep_freed_memory == (name != "help")
        for peer in contest.peers.values():
            assert peer.work.keep_freed_memory == peer.work.side.startswith("ours.")
            assert peer.work.threads == contest.ours.threads


def test_a_missing_package_leaves_its_row_out_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[list[str]] = []
    side = SideTimes(Spread(1.0, 1.0, 1.0), (1.0, 1.0), None, {}, None, None, None)

    def take_turns(name, works, *rest):
        held.append(list(works))
        return {key: side for key in works if key != "breaks"}, {"breaks": "it broke"}

    monkeypatch.setattr(measuring, "take_turns", take_turns)
    work = Work("ours.starting", "help_text", {})
    peers = {
        "there": Peer("There", "a peer", work),
        "missing": Peer("Missing", "a peer", work, needs="a_package_that_nobody_has"),
        "breaks": Peer("Breaks", "a peer", work),
    }
    targets = {"there": 1.0, "missing": 1.0}
    contest = hold("x", Contest("x", "", work, peers), targets, 0, 2, lambda line: None)
    assert held == [["ours", "there", "breaks"]]
    there, missing, breaks = contest.rows
    assert there.ratio is not None
    assert (there.fault, there.met, there.ratio.median) == (None, True, 1.0)
    assert "a_package_that_nobody_has is not installed: pip install" in (missing.fault or "")
    assert breaks.fault == "it broke"


def test_a_set_that_the_disk_cannot_hold_is_not_begun(materials: Materials) -> None:
    OmegaConf.update(materials.config, "larger_than_memory.scans", 2**40)
    with pytest.raises(ConfigError, match="GiB are free"):
        measure_larger(materials, lambda line: None)
    assert not (materials.scratch / "large").exists()


def test_intervals_that_overlap_count_once() -> None:
    assert covered([]) == 0
    assert covered([(0, 10), (2, 3), (9, 12), (20, 21)]) == 13


@pytest.mark.slow
def test_the_command_measures_every_contest_on_phantoms(tmp_path: Path) -> None:
    rows = ("prepare", "prepare_again", "augment", "train_gbmnet", "train_mobilenetv2")
    rows += ("score_gbmnet", "score_mobilenetv2", "help", "cuda")
    small = (f"rows=[{','.join(rows)}]", "repeats=1", "steps=1", "lead=1", "test_scans=4")
    small += ("data.phantom.patients_per_class=3", "data.phantom.slices_per_patient=3")
    small += ("models.gbmnet.width=16", "data.batch_size=4", "cuda_epochs=1", "out=result")
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks", "data=phantom", *small],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "BRAIN_TUMOR_DATA"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (folder,) = (tmp_path / "result" / "benchmark").iterdir()
    assert {path.name for path in folder.iterdir()} == {
        "benchmark.json",
        "benchmark.md",
        "ratios.png",
        "ratios.svg",
    }
    record = json.loads((folder / "benchmark.json").read_text(encoding="utf-8"))
    for contest in record["contests"]:
        for row in contest["rows"]:
            missing = row["fault"] is not None and "not installed" in row["fault"]
            assert row["fault"] is None or missing, (contest["name"], row)
    assert "drawn phantoms, no real scans" in ended.stdout
    assert "drawn phantoms, no real scans" in (folder / "benchmark.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_growth_is_measured_at_three_sizes_of_everything(
    materials: Materials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "BATCHES", (1, 2, 4))
    OmegaConf.update(materials.config, "growth_repeats", 1)
    OmegaConf.update(materials.config, "warm_up", 0)
    found = growth.measure_growth(materials, lambda line: None)
    for series in found:
        assert series.failed == {}, series
        assert len(series.sides) == len(set(series.sizes)) == 3
    axes = {(series.title, series.axis) for series in found}
    assert {axis for _, axis in axes} == {"scans", "side (px)", "batch"}
    assert len(axes) == len(found) == 11


@pytest.mark.slow
def test_memory_does_not_grow_with_the_set(small, tmp_path: Path) -> None:
    scans = 6_000  # 375 MiB, beside the phantoms' 4
    OmegaConf.update(small, "rows", ["larger_than_memory"])
    OmegaConf.update(small, "larger_than_memory.scans", scans)
    larger = benchmark(small).larger_than_memory
    assert not (tmp_path / "result" / "scratch").exists()
    assert larger is not None
    sets = larger.sets
    assert [entry.fault for entry in sets] == [None] * 4
    for few, many in (sets[:2], sets[2:]):
        assert (few.num_workers, many.scans) == (many.num_workers, scans)
        grown = many.side.peak_anonymous - few.side.peak_anonymous
        processes = 1 + many.num_workers
        assert grown < processes * 0.15 * scans * 2**16
