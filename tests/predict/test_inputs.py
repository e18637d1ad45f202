import os
from pathlib import Path

import hostile
import numpy as np
import pytest
from PIL import Image

from brain_tumor.errors import DataError
from brain_tumor.files.picture import decode_grey
from brain_tumor.files.scans import UndecodableScanError
from brain_tumor.predict import inputs as given_module
from brain_tumor.predict.inputs import find_files
from brain_tumor.predict.reader import grey_of


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("scans/b.png", "scans/a.png", "scans/deep/er/c.jpg", "other/[d].png", "e.dcm"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (tmp_path / "scans" / ".hidden.png").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "dangling.png").symlink_to("gone")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["e.dcm"], ["e.dcm"]),
        (["scans"], ["scans/a.png", "scans/b.png", "scans/deep/er/c.jpg"]),
        (["scans/"], ["scans/a.png", "scans/b.png", "scans/deep/er/c.jpg"]),
        (["scans/*.png"], ["scans/a.png", "scans/b.png"]),
        (["**/*.jpg"], ["scans/deep/er/c.jpg"]),
        (["other/[d].png"], ["other/[d].png"]),  # the file of that name, not the glob
        (["e.dcm", "scans/b.png", "scans", "./e.dcm"], ["e.dcm", "scans/b.png", "scans/a.png"]),
        (["dangling.png"], ["dangling.png"]),
        (["?canS/*"], None),
        (["scans/.hidden.png"], ["scans/.hidden.png"]),
    ],
)
def test_files_folders_and_globs(place: Path, given: list[str], found: list[str] | None) -> None:
    if found is None:
        with pytest.raises(DataError, match="does not exist, and matches nothing"):
            find_files(given)
        return
    assert [path.as_posix() for path in find_files(given)][: len(found)] == found
    assert len(find_files(given)) == len(set(find_files(given)))


def test_absolute_paths_and_home_are_given_back_as_they_were(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_files([str(place / "scans")])[0] == place / "scans/a.png"
    monkeypatch.setenv("HOME", str(place))
    assert find_files(["~/e.dcm"]) == [place / "e.dcm"]


def test_what_is_written_is_not_read(place: Path) -> None:
    assert find_files(["scans"], [Path("scans/deep"), Path("scans/b.png")]) == [Path("scans/a.png")]


@pytest.mark.parametrize("name", ["empty", "gone.png", "n" * 300, "*.tif"])
def test_nothing_is_said_in_a_sentence(place: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"(matches nothing|is no file in empty): give"):
        find_files([name])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16", "F", "CMYK"])
def test_a_picture_in_memory_is_what_its_file_is(mode: str) -> None:
    pixels = hostile.phantom(1, 80)
    colour = Image.fromarray(np.stack([pixels, pixels // 2, np.roll(pixels, 5, 1)], axis=-1))
    picture = colour.convert(mode) if mode != "I;16" else Image.fromarray(pixels * np.uint16(200))
    if mode == "F":
        picture = Image.fromarray(pixels.astype(np.float32) * 3)
    content = hostile.encoded(picture, "TIFF" if mode in ("F", "CMYK") else "PNG")
    difference = grey_of(picture).astype(int) - decode_grey(content)
    assert np.abs(difference).max() == 0 if mode != "CMYK" else np.abs(difference).mean() < 40


def test_arrays_are_grey_or_red_green_blue() -> None:
    pixels = hostile.phantom(1, 80)
    assert np.array_equal(grey_of(pixels), pixels)
    assert np.array_equal(grey_of(pixels[:, ::-1]), pixels[:, ::-1])
    colour = np.stack([pixels, pixels // 2, np.roll(pixels, 5, 1)], axis=-1)
    assert np.array_equal(grey_of(colour), decode_grey(hostile.encoded(colour, "PNG")))


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (np.zeros((4, 4)), "float64"),
        (np.zeros((4, 4, 4), np.uint8), r"\(4, 4, 4\)"),
        (np.zeros(4, np.uint8), r"\(4,\)"),
        (np.zeros((0, 4), np.uint8), "without pixels"),
        (np.broadcast_to(np.uint8(0), (60_000, 60_000)), "60,000 x 60,000"),
        (Image.new("L", (1, 1)).resize((2**13, 2**13)), "8,192 x 8,192"),
    ],
)
def test_other_pictures_are_refused(picture: np.ndarray, told: str) -> None:
    with pytest.raises(UndecodableScanError, match=told):
        grey_of(picture)


def test_a_damaged_picture_of_pil_s_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.png"
    path.write_bytes(hostile.lossless(2)[:5000])
    with Image.open(path) as picture, pytest.raises(UndecodableScanError, match="PIL"):
        grey_of(picture)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look anywhere")
def test_a_folder_that_may_not_be_looked_into_is_named(place: Path) -> None:
    (place / "empty").chmod(0)
    with pytest.raises(DataError, match=r"permissions, or give other scans as input="):
        find_files(["empty"])


def test_a_folder_that_is_shut_names_the_key(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(folder: Path) -> list[Path]:
        raise DataError("give another data.root")

    monkeypatch.setattr(given_module, "files_below", shut)
    with pytest.raises(DataError, match=r"permissions, or give other scans as input="):
        find_files(["scans"])
