"""Files from elsewhere: what is none of ours is refused in one sentence, and nothing of it runs."""

import base64
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from brain_tumor.errors import WeightsError
from brain_tumor.export.exported import load_exported
from brain_tumor.export.graph import OUTPUTS
from brain_tumor.metrics.outliers import Neighbours, Spread
from brain_tumor.metrics.picture_features import KINDS
from brain_tumor.predict.model import open_model
from brain_tumor.trained.abstention import Abstention
from brain_tumor.trained.out_of_distribution import OODDetector, as_bytes

CROP = {"blur_kernel": 3, "threshold": 45, "erosions": 2, "dilations": 2, "size": 32}
TEXTS = {
    **{name: "x" for name in ("model", "checkpoint", "fingerprint", "version", "notice", "card")},
    "classes": '["a", "b"]',
    "temperature": "1.5",
    "threshold": "0.5",
    "threshold_fitted": "true",
    "healthy": '"b"',
    "crop": json.dumps(CROP),
    "harmonise": '{"resolution": null, "intensity": false, "background": false, "mask": false}',
    "error_steps": "[[0.25, 0.4], [0, 0.9]]",
    "ood": "",
}
Change = Callable[[Any], None]


def small_model(**texts: str | None) -> Any:
    """Write a graph by hand: it says how bright a scan is, and how dark, also as features."""
    nodes = [
        helper.make_node("Cast", ["scans"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["float"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["features"]),
        helper.make_node("Softmax", ["features"], ["probabilities"]),
    ]
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [1024, 2], [1e-6, -1e-6] * 1024)
    taken = helper.make_tensor_value_info("scans", TensorProto.UINT8, ["n", 1, 32, 32])
    given_out = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 2]) for n in OUTPUTS]
    graph = helper.make_graph(nodes, "g", [taken], given_out, [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    for key, value in {**TEXTS, **texts}.items():
        if value is not None:
            model.metadata_props.add(key=key, value=value)
    return model


def written(folder: Path, model: Any) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def detector_of(maps: int) -> OODDetector:
    """Make a detector that flags a scan with other features than the first."""
    steps = np.zeros((sum(KINDS), 1), np.float32)
    return OODDetector(
        Spread(np.zeros(len(steps)), steps), Neighbours(np.eye(1, maps, dtype=np.float32)), 1.0, 0.1
    )


def as_text(detector: OODDetector, **changed: bytes) -> str:
    """Give a detector as metadata hold it, after some of its members were changed."""
    given, content = io.BytesIO(as_bytes(detector)), io.BytesIO()
    with zipfile.ZipFile(given) as source, zipfile.ZipFile(content, "w") as target:
        for name in source.namelist():
            target.writestr(name, changed.get(name.removesuffix(".npy"), source.read(name)))
    return base64.b64encode(content.getvalue()).decode()


def npy(values: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, values, allow_pickle=True)
    return content.getvalue()


def test_one_of_ours_is_opened(tmp_path: Path) -> None:
    exported = load_exported(written(tmp_path, small_model()))
    assert (exported.metadata.classes, exported.metadata.crop.size) == (("a", "b"), 32)
    assert exported.detector is None
    assert exported.metadata.error_steps == ((0.25, 0.4), (0, 0.9))
    bright = exported.predict(np.full((2, 1, 32, 32), 255, np.uint8))[0]
    np.testing.assert_allclose(bright[:, 0], 1 / (1 + np.exp(-2 * 1024 * 255e-6)), rtol=1e-6)


def test_a_file_of_version_0_6_opens_with_its_detector(tmp_path: Path) -> None:
    model = small_model(ood=as_text(detector_of(2)))
    for entry in model.metadata_props:
        entry.key = {"ood": "trust"}.get(entry.key, entry.key)
    assert load_exported(written(tmp_path, model)).detector is not None


def test_a_model_of_it_flags_scans(tmp_path: Path) -> None:
    model = small_model(ood=as_text(detector_of(2)))
    model.graph.initializer[0].float_data[:] = [1e-6, 1e-6] * 512 + [1e-6, -1e-6] * 512
    opened = open_model(written(tmp_path, model), Abstention(0.1))
    assert (opened.ood_threshold, opened.confident_from, opened.confident_from_validation) == (
        1.0,
        0.9,
        True,
    )
    top, bottom = np.zeros((2, 1, 32, 32), np.uint8)
    top[:, :16], bottom[:, 16:] = 255, 255
    whole = np.full((1, 32, 32), 200, np.uint8)
    # Features of the two halves are as 1 to 1 and 1 to -1, those of the whole as 1 to 0.
    found = opened.predict(np.concatenate([top, bottom, whole])).ood_score
    assert found is not None
    aside = np.hypot(1 - 0.5**0.5, 0.5**0.5) / 0.1
    np.testing.assert_allclose(found, [aside, aside, 0], atol=1e-2)
    assert (found > opened.ood_threshold).tolist() == [True, True, False]
    without = open_model(written(tmp_path, small_model(error_steps="null")), Abstention(0.1))
    assert (without.ood_threshold, without.confident_from, without.confident_from_validation) == (
        None,
        0.9,
        False,
    )
    assert without.predict(whole).ood_score is None
    none = open_model(written(tmp_path, small_model(error_steps="[[0.2, 0.9]]")), Abstention(0.1))
    assert none.confident_from == np.inf


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ({"classes": None, "crop": None}, "does not say its classes, crop"),
        ({"classes": '["a", "a"]'}, "classes must be"),
        ({"classes": '["a"'}, "classes is damaged"),
        ({"classes": "[" * 100_000}, "classes is damaged"),
        ({"classes": '{"a": 1}'}, "classes must be"),
        ({"classes": '["a", "b", "c"]'}, "probabilities are float32"),
        ({"temperature": "-1"}, "temperature must be"),
        ({"temperature": "NaN"}, "temperature must be"),
        ({"temperature": "true"}, "temperature must be"),
        ({"temperature": "1" * 400}, "temperature must be"),
        ({"threshold": "2"}, "threshold must be"),
        ({"threshold": "null"}, "threshold must be"),
        ({"threshold_fitted": "1"}, "threshold_fitted must be"),
        ({"healthy": '"c"'}, "healthy must be"),
        ({"healthy": "[]"}, "healthy must be"),
        ({"crop": json.dumps(CROP | {"size": 64})}, "does not take uint8 scans of 64 x 64"),
        ({"crop": json.dumps(CROP | {"size": 10**9})}, r"crop\.size must be a whole number in"),
        ({"crop": '{"size": 32}'}, "crop.blur_kernel is not given"),
        ({"harmonise": "3"}, "harmonise must be a group"),
        ({"card": "x" * 2_000_000}, "far too long"),
        ({"error_steps": None, "ood": None}, "does not say its error_steps, ood"),
        ({"error_steps": "[[0.1, 0.2], 3]"}, "error_steps must be"),
        ({"error_steps": "[[0.1, 0.2, 0.3]]"}, "error_steps must be"),
        ({"error_steps": "[[0.1, 1.5]]"}, "error_steps must be"),
        ({"error_steps": '[[0.1, "0.5"]]'}, "error_steps must be"),
        ({"error_steps": "[[0.1, NaN]]"}, "error_steps must be"),
        ({"error_steps": "{}"}, "error_steps must be"),
        ({"error_steps": f"[{'[0.1, 0.2], ' * 100_000}[0, 1]]"}, "far too long"),
        ({"ood": "é"}, "(ood|detector) is damaged"),
        ({"ood": "AAAA\n"}, "(ood|detector) is damaged"),
        ({"ood": "QUJD"}, "(ood|detector) is damaged"),
        ({"ood": as_text(detector_of(2))[:-400]}, "(ood|detector) is damaged"),
        (
            {"ood": as_text(detector_of(2), mean=npy(np.array([{}], object)))},
            "(ood|detector) is damaged",
        ),
        (
            {"ood": as_text(detector_of(2), mean=npy(np.full(242, np.nan)))},
            "(ood|detector) is damaged",
        ),
        ({"ood": as_text(detector_of(3))}, r"features are float32 \(1, 2\)"),
        ({"ood": "A" * (28 * 2**20)}, "far too long"),
    ],
)
def test_metadata_that_cannot_be_are_refused(
    tmp_path: Path, texts: dict[str, str | None], told: str
) -> None:
    with pytest.raises(WeightsError, match=told) as caught:
        exported = load_exported(written(tmp_path, small_model(**texts)))
        exported.predict(np.zeros((1, 1, 32, 32), np.uint8))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


