"""What shows nothing is no scan, whatever file holds it."""

from pathlib import Path

import hostile
import numpy as np
import pytest

from brain_tumor.data.prepared.harmonise import BlankScanError, cut_head
from brain_tumor.data.prepared.prepare import PrepareSettings
from brain_tumor.predict.reader import Reader


@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_one_grey_value_everywhere_is_blank(report_settings: PrepareSettings, value: int) -> None:
    scan = np.full((80, 60), value, np.uint8)
    with pytest.raises(BlankScanError, match="one grey value everywhere"):
        cut_head(scan, report_settings.crop, report_settings.harmonise)


@pytest.mark.parametrize("value", [0, 700])
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 300, "WindowWidth": 1000}])
def test_a_flat_dicom_file_is_blank(
    report_settings: PrepareSettings, tmp_path: Path, value: int, window: dict[str, int]
) -> None:
    pytest.importorskip("pydicom")
    from dicom_files import made, written

    path = tmp_path / "a.dcm"
    path.write_bytes(written(made(np.full((80, 60), value, np.uint16), **window)))
    reader = Reader(report_settings.crop, report_settings.harmonise)
    (piece,) = reader.scans(path)
    assert reader.read(piece).reason == "blank: one grey value everywhere"


def test_an_empty_frame_among_three_is_blank_alone(
    report_settings: PrepareSettings, tmp_path: Path
) -> None:
    pytest.importorskip("pydicom")
    from dicom_files import made, written

    frames = np.stack([hostile.phantom(seed, 96).astype(np.uint16) * 9 for seed in range(3)])
    frames[1] = 0
    (tmp_path / "a.dcm").write_bytes(written(made(frames)))
    reader = Reader(report_settings.crop, report_settings.harmonise)
    reasons = [reader.read(piece).reason for piece in reader.scans(tmp_path / "a.dcm")]
    assert reasons == ["", "blank: one grey value everywhere", ""]
