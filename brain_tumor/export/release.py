"""A small folder of a run for others, such as for an upload to the Hugging Face hub."""

import json
from pathlib import Path

from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.trained.network import Trained

MODEL = "model.onnx"  # the one file that `run=hf://OWNER/NAME` reads


def check_release(folder: Path) -> None:
    """See that a release can go into a folder; nothing is written.

    Raises:
        DataError: Something lies there already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} holds something already: give a new folder as release=...")


def write_release(folder: Path, trained: Trained, exported: Path) -> list[Path]:
    """Write what others need of a run: no scan, no checkpoint, no path of this machine.

    Args:
        folder: Where it goes; it is made.
        trained: The run's network.
        exported: Its ONNX file.

    Returns:
        The files: the network (`MODEL`), the model card as the hub shows it (`README.md`), all
        scores (`metrics.json`), and class names in the order of the probabilities (`labels.json`).

    Raises:
        DataError: One cannot be written, or the run lacks one.
    """
    labels = {"classes": trained.classes, "healthy": trained.healthy}
    try:
        contents = {
            MODEL: exported.read_bytes(),
            "README.md": (trained.scored.path / "MODEL_CARD.md").read_bytes(),
            "metrics.json": (trained.scored.path / "metrics.json").read_bytes(),
            "labels.json": f"{json.dumps(labels, indent=2)}\n".encode(),
        }
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"The release cannot be made, {error.filename} is the reason ({error.strerror}): "
            "evaluate the run again, or give another folder as release=..."
        ) from error
    place = RunFolder(folder)
    for name, content in contents.items():
        place.write(name, content)
    return [folder / name for name in contents]
