"""A traced graph and its facts as the content of one file."""

import io
from typing import Any

import torch
from torch.export import ExportedProgram

from brain_tumor.engine.quiet import hushed
from brain_tumor.errors import WeightsError
from brain_tumor.export.extra import needed
from brain_tumor.export.graph import INPUT, OUTPUTS
from brain_tumor.export.metadata import Facts, as_texts


def as_pt2(program: ExportedProgram, facts: Facts) -> bytes:
    """Write what `torch.export.load` reads; facts are its extra files."""
    content = io.BytesIO()
    torch.export.save(program, content, extra_files=as_texts(facts))
    return content.getvalue()


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
