"""An ONNX file with weights and activations of 8 bits, calibrated on training scans."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brain_tumor.engine.quiet import hushed
from brain_tumor.export.formats.onnx_file import needed, with_facts
from brain_tumor.export.graph import INPUT, Scans
from brain_tumor.export.metadata import Facts

BATCH = 16  # calibration scans that are run at once: this bounds its memory

# What was tried, on 200 real test scans. GBMnet: the classes of 4 % of them changed with weights
# per tensor, of 1.5 % per channel, of 0.5 % with ranges of activations that are means over the
# extremes of batches (those of all scans are of a few odd pixels; percentiles did as well, but keep
# histograms of everything), of none with the first convolution left in float. MobileNetV2: of 3 to
# 5 % whatever was done, with activations of 16 bits too, so it is its weights that lose.
# Activations are unsigned, as onnxruntime asks for on x86; signed ones gave the same.
HOW = {"CalibMovingAverage": True}


def quantise(content: bytes, facts: Facts, batches: Iterator[Scans]) -> bytes:
    """Quantise an ONNX file for onnxruntime.

    By batches of training scans, `(n, 1, size, size)`, uint8, not augmented, as the ranges of
    activations are to be those of scans to come.
    """
    onnx, quantization = needed("onnx"), needed("onnxruntime.quantization")
    preparing = needed("onnxruntime.quantization.shape_inference")

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc, name-defined]
        def get_next(self) -> dict[str, Scans] | None:
            batch = next(batches, None)
            return None if batch is None else {INPUT: batch}

    with tempfile.TemporaryDirectory() as folder, hushed("root"):  # where onnxruntime tells of it
        provided, prepared, quantised = (Path(folder, f"{name}.onnx") for name in ("a", "b", "c"))
        provided.write_bytes(content)
        preparing.quant_pre_process(provided, prepared, skip_symbolic_shape=True)
        quantization.quantize_static(
            prepared,
            quantised,
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=_left_in_float(onnx.load(prepared).graph),
            calibrate_method=quantization.CalibrationMethod.MinMax,
            extra_options=HOW,
        )
        return with_facts(onnx.ModelProto.FromString(quantised.read_bytes()), facts)


def _left_in_float(graph: Any) -> list[str]:
    """Name what is not quantised: preprocessing, the first convolution, and all after the logits.

    The first convolution sees one or three channels, for which 8-bit kernels are slower (all of
    GBMnet took 9.5 ms in place of 5.8), and grey values need more than 8 bits once standardised. A
    probability in 8 bits would have steps of 0.004.
    """
    types = [node.op_type for node in graph.node]
    first = types.index("Conv")
    last = max(place for place, kind in enumerate(types) if kind in ("Gemm", "MatMul"))
    return [node.name for node in (*graph.node[: first + 1], *graph.node[last + 1 :])]
