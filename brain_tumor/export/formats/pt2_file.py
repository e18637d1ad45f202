"""A `.pt2` file of torch.export, written and opened: loading one runs what it holds."""

import io
import zipfile
from pathlib import Path

import torch
from torch.export import ExportedProgram

from brain_tumor.engine.quiet import hushed
from brain_tumor.errors import WeightsError
from brain_tumor.export.graph import Run, Scans, Values
from brain_tumor.export.metadata import NAMES, Facts, as_texts, from_texts, max_text, refused

FOLDER = "extra"  # of the archive, where torch keeps texts


def as_pt2(program: ExportedProgram, facts: Facts) -> bytes:
    """Write what `torch.export.load` reads; facts are its extra files."""
    content = io.BytesIO()
    torch.export.save(program, content, extra_files=as_texts(facts))
    return content.getvalue()


def open_pt2(path: Path, trusted: bool) -> tuple[Facts, Run]:
    """Open a `.pt2` file that we wrote; it is run on the CPU.

    torch 2.15 unpickles weights, constants and example inputs without `weights_only` where the file
    asks for it, and evaluates guards and shapes that it holds as text, so a file of unknown origin
    may do anything. The facts are read without torch, and nothing else before it is trusted.
    """
    facts = _read_facts(path)
    if not trusted:
        raise WeightsError(
            f"{path} is not opened, because torch runs code that a .pt2 file may hold: give "
            "trusted=true if you know who wrote it, or take the ONNX file, which can only compute."
        )
    try:
        # Else torch shows a traceback of what is refused here.
        with hushed("torch.export"), path.open("rb") as file:
            module = torch.export.load(file).module()
    except Exception as error:  # json, zip, pickle and torch each have their own kinds
        raise refused(path, f"torch does not load it: {type(error).__name__}") from error

    def run(scans: Scans) -> tuple[Values, Values]:
        try:
            with torch.inference_mode():
                probabilities, features = module(torch.from_numpy(scans))
            return probabilities.numpy(), features.numpy()
        except Exception as error:
            raise refused(path, f"its graph fails: {type(error).__name__}") from error

    return facts, run


def _read_facts(path: Path) -> Facts:
    texts = {}
    try:
        if not path.is_file():  # a pipe would wait for its writer
            raise OSError(2, "there is no such file")
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                *_, folder, name = ("", "", *entry.filename.split("/"))
                # An entry is never read beyond the size that it names.
                if folder == FOLDER and name in NAMES and entry.file_size <= max_text(name):
                    texts[name] = archive.read(entry).decode()
    except (OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise refused(path, getattr(error, "strerror", None) or "its archive is damaged") from error
    except zipfile.BadZipFile as error:
        raise refused(path, "it is no .pt2 file, or damaged") from error
    return from_texts(path, texts)
