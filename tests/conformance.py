"""Compare the reader with Pillow's, pydicom's and nibabel's own reading.

    python tests/conformance.py FOLDER    (make conformance FOLDER=...)
    python tests/conformance.py           (make conformance)

Every picture, DICOM frame and slice of a volume below a folder is read by both. Prints how many
agree within one grey level, and lists the others with the reason of each. Without a folder: the
files that packages ship which are installed; the table goes to docs/concepts/conformance.md.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

import numpy as np
from reference_readers import (
    NotComparableError,
    by_nibabel,
    by_pillow,
    by_pydicom,
    frames_by_pillow,
    frames_by_pydicom,
    series_by_pydicom,
    with_head,
)

from brain_tumor.files.dicom import PREAMBLE, is_dicom
from brain_tumor.files.folders import files_below
from brain_tumor.files.read import ScanReader, scans_of
from brain_tumor.files.scans import ScanError
from brain_tumor.files.silence import silent
from brain_tumor.files.source import Scan
from brain_tumor.files.volumes.find import SliceReader, find_volumes
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.files.volumes.volume import VolumeFiles
from experiments.blocks import filled_block

NEAR = 1.5  # grey levels: one, and what rounding adds
# Modules whose packages ship pictures, DICOM files or volumes, by the package's name.
PACKAGES = {
    "pydicom": "pydicom",
    "pydicom-data": "data_store",
    "nibabel": "nibabel",
    "scikit-image": "skimage",
    "matplotlib": "matplotlib",
}
PAGE = Path(__file__).parents[1] / "docs" / "concepts" / "conformance.md"

AGREES, DIFFERS = "within one grey level", "differ"
REFUSED_BY_BOTH, REFUSED_HERE = "refused by both", "refused here alone"
READ_HERE = "read here alone"
VERDICTS = (AGREES, REFUSED_BY_BOTH, REFUSED_HERE, READ_HERE, DIFFERS)
_NO_SCAN = "not a picture"  # such as a package's own code


@dataclass(frozen=True)
class Compared:
    """How the two readings of a frame or slice compare.

    Attributes:
        name: The file, and the number of the frame, from 1.
        verdict: One of `VERDICTS`.
        said: The reason here or there, or by how much they differ.
    """

    name: str
    verdict: str
    said: str = ""


def compare_folder(folder: Path) -> Iterator[Compared]:
    """Compare every scan below a folder, without files that neither reader takes for one."""
    files = sorted(file for file in files_below(folder) if file.is_file())
    with silent():
        volumes = find_volumes(files)
    of_nifti = {volume.place for volume in volumes if len(volume.files) == 1}
    for volume in volumes:
        yield from _volume(volume)
    for path in files:
        if path in of_nifti:
            continue
        numbers = [scan.frame for scan in scans_of(path.parent, Scan(path.name, ""))]
        offered = _offered(path)
        if offered not in (None, len(numbers)):
            yield Compared(path.name, DIFFERS, f"{len(numbers)} and {offered} frames")
        for number in numbers:
            found = _frame(path, number)
            if found.verdict != REFUSED_BY_BOTH or found.said != _NO_SCAN:
                yield found


def folder_of(module: str) -> Path | None:
    """Give the folder of an installed package; None where it is not installed."""
    found = util.find_spec(module)
    return None if found is None or found.origin is None else Path(found.origin).parent


def count(compared: list[Compared]) -> list[int]:
    """Count each of `VERDICTS`."""
    found = Counter(one.verdict for one in compared)
    return [found[verdict] for verdict in VERDICTS]


def table_row(package: str, compared: list[Compared]) -> str:
    """Give a package's row of the page's table."""
    cells = [
        f"{package} {metadata.version(package)}",
        *(f"{number:,}" for number in count(compared)),
    ]
    return f"| {' | '.join(cells)} |"


def reasons(compared: list[Compared]) -> list[str]:
    """List what is refused here alone, by reason, as lines of Markdown."""
    found = Counter(one.said for one in compared if one.verdict == REFUSED_HERE)
    return [f"- {number:,}: {said}" for said, number in found.most_common()]


def _frame(path: Path, number: int | None) -> Compared:
    with silent():
        begin = path.read_bytes()[:PREAMBLE]
        reference = by_pydicom if is_dicom(begin, path.name) else _picture_or_volume
        name = path.name if number is None else f"{path.name}#{number + 1}"
        return _compare(
            name,
            lambda: ScanReader(path.parent).read(Scan(path.name, "", frame=number)).grey(),
            lambda: reference(path, number or 0),
        )


def _offered(path: Path) -> int | None:
    """Give the number of frames by the library; None where it cannot tell."""
    with silent():
        begin = path.read_bytes()[:PREAMBLE]
        count_frames = frames_by_pydicom if is_dicom(begin, path.name) else frames_by_pillow
        try:
            return count_frames(path)
        except Exception:  # any library's own way to say no
            return None


def _picture_or_volume(path: Path, number: int) -> np.ndarray:
    try:
        return by_pillow(path, number)
    except NotComparableError:
        raise
    except Exception:  # of other volumes than NIfTI
        return by_nibabel(path)[number]


def _volume(volume: VolumeFiles) -> Iterator[Compared]:
    name = volume.place.name
    with silent():
        try:
            ours = SliceReader(VolumeSettings("axial", "every 1")).slices(volume)
            problem = None
        except ScanError as error:
            ours, problem = {}, error
        try:
            theirs = (
                by_nibabel(volume.place)
                if len(volume.files) == 1
                else series_by_pydicom(volume.files)
            )
        except Exception as error:  # any library's own way to say no
            theirs, said = [], _short(error)
    if problem is not None:
        yield Compared(name, REFUSED_HERE if theirs else REFUSED_BY_BOTH, str(problem))
    elif theirs and [*ours] != with_head(theirs):
        yield Compared(name, DIFFERS, f"slices {[*ours]} and {with_head(theirs)}")
    for number, grey in ours.items():
        one = f"{name}#{number + 1}"
        yield _near(one, grey, theirs[number]) if theirs else Compared(one, READ_HERE, said)


def _compare(
    name: str, here: Callable[[], np.ndarray], there: Callable[[], np.ndarray]
) -> Compared:
    ours = theirs = None
    try:
        ours = here()
    except ScanError as error:
        reason = str(error)
    try:
        theirs = there()
    except Exception as error:  # any library's own way to say no
        other = _short(error)
    if ours is None:
        return Compared(name, REFUSED_BY_BOTH if theirs is None else REFUSED_HERE, reason)
    if theirs is None:
        return Compared(name, READ_HERE, other)
    return _near(name, ours, theirs)


def _near(name: str, ours: np.ndarray, theirs: np.ndarray) -> Compared:
    if ours.shape != theirs.shape:
        return Compared(name, DIFFERS, f"{ours.shape} and {theirs.shape}")
    difference = np.abs(ours - theirs.astype(np.float64))
    blank = ours.min() == ours.max() and theirs.min() == theirs.max()
    if blank or difference.max() <= NEAR:
        return Compared(name, AGREES)
    said = f"{difference.mean():.1f} levels on average, {difference.max():.0f} at most"
    return Compared(name, DIFFERS, said)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:80].replace("\n", " ")


def _print(compared: list[Compared]) -> None:
    for one in compared:
        if one.verdict != AGREES:
            print(f"{one.name}: {one.verdict}{f' ({one.said})' if one.said else ''}")
    pairs = zip(count(compared), VERDICTS, strict=True)
    print(", ".join(f"{number:,} {verdict}" for number, verdict in pairs))


def _write_page() -> None:
    rows, refused = [], []
    for package, module in PACKAGES.items():
        folder = folder_of(module)
        if folder is None:
            print(f"{package} is not installed: its row is left out (pip install {package}).")
            continue
        compared = list(compare_folder(folder))
        print(f"{package}:")
        _print(compared)
        rows.append(table_row(package, compared))
        refused += compared
    head = f"| files of | {' | '.join(VERDICTS)} |\n|---|{'---:|' * len(VERDICTS)}"
    text = "\n".join(
        [head, *rows, "", "Refused here alone, with the reason:", "", *reasons(refused)]
    )
    page = filled_block(PAGE.read_text(encoding="utf-8"), "conformance", text)
    PAGE.write_text(page, encoding="utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    if sys.argv[1:]:
        _print(list(compare_folder(Path(sys.argv[1]))))
    else:
        _write_page()
