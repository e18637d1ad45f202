from dataclasses import replace

from brain_tumor.export.comparison import ExportResult, SideScores, export_table
from brain_tumor.metrics.timing import Spread
from brain_tumor.rendering.numbers import UNKNOWN
from brain_tumor.rendering.page import to_markdown


def test_every_side_is_told() -> None:
    seconds = {"1": Spread(0.0123, 0.01, 0.02), "32": Spread(0.0031, 0.003, 0.004)}
    checkpoint = SideScores(
        "checkpoint", "best.ckpt", 101_000_000, 0.91234, 1.0, None, 0.024, seconds
    )
    small = SideScores("int8", "a.onnx", 8_450_000, 0.9, 0.9931, 0.0712, None, seconds)
    result = ExportResult(
        run="runs/a",
        model="gbmnet",
        checkpoint="best.ckpt",
        format="onnx",
        test_scans=1648,
        calibration_scans=256,
        rounds=5,
        threads=1,
        processor="a processor",
        versions={},
        sides=(checkpoint, small),
    )
    table = export_table(result)
    assert table.title == "gbmnet, best.ckpt, as onnx"
    told, speed = ["0.9123", "100.0 %", UNKNOWN, "2.4 %", "101.0"], ["12.30", "3.10"]
    assert table.rows[0] == ["checkpoint", *told, *speed]
    assert table.rows[1] == ["int8", "0.9000", "99.3 %", "7e-02", UNKNOWN, "8.4", *speed]
    assert "256 training scans" in to_markdown(table)
    assert "calibrated on" not in export_table(replace(result, calibration_scans=None)).note
