"""Predictions as a CSV or JSON file, written while they are made."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from brain_tumor.errors import ConfigError, DataError
from brain_tumor.files.table_file import spreadsheet_cell
from brain_tumor.predict.model import Model
from brain_tumor.predict.predictions import Prediction, Unusable
from brain_tumor.runs.atomic_file import written_whole

ENDINGS = (".csv", ".json")
FLAGS = ("tumour", "ood_score", "out_of_distribution", "low_confidence")  # as fields are called
VERSION = 1  # of the JSON file's format; files of brain-tumor 0.6 and before have none

Write = Callable[[Prediction | Unusable, str], None]


def check_output(path: Path, overwrite: bool) -> None:
    """See that a file of this name can become the output, and is not there; nothing is written."""
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"output must end in {' or '.join(ENDINGS)}: {str(path)!r}")
    if path.is_dir() or (path.exists() and not overwrite):
        raise DataError(
            f"{path} is there already, and is not overwritten: give another file as output=..., or "
            "add overwrite=true."
        )


@contextmanager
def table_file(path: Path, model: Model) -> Iterator[Write]:
    """Give what writes a row; the file is there once all are written, or not at all."""
    try:
        with written_whole(path) as file:
            write = _csv if path.suffix.lower() == ".csv" else _json
            yield from write(file, model)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written ({error.strerror}): give another file as output=..."
        ) from error


def _row_of(result: Prediction | Unusable, overlay: str) -> dict[str, Any]:
    """Give a result as plain values; None or nothing where nothing is known."""
    if isinstance(result, Unusable):
        unknown = dict.fromkeys(("class", "probabilities", *FLAGS))
        return {"path": result.source, **unknown, "reason": result.reason, "overlay": ""}
    return {
        "path": result.source,
        "class": result.label,
        "probabilities": dict(result.probabilities),
        **{name: getattr(result, name) for name in FLAGS},
        "reason": "",
        "overlay": overlay,
    }


def _csv(file: IO[bytes], model: Model) -> Iterator[Write]:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    probabilities = [f"probability_{name}" for name in model.classes]
    further = (*FLAGS, "reason", "overlay")
    writer.writerow(["path", "class", *probabilities, *further])

    def write(result: Prediction | Unusable, overlay: str) -> None:
        row = _row_of(result, overlay)
        shares: Mapping[str, float] = row["probabilities"] or {}
        cells = [row["path"], row["class"], *(shares.get(name) for name in model.classes)]
        writer.writerow(map(_cell, [*cells, *(row[name] for name in further)]))

    yield write
    text.flush()
    text.detach()  # whoever opened the file closes it


def _json(file: IO[bytes], model: Model) -> Iterator[Write]:
    head: dict[str, Any] = {
        "version": VERSION,
        "model": str(model.path),
        "network": model.name,
        "classes": list(model.classes),
        "healthy": model.healthy,
        "temperature": model.chosen.temperature,
        "threshold": model.chosen.threshold,
        "ood_threshold": model.ood_threshold,
        "confident_from": model.confident_from if model.confident_from <= 1 else None,
    }
    if model.members:
        head["model"] = [str(path) for path in model.members]
    file.write(f'{json.dumps(head, indent=1)[:-2]},\n "scans": ['.encode())
    between = "\n"

    def write(result: Prediction | Unusable, overlay: str) -> None:
        nonlocal between
        file.write(f"{between}  {json.dumps(_row_of(result, overlay), allow_nan=False)}".encode())
        between = ",\n"

    yield write
    file.write(b"\n ]\n}\n")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.9g}"
    return "" if value is None else spreadsheet_cell(str(value))
