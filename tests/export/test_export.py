"""`export` on trained runs: the file says what the checkpoint says, or there is none."""

import base64
import dataclasses
import io
import json
import logging
import shutil
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import softmax

import brain_tumor
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.errors import ConfigError, DataError, WeightsError
from brain_tumor.export import export as exporting
from brain_tumor.export.comparison import ExportResult
from brain_tumor.export.exported import load_exported
from brain_tumor.export.graph import trace
from brain_tumor.predict.model import open_model
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.results.json_file import JsonFile
from brain_tumor.trained.abstention import Abstention
from brain_tumor.trained.network import Trained

ExportRun = Callable[..., dict[str, Any]]
NAMES = (  # translating takes 20 s
    "gbmnet",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("mobilenetv2", "resnet18")),
)
FORMATS = ("onnx", "pt2")


def drawn(seed: int, scans: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (scans, 1, 256, 256), dtype=np.uint8)


def expected(run: Path, scans: np.ndarray) -> np.ndarray:
    """Do what the metrics of a run say, without anything that `export` uses."""
    scored = json.loads((run / "run.json").read_text())["scored"]
    network = load_classifier(run / "checkpoints" / scored).network
    with torch.no_grad():
        logits = network(torch.from_numpy(scans)).double().numpy()
    temperature = json.loads((run / "metrics.json").read_text())["temperature"]["value"]
    return softmax(logits / (1.0 if temperature is None else temperature), axis=1)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_the_file_says_what_the_checkpoint_says(
    exports: Callable[[str], Path], name: str, form: str
) -> None:
    exported = load_exported(exports(name) / "exports" / f"{name}.{form}", trusted=True)

    @settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 99), scans=st.integers(1, 5))
    def check(seed: int, scans: int) -> None:
        given_scans = drawn(seed, scans)
        found = exported.predict(given_scans)[0]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected(exports(name), given_scans), atol=1e-5)

    check()


@pytest.mark.parametrize("name", NAMES)
def test_what_the_file_says_of_itself(exports: Callable[[str], Path], name: str) -> None:
    run = exports(name)
    classes = json.loads((run / "metrics.json").read_text())["parts"]["test"]["classes"]
    config = yaml.safe_load((run / "config.yaml").read_text())
    fitted = json.loads((run / "metrics.json").read_text())
    for form in FORMATS:
        exported = load_exported(run / "exports" / f"{name}.{form}", trusted=True)
        said = exported.metadata
        assert list(said.classes) == classes
        assert (said.model, vars(said.crop)) == (name, config["data"]["crop"])
        assert vars(said.harmonise) == config["data"]["harmonise"]
        assert said.temperature == fitted["temperature"]["value"]
        assert said.threshold == fitted["operating_point"]["threshold"]
        assert said.healthy == "notumor"
        assert said.card == (run / "MODEL_CARD.md").read_text()
        assert "Not a medical device" in said.notice
        record = json.loads((run / "run.json").read_text())
        assert said.fingerprint == record["data"]["fingerprint"]
    assert (said.temperature is None) == (name == "mobilenetv2")
    assert (said.error_steps is None) == (name == "mobilenetv2")
    assert said.ood == (run / "ood.npz").read_bytes()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_it_flags_what_the_run_flags(
    exports: Callable[[str], Path], prepared: PreparedSet, name: str, form: str
) -> None:
    run, scans = exports(name), prepared.images[::3]
    odd = np.random.default_rng(0).integers(0, 256, (2, 256, 256), dtype=np.uint8)
    scans = np.concatenate([scans, odd, 255 - scans[:2]])
    for error in (0.05, 0.5):
        asked = Abstention(error)
        own = open_model(run, asked, accelerator="cpu")
        ours = open_model(run / "exports" / f"{name}.{form}", asked, trusted=True)
        assert (ours.ood_threshold, ours.confident_from_validation) == (
            1.0,
            own.confident_from_validation,
        )
        assert ours.confident_from == own.confident_from
    theirs, found = own.predict(scans), ours.predict(scans)
    assert theirs.ood_score is not None and found.ood_score is not None
    # A distance is the root of what is summed and rounded: next to the reference it tells little.
    np.testing.assert_allclose(found.ood_score**2, theirs.ood_score**2, rtol=2e-3, atol=3e-3)
    assert (found.ood_score > 1).any() and (found.ood_score < 1).any()


