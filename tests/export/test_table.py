from brain_tumor.export.table import export_table
from brain_tumor.rendering.numbers import UNKNOWN
from brain_tumor.rendering.page import to_markdown


def test_every_side_is_told() -> None:
    seconds = {"1": {"median": 0.0123}, "32": {"median": 0.0031}}
    checkpoint = {"name": "checkpoint", "bytes": 101_000_000, "balanced_accuracy": 0.91234}
    checkpoint |= {"same_class": 1.0, "largest_difference": None, "out_of_distribution": 0.024}
    small = {"name": "int8", "bytes": 8_450_000, "balanced_accuracy": 0.9}
    small |= {"same_class": 0.9931, "largest_difference": 0.0712, "out_of_distribution": None}
    record = {
        **{"model": "gbmnet", "checkpoint": "best.ckpt", "format": "onnx", "test_scans": 1648},
        **{"rounds": 5, "threads": 1, "processor": "a processor", "calibration_scans": 256},
        "sides": [side | {"seconds_per_scan": seconds} for side in (checkpoint, small)],
    }
    table = export_table(record)
    assert table.title == "gbmnet, best.ckpt, as onnx"
    told, speed = ["0.9123", "100.0 %", UNKNOWN, "2.4 %", "101.0"], ["12.30", "3.10"]
    assert table.rows[0] == ["checkpoint", *told, *speed]
    assert table.rows[1] == ["int8", "0.9000", "99.3 %", "7e-02", UNKNOWN, "8.4", *speed]
    assert "256 training scans" in to_markdown(table)
    assert "calibrated on" not in export_table(record | {"calibration_scans": None}).note
