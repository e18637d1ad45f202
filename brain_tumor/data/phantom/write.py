"""Write a phantom folder whole or not at all, and take one that is already there."""

import contextlib
import json
import shutil
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from brain_tumor.data.phantom.files import write_scans
from brain_tumor.data.phantom.truth import PhantomTruth, read_truth, write_truth
from brain_tumor.errors import DataError
from brain_tumor.settings import Range, Settings

# Raised whenever the same settings give other bytes: no older folder is taken for a new one.
_DRAWING = 1
_SETTINGS, _README = "phantoms.json", "README.txt"
_README_TEXT = """\
These brain MRI scans are FAKE.

A program drew them (brain_tumor/data/phantom). They show nobody, they are not medical images,
and no result obtained with them says anything about real tumours. phantoms.csv lists every file.
"""


@dataclass(frozen=True)
class PhantomSettings(Settings, key="data.phantom"):
    """What phantoms are drawn; the same settings give the same bytes.

    Attributes:
        patients_per_class: Patients of each class.
        slices_per_patient: Slices drawn of each patient; copies come on top.
        seed: Seed of all drawings.
    """

    patients_per_class: Annotated[int, Range(1)] = 26
    slices_per_patient: Annotated[int, Range(2)] = 5
    seed: Annotated[int, Range(0)] = 0


def write_phantoms(root: Path, **numbers: Any) -> PhantomTruth:
    """Write a folder of phantoms, or use the one that is there if its settings are the same.

    The folder is made beside `root` and renamed into place, so it is whole or not there. Nothing
    that exists is overwritten or deleted.

    Args:
        root: Folder to write; it may be missing or empty.
        **numbers: `PhantomSettings`.

    Returns:
        What the folder holds.

    Raises:
        ConfigError: A number is too small, or not a whole number.
        DataError: `root` holds something else, or phantoms of other settings, or only a part; or
            it cannot be written.
    """
    root, settings = root.absolute(), {"drawing": _DRAWING, **asdict(PhantomSettings(**numbers))}
    try:
        if _is_taken(root):
            return _reuse(root, settings)
        return _write_folder(root, settings)
    except OSError as error:
        raise DataError(
            f"Phantoms cannot be written to {root} ({error.strerror or error}): give a writable "
            "folder with free space as data.root=..."
        ) from error


def _write_folder(root: Path, settings: dict[str, int]) -> PhantomTruth:
    beside = root.with_name(f".{root.name}-{uuid.uuid4().hex[:8]}")
    beside.mkdir(parents=True)
    try:
        patients, slices = settings["patients_per_class"], settings["slices_per_patient"]
        truth = write_scans(beside, patients, slices, settings["seed"])
        write_truth(beside, truth)
        (beside / _README).write_text(_README_TEXT, encoding="utf-8")
        (beside / _SETTINGS).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        try:
            with contextlib.suppress(FileNotFoundError):
                root.rmdir()  # an empty folder; Windows does not rename over one
            beside.rename(root)
        except OSError:
            # Another process has written it meanwhile; if not the same, this raises.
            if not _is_taken(root):
                raise
            return _reuse(root, settings)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return truth


def _is_taken(root: Path) -> bool:
    return root.is_symlink() or (root.exists() and (not root.is_dir() or any(root.iterdir())))


def _reuse(root: Path, settings: dict[str, int]) -> PhantomTruth:
    """Read the truth of the folder at `root` if it holds these phantoms, all of them."""
    try:
        found = json.loads((root / _SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(
            f"{root} is not empty and holds no phantoms: give another folder as data.root=..."
        ) from None
    if found != settings:
        raise DataError(
            f"{root} holds phantoms of other settings ({found}, wanted {settings}): "
            "give another folder as data.root=..., or delete that one."
        )
    truth = read_truth(root)
    missing = [scan.path for scan in truth.scans if not (root / scan.path).is_file()]
    if missing:
        raise DataError(
            f"{root} lacks {len(missing)} of its {len(truth.scans)} phantoms, {missing[0]} first: "
            "delete it to have it written anew."
        )
    return truth
