"""An audit of phantoms into which every fault was planted that it is there to find."""

import csv
import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import hydra
import numpy as np
import pytest
import torch
from phantoms import PhantomTruth
from sample_comparison import RECORD

from brain_tumor.audit.audit import audit
from brain_tumor.audit.probes import load_frozen, score_runs
from brain_tumor.audit.results.audit import AUDIT, Audit
from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.config.arguments import plain_values
from brain_tumor.config.data import build_prepared, build_split, split_settings
from brain_tumor.config.data_settings import data_settings
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.errors import BrainTumorError, ConfigError, DataError
from brain_tumor.runs.finished import FinishedRun, PartPredictions
from brain_tumor.runs.folder import RunFolder

Pixels = np.ndarray


def recoded(scan: Pixels) -> Pixels:
    return cv2.imdecode(cv2.imencode(".jpg", scan, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 0)


CHANGES: dict[str, Callable[[Pixels], Pixels]] = {
    "as is": lambda scan: cv2.resize(recoded(scan), (301, 301)),
    "mirrored left to right": lambda scan: scan[:, ::-1],
    "mirrored top to bottom": lambda scan: scan[::-1],
    "turned by 180 degrees": lambda scan: cv2.rotate(scan, cv2.ROTATE_180),
    "turned clockwise": lambda scan: cv2.rotate(scan, cv2.ROTATE_90_COUNTERCLOCKWISE),
    "turned anticlockwise": lambda scan: cv2.rotate(scan, cv2.ROTATE_90_CLOCKWISE),
    "contrast": lambda scan: cv2.convertScaleAbs(scan, alpha=0.6, beta=20),
}


@dataclass(frozen=True)
class Planted:
    """What was planted: the audit, its folder, and which file is a copy of which."""

    found: Audit
    folder: Path
    copies: dict[str, tuple[str, str]]
    swapped: str
    original: str
    contradicted: str


def config_of(root: Path, place: Path, *overrides: str, name: str = "audit") -> Any:
    register_resolvers()
    ours = [
        "data.source=folder",
        f"data.root={root}",
        f"data.prepared={place / 'prepared'}",
        "data.name=planted",
        f"data.patients={root / 'known.csv'}",
    ]
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra.compose(name, [*ours, *overrides])


@pytest.fixture(scope="module")
def planted(
    phantom_root: Path, truth: PhantomTruth, tmp_path_factory: pytest.TempPathFactory
) -> Planted:
    place = tmp_path_factory.mktemp("planted")
    root = Path(shutil.copytree(phantom_root, place / "raw"))
    # Square scans that stand there once, so that what is found is what was planted.
    slices = [scan.slice_id for scan in truth.scans]
    alone = [
        scan
        for scan in truth.scans
        if slices.count(scan.slice_id) == 1
        and scan.width == scan.height
        and scan.kind.startswith("jpeg")
        and scan.label != "notumor"
    ]
    copies = {}
    for scan, (change, make) in zip(alone, CHANGES.items(), strict=False):
        grey = cv2.imread(str(root / scan.path), cv2.IMREAD_GRAYSCALE)
        other = "Testing" if scan.folder == "Training" else "Training"
        path = f"{other}/{scan.label}/planted {change}.png"
        cv2.imwrite(str(root / path), make(grey))
        copies[change] = (scan.path, path)
    # An exact copy under another label, and a scan that its source labels otherwise.
    original, wrong = alone[len(CHANGES)], alone[len(CHANGES) + 1]
    swapped = "Training/notumor/planted swapped.jpg"
    shutil.copy(root / original.path, root / swapped)
    with (root / "known.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file_md5", "patient", "slice_id", "label"])
        for digest, scan in {
            hashlib.md5((root / scan.path).read_bytes()).hexdigest(): scan for scan in truth.scans
        }.items():
            label = "notumor" if scan is wrong else scan.label
            writer.writerow([digest, scan.patient, scan.slice_id, label])
    config = config_of(
        root,
        place,
        f"folder={place / 'audit'}",
        "splits.patient.folds=2",
        "report_seeds=2",
        "~splits.official",
    )
    found = audit(config)
    return Planted(found, place / "audit", copies, swapped, original.path, wrong.path)


def test_enough_was_planted(planted: Planted) -> None:
    assert planted.copies.keys() == CHANGES.keys()