def test_a_run_that_knows_no_strange_scans_gives_a_file_that_knows_none(
    gbmnet: Path, export_run: ExportRun, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(gbmnet, tmp_path / "run", ignore=shutil.ignore_patterns("exports")))
    (run / "ood.npz").unlink()
    result = export_run(run, "format=pt2")
    assert [side.out_of_distribution for side in result.sides] == [None, None]
    model = open_model(run / "exports" / "gbmnet.pt2", Abstention(0.05), trusted=True)
    assert model.ood_threshold is None and model.predict(drawn(0, 1)[:, 0]).ood_score is None
    (run / "ood.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"ood\.npz is damaged"):
        export_run(run, "format=pt2", "overwrite=true")


def test_others_can_read_it_without_this_package(gbmnet: Path) -> None:
    model = onnx.load(gbmnet / "exports" / "gbmnet.onnx")
    onnx.checker.check_model(model, full_check=True)
    told = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(told["classes"])[2] == "notumor"
    dims = model.graph.input[0].type.tensor_type.shape.dim
    assert dims[0].dim_param and [one.dim_value for one in dims[1:]] == [1, 256, 256]
    extra: dict[str, str] = {"card": ""}
    with (gbmnet / "exports" / "gbmnet.pt2").open("rb") as file:
        program = torch.export.load(file, extra_files=extra)
    assert extra["card"] == told["card"]
    given_back = program.module()(torch.zeros((3, 1, 256, 256), dtype=torch.uint8))
    assert [tuple(one.shape) for one in given_back] == [(3, 4), (3, 64)]
    assert [one.name for one in model.graph.output] == ["probabilities", "features"]
    with np.load(io.BytesIO(base64.b64decode(told["ood"]))) as detector:
        assert detector["directions"].shape[1] == 64


def test_no_file_tells_where_the_code_lay(gbmnet: Path) -> None:
    home = str(Path(brain_tumor.__file__).parent.parent).encode()
    graph = onnx.load(gbmnet / "exports" / "gbmnet.onnx").graph
    assert home not in graph.SerializeToString()
    with zipfile.ZipFile(gbmnet / "exports" / "gbmnet.pt2") as archive:
        for name in archive.namelist():
            assert "/extra/" in name or home not in archive.read(name), name


def test_several_threads_may_use_it_at_once(gbmnet: Path) -> None:
    for form in FORMATS:
        exported = load_exported(gbmnet / "exports" / f"gbmnet.{form}", trusted=True)
        scans = [drawn(seed, 3) for seed in range(8)]
        alone = [exported.predict(one)[0] for one in scans]
        with ThreadPoolExecutor(4) as pool:
            together = [found for found, _ in pool.map(exported.predict, scans)]
        np.testing.assert_allclose(together, alone, atol=1e-6)


def test_a_file_that_is_there_stays(gbmnet: Path, export_run: ExportRun) -> None:
    for form in FORMATS:
        file = gbmnet / "exports" / f"gbmnet.{form}"
        before = file.read_bytes()
        with pytest.raises(DataError, match=r"there already.*overwrite=true"):
            export_run(gbmnet, f"format={form}")
        assert file.read_bytes() == before


def test_it_gives_way_where_that_is_asked_for(
    gbmnet: Path, export_run: ExportRun, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "mine.pt2"
    file.parent.mkdir()
    file.write_text("something else")
    result = export_run(gbmnet, "format=pt2", f"path={file}", "overwrite=true")
    assert load_exported(file, trusted=True).metadata.classes == (
        "glioma",
        "meningioma",
        "notumor",
        "pituitary",
    )
    assert {path.name for path in file.parent.iterdir()} == {
        "mine.pt2",
        "mine.pt2.json",
        "mine.pt2.md",
    }
    kept = JsonFile("mine.pt2.json", ExportResult, checked=False)
    assert kept.read(RunFolder(tmp_path / "new")) == result


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_parts_from_the_checkpoint_is_removed(
    gbmnet: Path,
    export_run: ExportRun,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    def wrong(trained: Trained) -> torch.export.ExportedProgram:
        chosen = dataclasses.replace(trained.chosen, temperature=50.0)
        return trace(dataclasses.replace(trained, chosen=chosen))

    monkeypatch.setattr(exporting, "trace", wrong)
    file = tmp_path / f"old.{form}"
    file.write_text("an earlier one")
    with pytest.raises(WeightsError, match=r"removed, as it parts from the checkpoint by 0\.\d+"):
        export_run(gbmnet, f"format={form}", f"path={file}", "overwrite=true")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.read_text() == "an earlier one"


def test_eight_bits_stand_beside_the_float_file(
    gbmnet: Path,
    export_run: ExportRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    result = export_run(gbmnet, "int8=true", f"path={tmp_path / 'a.onnx'}")
    checkpoint, ours, small = result.sides
    assert (checkpoint.largest_difference, checkpoint.same_class) == (None, 1.0)
    assert ours.largest_difference < 1e-5 and ours.same_class == 1.0
    assert ours.balanced_accuracy == checkpoint.balanced_accuracy
    assert small.bytes == (tmp_path / "a-int8.onnx").stat().st_size < 0.4 * ours.bytes
    assert 0 < small.largest_difference < 0.2
    strange = json.loads((gbmnet / "ood.json").read_text())["flagged"]["test"]
    assert ours.out_of_distribution == checkpoint.out_of_distribution == pytest.approx(strange)
    assert 0 <= small.out_of_distribution <= 1
    assert all(len(side.seconds_per_scan) == 2 for side in result.sides)
    assert result.calibration_scans == 16
    weights = onnx.load(tmp_path / "a-int8.onnx").graph.initializer
    assert sum(one.data_type == onnx.TensorProto.INT8 for one in weights) >= 5
    scans = drawn(1, 3)
    float_file, int8_file = (load_exported(tmp_path / name) for name in ("a.onnx", "a-int8.onnx"))
    assert int8_file.metadata == float_file.metadata
    assert not np.array_equal(int8_file.predict(scans)[0], float_file.predict(scans)[0])
    printed = capsys.readouterr().out
    assert "int8" in printed and "16 training scans" in " ".join(printed.split())
    assert "| int8 |" in (tmp_path / "a.onnx.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0"])
def test_torchvision_s_networks_are_written_in_eight_bits_too(
    exports: Callable[[str], Path],
    export_run: ExportRun,
    tmp_path: Path,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = export_run(exports(name), "int8=true", f"path={tmp_path / 'a.onnx'}")
    _, ours, small = result.sides
    assert ours.largest_difference < 1e-5
    assert 0 < small.largest_difference < 0.2
    assert small.bytes < 0.45 * ours.bytes
    # onnxruntime tells of every bias that it copies.
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_a_run_without_a_temperature_keeps_its_logits(
    gbmnet: Path, export_run: ExportRun, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(gbmnet, tmp_path / "run", ignore=shutil.ignore_patterns("exports")))
    metrics = json.loads((run / "metrics.json").read_text())
    metrics["temperature"]["value"] = None
    RunFolder(run).write_json("metrics.json", metrics, checked=True)
    export_run(run, "format=pt2")
    exported = load_exported(run / "exports" / "gbmnet.pt2", trusted=True)
    scans = drawn(3, 4)
    assert exported.metadata.temperature is None
    np.testing.assert_allclose(exported.predict(scans)[0], expected(run, scans), atol=1e-5)
    assert np.abs(expected(run, scans) - expected(gbmnet, scans)).max() > 1e-3


def test_another_checkpoint_gets_a_folder_of_its_own(
    gbmnet: Path, export_run: ExportRun, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(gbmnet, tmp_path / "run"))
    with pytest.raises(DataError, match=r"metrics\.json"):
        export_run(run, "format=pt2", "checkpoint=last")
    (run / "last").mkdir()
    for name in ("metrics.json", "MODEL_CARD.md", "predictions.csv"):
        shutil.copy(run / name, run / "last" / name)
    export_run(run, "format=pt2", "checkpoint=last")
    assert (run / "last" / "exports" / "gbmnet.pt2").is_file()


def test_without_the_run_s_scans_nothing_is_exported(
    gbmnet: Path, export_run: ExportRun, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(gbmnet, tmp_path / "run"))
    record = json.loads((run / "run.json").read_text())
    record["data"]["prepared"] = str(tmp_path / "gone")
    (run / "run.json").write_text(json.dumps(record))
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["data"]["root"] = str(tmp_path / "gone-too")
    config["data"]["prepared"] = str(tmp_path / "prepared")
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    shutil.rmtree(run / "exports")
    with pytest.raises(DataError, match="gone-too"):
        export_run(run)
    assert not list(run.rglob("*.onnx"))


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (("format=tflite",), "format must be onnx or pt2"),
        (("format=pt2", "int8=true"), "int8=true is for ONNX files"),
        (("int8=8",), "int8 must be true or false"),
        (("path=model.pt2",), r"path must end in \.onnx"),
        (("calibration=0",), r"calibration must be a whole number in 1\.\."),
        (("rounds=1.5",), "rounds must be a whole number"),
        (("batch_size=0",), "batch_size must be a whole number"),
        (("checkpoint=first",), "checkpoint must be best or last or null"),
        (("+dtype=float16",), "dtype is unknown"),
    ],
)
def test_mistakes_are_told_before_anything_is_read(
    export_run: ExportRun, tmp_path: Path, overrides: tuple[str, ...], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        export_run(tmp_path / "there-is-no-run", *overrides)


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_package_that_is_missing_is_named(
    export_run: ExportRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=rf"need {package}: pip install 'brain-tumor\[export\]'"):
        export_run(tmp_path)


def test_a_place_that_cannot_be_written_is_told(
    gbmnet: Path, export_run: ExportRun, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DataError, match="cannot be written"):
        export_run(gbmnet, f"path={tmp_path / 'file' / 'a.onnx'}")