def external(model: Any) -> None:
    (weight,) = model.graph.initializer
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../../etc/passwd")


def external_in_a_node(model: Any) -> None:
    tensor = TensorProto(dims=[4], data_type=TensorProto.UINT8, name="t")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=tensor))


def looping(model: Any) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], [], body=body))


def function(model: Any) -> None:
    imports = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("d", "F", ["x"], ["x"], [], imports))


def float_input(model: Any) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def two_inputs(model: Any) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.UINT8, ["n"]))


def one_output(model: Any) -> None:
    del model.graph.output[1]


def other_outputs(model: Any) -> None:
    model.graph.output.reverse()


def flat_features(model: Any) -> None:
    model.graph.output[1].CopyFrom(
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n"])
    )
    shape = helper.make_tensor("whole", TensorProto.INT64, [1], [-1])
    model.graph.initializer.append(shape)
    model.graph.node[2].output[0] = model.graph.node[3].input[0] = "logits"
    model.graph.node.append(helper.make_node("Reshape", ["logits", "whole"], ["features"]))


def no_numbers(model: Any) -> None:
    (weight,) = model.graph.initializer
    weight.float_data[:] = [float("nan")] * 2048


def unknown_operator(model: Any) -> None:
    model.graph.node[2].op_type = "Mischief"


