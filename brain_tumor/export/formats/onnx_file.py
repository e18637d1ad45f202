"""An ONNX file, written, and opened for onnxruntime: whoever wrote it, its graph only computes."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch.export import ExportedProgram

from brain_tumor.engine.quiet import hushed
from brain_tumor.errors import ConfigError, WeightsError
from brain_tumor.export.graph import INPUT, OUTPUTS, Run, Scans, Values
from brain_tumor.export.metadata import Facts, as_texts, from_texts, refused
from brain_tumor.files.bounded_file import read_file

MAX_BYTES = 2**30  # half of what the format can hold; torchvision's convnext_large has 0.8 GB
FATAL = 4  # of onnxruntime's levels of severity: what goes wrong is told in our own words


def needed(name: str) -> ModuleType:
    """Import a module of onnx, onnxscript or onnxruntime; ConfigError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"ONNX files need {name.partition('.')[0]}: pip install 'brain-tumor[export]'."
        ) from error


def as_onnx(program: ExportedProgram, facts: Facts) -> bytes:
    """Write an ONNX file; facts are its `metadata_props`.

    WeightsError where ONNX has no words for an operation of the network.
    """
    onnx_errors = needed("torch.onnx.errors")
    needed("onnxscript")  # torch translates with it
    try:
        with hushed("onnxscript", "onnx_ir", "torch.onnx"):
            translated: Any = torch.onnx.export(
                program,
                dynamo=True,
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                verbose=False,
            )
    except onnx_errors.OnnxExporterError as error:
        raise WeightsError(
            f"torch cannot write {facts.model} as ONNX ({str(error).partition(chr(10))[0]}): "
            "give format=pt2."
        ) from error
    model = translated.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # where the code lay that it came from
    return with_facts(model, facts)


def with_facts(model: Any, facts: Facts) -> bytes:
    """Put facts into an ONNX model, in place of those that it has, and give it as bytes."""
    del model.metadata_props[:]
    for name, text in as_texts(facts).items():
        model.metadata_props.add(key=name, value=text)
    content: bytes = model.SerializeToString()
    return content


def open_onnx(path: Path) -> tuple[Facts, Run]:
    """Open an ONNX file that we wrote; it is run on the CPU with as many threads as torch.

    Returns:
        What the file says of itself, and what takes scans `(N, 1, size, size)`, uint8, and gives
        probabilities `(N, classes)` and features `(N, F)`, float32; several threads may call it at
        once.
    """
    onnx, onnxruntime = needed("onnx"), needed("onnxruntime")
    try:
        content = read_file(path, MAX_BYTES)
    except OSError as error:
        raise refused(path, error.strerror or type(error).__name__) from error
    try:
        model = onnx.ModelProto.FromString(content)
    except Exception as error:  # protobuf has kinds of its own for each of its parsers
        raise refused(path, "it is no ONNX file, or damaged") from error
    facts = from_texts(path, {entry.key: entry.value for entry in model.metadata_props})
    _check_arithmetic(path, model)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL
    options.intra_op_num_threads = torch.get_num_threads()  # onnxruntime heeds no OMP_NUM_THREADS
    try:
        session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen kinds
        raise refused(path, f"onnxruntime does not load it: {_first_line(error)}") from error
    side = facts.crop.size
    takes = [(one.type, one.shape[1:]) for one in session.get_inputs()]
    if takes != [("tensor(uint8)", [1, side, side])]:
        raise refused(path, f"it does not take uint8 scans of {side} x {side} pixels alone")
    if tuple(one.name for one in session.get_outputs()) != OUTPUTS:
        raise refused(path, f"it does not give {' and '.join(OUTPUTS)} alone")
    (provided,) = session.get_inputs()

    def run(scans: Scans) -> tuple[Values, Values]:
        try:
            probabilities, features = session.run(OUTPUTS, {provided.name: scans})
        except Exception as error:
            raise refused(path, f"its graph fails: {_first_line(error)}") from error
        return np.asarray(probabilities), np.asarray(features)

    return facts, run


def _check_arithmetic(path: Path, model: Any) -> None:
    """Refuse what we never write: graphs in graphs may loop for ever, tensors in other files."""
    if model.functions or any(
        attribute.HasField("g") or attribute.graphs
        for node in model.graph.node
        for attribute in node.attribute
    ):
        raise refused(path, "its graph holds loops or functions")
    if any(tensor.data_location for tensor in _tensors(model.graph)):
        raise refused(path, "its weights lie in another file")


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    sparse = [*graph.sparse_initializer]
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
    for tensor in sparse:
        yield from (tensor.values, tensor.indices)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
