import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from brain_tumor.audit.file_findings import find_oddities
from brain_tumor.audit.record import describe_files
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.folder import FolderSource


@pytest.fixture(scope="module")
def odd(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path_factory: pytest.TempPathFactory
) -> PreparedSet:
    """Prepare phantoms with one more file of each oddity."""
    place = tmp_path_factory.mktemp("odd")
    root = Path(shutil.copytree(phantom_root, place / "raw"))
    glioma = root / "Training" / "glioma"
    disc = cv2.circle(np.zeros((400, 400), np.uint8), (200, 200), 60, 180, -1)
    bright = np.full((300, 200), 200, np.uint8)
    bright[::2] = 190
    for name, scan in {
        "blank.png": np.zeros((64, 64), np.uint8),
        "small_crop.png": disc,
        "whole_crop.png": bright,
        "odd_size.png": cv2.resize(disc, (500, 120)),
        "odd_mode.png": cv2.merge([disc] * 4),
    }.items():
        cv2.imwrite(str(glioma / name), scan)
    discs = [Image.fromarray(np.roll(disc, 30 * number)) for number in range(3)]
    discs[0].save(glioma / "film.gif", save_all=True, append_images=discs[1:])
    (glioma / "undecodable.jpg").write_bytes(b"no picture")
    jpeg = cv2.imencode(".jpg", cv2.resize(disc, (333, 333)))[1].tobytes()
    (glioma / "wrong_extension.png").write_bytes(jpeg)
    return prepare_scans(FolderSource(root), report_settings, place / "prepared", "odd")


@pytest.mark.parametrize(
    "name",
    [
        *("blank", "undecodable", "wrong_extension", "odd_mode"),
        *("odd_size", "small_crop", "whole_crop"),
    ],
)
def test_each_planted_oddity_is_found_and_no_whole_phantom_is(
    odd: PreparedSet, prepared: PreparedSet, name: str
) -> None:
    before = {finding.id: finding for finding in find_oddities(prepared.manifest)}[name]
    after = {finding.id: finding for finding in find_oddities(odd.manifest)}[name]
    paths = {file.path for file in after.files} - {file.path for file in before.files}
    assert f"Training/glioma/{name}" in {path.rsplit(".", 1)[0] for path in paths}
    assert all(path.split("/")[-1].split(".")[0].isidentifier() for path in paths)
    assert after.count == len(after.files)
    if name not in {"wrong_extension", "odd_mode"}:  # phantoms come in these, too
        assert before.files == ()


def test_formats_and_sizes_count_every_file(odd: PreparedSet) -> None:
    found = describe_files(odd, None)
    assert sum(found.formats.values()) == found.raw == len(odd.manifest)
    assert found.formats["unknown"] == 1
    distinct = {(row.width, row.height) for row in odd.manifest if row.width is not None}
    assert (333, 333) in distinct and found.sizes.distinct == len(distinct)
    size, number = found.sizes.most_common[0]
    assert number == sum(f"{row.width} x {row.height}" == size for row in odd.manifest)