@pytest.mark.parametrize("change", CHANGES)
def test_each_changed_copy_is_in_the_cluster_of_its_original(planted: Planted, change: str) -> None:
    manifest = Path(planted.found.data.prepared) / "manifest.csv"
    with manifest.open(newline="") as file:
        cluster = {row["path"]: row["cluster"] for row in csv.DictReader(file)}
    original, copy = planted.copies[change]
    assert cluster[original] == cluster[copy]
    assert list(cluster.values()).count(cluster[copy]) == 2


def test_pairs_are_listed_with_their_orientation(planted: Planted) -> None:
    table = Path(planted.found.data.prepared) / "near_duplicates.csv"
    with table.open(newline="") as file:
        pairs = {
            frozenset((row["first"], row["second"])): row["orientation"]
            for row in csv.DictReader(file)
        }
    for change, (original, copy) in planted.copies.items():
        expected = "as is" if change == "contrast" else change
        # The change's name tells what turns the copy back; Training stands first, so where the
        # original is in Testing the pair is the other way round.
        if original.startswith("Testing"):
            expected = {
                "turned clockwise": "turned anticlockwise",
                "turned anticlockwise": "turned clockwise",
            }.get(expected, expected)
        assert pairs[frozenset((original, copy))] == expected


def test_the_swapped_label_is_named(planted: Planted) -> None:
    pair = {planted.swapped, planted.original}
    assert [set(group.paths) for group in planted.found.exact.groups] == [pair]
    assert pair in [set(group.paths) for group in planted.found.near.across_labels]
    for found in planted.found.exact.by.values():
        assert found.across_labels == 1


def test_labels_that_contradict_the_source_are_named(planted: Planted) -> None:
    assert planted.found.patients is not None
    named = {scan.path: scan.known_label for scan in planted.found.patients.contradicted}
    assert named.pop(planted.contradicted) == "notumor"
    # The copy under another label has its original's bytes, and so its known label.
    assert named.keys() == {planted.swapped}


def test_clusters_agree_with_the_known_slices(planted: Planted) -> None:
    found = planted.found.near.truth
    assert found is not None
    assert (found.precision, found.recall) == (1.0, 1.0)
    assert found.true_pairs > 5


def test_leakage_is_measured_for_every_split(planted: Planted) -> None:
    shares = {
        (variant.split, variant.detail): {
            name: overlap.share_of_all for name, overlap in variant.overlaps.items()
        }
        for variant in planted.found.leakage
    }
    assert set(shares) == {
        ("published", "nothing dropped"),
        *(("report", f"seed {seed}") for seed in range(2)),
        *(("patient", f"fold {fold}") for fold in range(2)),
    }
    assert shares["published", "nothing dropped"]["near-duplicate"] > 0
    assert shares["report", "seed 0"]["patient"] > 0.5
    for fold in range(2):
        assert set(shares["patient", f"fold {fold}"].values()) == {0.0}


def test_an_earlier_audit_is_not_overwritten(planted: Planted, tmp_path: Path) -> None:
    config = config_of(Path(planted.found.data.root), tmp_path, f"folder={planted.folder}")
    with pytest.raises(DataError, match="not overwritten: give another folder as folder="):
        audit(config)


def test_every_probe_is_scored_with_an_interval(planted: Planted) -> None:
    probes = planted.found.shortcuts
    assert len(probes) == 4 * 2 * 2  # what is seen, splits, tasks
    for score in probes:
        assert score.accuracy.low <= score.accuracy.value <= score.accuracy.high
    kept = planted.found.files.kept
    assert {score.test for score in probes if score.split == "patient"} == {kept}


def test_the_page_and_its_sheets_are_written(planted: Planted) -> None:
    assert AUDIT.read(RunFolder(planted.folder)) == planted.found
    page = (planted.folder / "audit.html").read_text().replace("<wbr>", "")
    assert planted.swapped in page
    sheets = {path.stem for path in (planted.folder / "sheets").iterdir()}
    assert {"near_clusters", "near_across_labels", "exact_across_labels", "contradicted"} <= sheets
    assert {name for name in sheets if f"sheets/{name}.png" not in page} == set()