def fixed_batch(model: Any) -> None:
    model.graph.node.insert(2, helper.make_node("Reshape", ["flat", "shape"], ["other"]))
    model.graph.node[3].input[0] = "other"
    model.graph.initializer.append(helper.make_tensor("shape", TensorProto.INT64, [2], [7, 1024]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (external, "weights lie in another file"),
        (external_in_a_node, "weights lie in another file"),
        (looping, "loops or functions"),
        (function, "loops or functions"),
        (float_input, "onnxruntime does not load it|does not take uint8"),
        (two_inputs, "does not take uint8 scans"),
        (one_output, "does not give probabilities and features alone"),
        (other_outputs, "does not give probabilities and features alone"),
        (flat_features, r"features are float32 \(2,\)"),
        (no_numbers, "probabilities that are no numbers"),
        (unknown_operator, "onnxruntime does not load it"),
        (fixed_batch, "its graph fails"),
    ],
)
def test_graphs_that_we_never_write_are_refused(
    tmp_path: Path, change: Change, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = small_model()
    change(model)
    with pytest.raises(WeightsError, match=told) as caught:
        load_exported(written(tmp_path, model)).predict(np.zeros((1, 1, 32, 32), np.uint8))[0]
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    folder, pipe, huge = (tmp_path / f"{name}.onnx" for name in ("folder", "pipe", "huge"))
    folder.mkdir()
    os.mkfifo(pipe)
    with huge.open("wb") as file:
        file.truncate(2**31)  # sparse: it takes no room
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "half.onnx").write_bytes(small_model().SerializeToString()[:500])
    for name in ("folder", "pipe", "huge", "text", "empty", "half", "missing"):
        for suffix in (".onnx", ".pt2"):
            path = tmp_path / f"{name}{suffix}"
            if suffix == ".pt2" and path.with_suffix(".onnx").exists():
                path.with_suffix(".onnx").rename(path)
            with pytest.raises(WeightsError, match=f"{name}{suffix} is no model"):
                load_exported(path, trusted=True)
    with pytest.raises(WeightsError, match=r"has to end in \.onnx or \.pt2"):
        load_exported(tmp_path / "model.pth")


class Mischief:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


def test_nothing_of_a_strange_pt2_file_is_run(tmp_path: Path) -> None:
    program = torch.export.export(torch.nn.Identity(), (torch.zeros(1),))
    good, bad, trace = tmp_path / "good.pt2", tmp_path / "bad.pt2", tmp_path / "trace"
    with good.open("wb") as file:
        torch.export.save(program, file, extra_files=TEXTS)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            mischief = "sample_inputs" in name
            target.writestr(name, pickle.dumps(Mischief(trace)) if mischief else source.read(name))
    with pytest.raises(WeightsError, match=r"bad\.pt2 is not opened.*trusted=true.*ONNX"):
        load_exported(bad)
    assert not trace.exists()
    # It would have been run: the mischief is real.
    with pytest.raises(WeightsError, match="torch does not load it"):
        load_exported(bad, trusted=True)
    assert trace.exists()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(places=st.lists(st.integers(0, 10**6), min_size=1, max_size=8), value=st.integers(0, 255))
def test_damaged_files_are_refused_or_still_give_probabilities(
    tmp_path: Path, places: list[int], value: int
) -> None:
    content = bytearray(small_model().SerializeToString())
    head = content.index(b"weight")  # not among the weights, where a change is no damage
    for place in places:
        content[place % len(content) if place % 2 else place % head] = value
    path = tmp_path / "damaged.onnx"
    path.write_bytes(content)
    try:
        found = load_exported(path).predict(np.zeros((2, 1, 32, 32), np.uint8))[0]
    except (WeightsError, ValueError):  # of another size, it does not take these scans
        return
    assert found.shape == (2, 2)
