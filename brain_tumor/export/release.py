"""A small folder of a run for others, such as for an upload to the Hugging Face hub."""

import json
from pathlib import Path

from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder
from brain_tumor.trained.network import Trained

MODEL = "model.onnx"  # the one file that `run=hf://OWNER/NAME` reads
OF_RUN = {"README.md": "MODEL_CARD.md", "metrics.json": "metrics.json"}


def check_release(folder: Path, trained: Trained) -> None:
    """See that a run has what a release holds, and a folder room for it; nothing is written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder} holds something already: give a new folder as release=...")
    for name in OF_RUN.values():
        if not (trained.scored.path / name).is_file():
            raise DataError(
                f"{trained.scored.path} has no {name}, which a release holds: write it with "
                f"python -m brain_tumor.evaluate run={trained.run.path} "
                f"checkpoint={trained.checkpoint.stem}"
            )


def write_release(folder: Path, trained: Trained, exported: Path) -> list[Path]:
    """Write what others need of a run: no scan, no checkpoint, no path of this machine.

    The network (`MODEL`), the model card as the hub shows it (`README.md`), all scores
    (`metrics.json`), and class names in the order of the probabilities (`labels.json`); gives the
    files.
    """
    labels = {"classes": trained.classes, "healthy": trained.healthy}
    try:
        contents = {
            MODEL: exported.read_bytes(),
            **{here: (trained.scored.path / name).read_bytes() for here, name in OF_RUN.items()},
            "labels.json": f"{json.dumps(labels, indent=2)}\n".encode(),
        }
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"The release cannot be made, {error.filename} is the reason ({error.strerror}): give "
            "another folder as release=..."
        ) from error
    place = RunFolder(folder)
    for name, content in contents.items():
        place.write(name, content)
    return [folder / name for name in contents]