def test_runs_are_laid_beside_the_probes_only_on_their_own_scans(
    prepared: PreparedSet, tmp_path: Path
) -> None:
    kept = prepared.kept
    # Of glioma alone, half of them predicted right, and the others as another tumour.
    own = [row for row in kept if row.label == "glioma"]
    half = len(own) // 2
    predictions = PartPredictions(
        tuple(row.path for row in own),
        ("glioma",) * len(own),
        tuple("pituitary" if i < half else "glioma" for i in range(len(own))),
        np.zeros((len(own), 4)),
        None,
    )
    setting = {"model.name": "gbmnet", "split.name": "file"}
    fitting = setting | {"data.fingerprint": prepared.fingerprint}
    run = FinishedRun(
        folder=tmp_path,
        setting=fitting,
        fold=None,
        seed=0,
        split_seed=None,
        classes=prepared.classes,
        healthy="notumor",
        predictions={"test": predictions},
        groups=None,
        part_sizes={},
        record=RECORD,
        metrics=None,
        complexity=None,
        history={},
    )
    rows = score_runs(prepared, [run], "notumor")
    assert [score.accuracy.value for score in rows] == [1 - half / len(own), 1.0]
    with pytest.raises(DataError, match="trained on other scans"):
        other = replace(run, setting=setting | {"data.fingerprint": "another"})
        score_runs(prepared, [other], "notumor")
    with pytest.raises(ConfigError, match="differ in more than their fold"):
        score_runs(prepared, [run, replace(run, setting=fitting | {"model.width": 3})], None)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("one_against_rest=healthy", "choose one of glioma"),
        ("report_seeds=2.5", "report_seeds"),
        ("splits.patient.folds=x", "split"),
        ("runs=nowhere", "nowhere does not exist"),
        ("runs=null", "runs must be a list"),
        ("data.harmonise=null", "group of named values"),
        ("data/harmonise=resolution data.harmonise.resolution=1000", "at most data.crop.size"),
        ("frozen.weights=none frozen.input_size=abc", "model.input_size"),
        ("model@frozen=gbmnet +frozen.weights=none", "gbmnet has no pretrained part"),
        ("frozen.name=mobilenet", "frozen.name is 'mobilenet': did you mean"),
        ("data.patients=ELSEWHERE", "names no file"),
    ],
)
def test_what_cannot_be_audited_is_refused_before_the_work(
    phantom_root: Path, prepared: PreparedSet, tmp_path: Path, override: str, named: str
) -> None:
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("path,patient\nno.jpg,P1\n", encoding="utf-8")
    register_resolvers()
    words = [
        *("data=phantom", "data.source=folder", f"data.root={phantom_root}"),
        *(f"data.prepared={tmp_path / 'prepared'}", f"folder={tmp_path / 'audit'}"),
        *override.replace("ELSEWHERE", str(elsewhere)).split(),
    ]
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = hydra.compose("audit", words)
    with pytest.raises(BrainTumorError, match=named):
        audit(config)


def test_a_straddling_patient_is_refused_with_the_pair_named(
    phantom_root: Path, truth: PhantomTruth, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(phantom_root, tmp_path / "raw"))
    shutil.copy(root / "phantoms.csv", root / "known.csv")
    patient = next(
        scan.patient
        for scan in truth.scans
        if len({s.slice_id for s in truth.scans if s.patient == scan.patient}) > 2
    )
    own = [s.path for s in truth.scans if s.patient == patient and s.duplicate_of is None]
    part = {s.path: "train" if s.patient < patient else "test" for s in truth.scans}
    part[own[0]] = "train"
    lines = [f"{path},{side}" for path, side in part.items()]
    (tmp_path / "split.csv").write_text("\n".join(["path,part", *lines]))
    given = ["split=file", f"split.path={tmp_path / 'split.csv'}"]
    config = config_of(root, tmp_path, *given, name="prepare")
    prepared = build_prepared(data_settings(config.data))
    with pytest.raises(DataError) as refused:
        build_split(prepared, split_settings(config.split))
    assert f"{own[0]} (train)" in str(refused.value)
    assert "in 1 groups" in str(refused.value)
    leaky = config_of(root, tmp_path, *given, "split.leaky=true", name="prepare")
    assert own[0] in {
        prepared.kept[i].path for i in build_split(prepared, split_settings(leaky.split)).train
    }


def test_the_frozen_network_is_built_as_composed() -> None:
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        frozen = hydra.compose("audit", ["frozen.weights=none"]).frozen
    network = load_frozen(plain_values(frozen))
    features = network.forward_features(torch.zeros((1, 1, 256, 256), dtype=torch.uint8))
    assert network.pool_features(features).shape == (1, 1280)
