"""`export`: a run's network as one file for other programs, tried before it takes its place."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Literal

import torch
from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.values import check_values
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.split import TEST, TRAIN
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError, DataError
from brain_tumor.export.agreement import Part, Side, check_agreement, checkpoint_side
from brain_tumor.export.comparison import ExportResult, export_table, score_sides
from brain_tumor.export.exported import open_as
from brain_tumor.export.formats.onnx_file import as_onnx, needed
from brain_tumor.export.formats.pt2_file import as_pt2
from brain_tumor.export.graph import trace
from brain_tumor.export.metadata import gather_facts
from brain_tumor.export.quantise import BATCH, quantise
from brain_tumor.export.release import check_release, write_release
from brain_tumor.rendering.page import to_markdown
from brain_tumor.rendering.terminal import live_console, to_rich
from brain_tumor.runs.atomic_file import check_no_link, written_whole
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.provenance import installed, processor
from brain_tumor.runs.reopen import reopen_data
from brain_tumor.runs.results.json_file import JsonFile
from brain_tumor.settings import BatchSize, Range, Settings
from brain_tumor.trained.network import Trained, open_trained
from brain_tumor.trained.out_of_distribution import open_ood_detector
from brain_tumor.trust import Modules

FOLDER = "exports"  # of a run, or of its other checkpoint's evaluation
EXTRA = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class ExportSettings(Settings):
    """What stands at the top of `conf/export.yaml`, as it says there."""

    run: str
    format: Literal["onnx", "pt2"]
    path: str | None
    release: str | None
    overwrite: bool
    int8: bool
    calibration: Annotated[int, Range(1, 100_000)]  # beyond that nothing changes but the time
    checkpoint: Literal["best", "last"] | None
    root: str | None
    batch_size: BatchSize | None
    rounds: Annotated[int, Range(1, 1000)]
    prepared: str = "data/prepared"
    keep_freed_memory: bool = True
    trust: Modules = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.int8 and self.format != "onnx":
            raise ConfigError(
                f"int8=true is for ONNX files, format is {self.format}: leave one of them out."
            )
        if self.release is not None and self.format != "onnx":
            raise ConfigError(
                f"release is for ONNX files, format is {self.format}: leave format out."
            )
        if self.path is not None and Path(self.path).suffix != f".{self.format}":
            raise ConfigError(f"path must end in .{self.format}, as format says: {self.path}")


def export(config: DictConfig) -> ExportResult:
    """Write a run's network as one file, try it on the test scans, and print how it does.

    Beside the file lie the printed table, as `<file>.md`, and its numbers, as `<file>.json`.
    """
    hush_lightning()
    asked = parse_settings(ExportSettings, check_values(config, "export"))
    for name in EXTRA if asked.format == "onnx" else ():
        needed(name)
    trained = open_trained(Path(asked.run), asked.checkpoint)
    release = None if asked.release is None else Path(asked.release).expanduser()
    if release is not None:
        check_release(release, trained)
    place, small = _places(asked, trained)
    datamodule = reopen_data(trained.run, asked.root, asked.prepared, asked.batch_size)
    console = Console(highlight=False)
    with live_console().status(f"exporting {trained.model}"):
        result = _written(asked, trained, datamodule, place, small)
    table = export_table(result)
    folder = RunFolder(place.parent)
    JsonFile(f"{place.name}.json", ExportResult, checked=False).write(folder, result)
    folder.write(f"{place.name}.md", f"{to_markdown(table)}\n".encode())
    console.print(to_rich(table, console.width))
    written = [place, *([small] if asked.int8 else [])]
    written.append(place.with_name(f"{place.name}.json"))
    if release is not None:
        written += write_release(release, trained, place)
    for path in written:
        console.print(f"written: {path}", soft_wrap=True, markup=False)
    return result


def _written(
    asked: ExportSettings, trained: Trained, datamodule: ScanDataModule, place: Path, small: Path
) -> ExportResult:
    """Write the file, and its quantised form where that is asked for, and compare them."""
    test, size = Part.of(datamodule, TEST), datamodule.batch_size
    facts, predict = gather_facts(trained), checkpoint_side(trained)
    detector = open_ood_detector(trained.scored)
    checkpoint = Side.of("checkpoint", trained.checkpoint, predict, detector, test, size)
    program = trace(trained)
    content = as_onnx(program, facts) if asked.format == "onnx" else as_pt2(program, facts)
    with written_whole(place) as file:
        ours = _tried(asked.format, place, content, file, asked.format, test, size)
        check_agreement(ours, checkpoint, test)
    sides = [checkpoint, ours]
    calibration = Part.of(datamodule, TRAIN).spaced(asked.calibration) if asked.int8 else None
    if calibration is not None:
        with written_whole(small) as file:
            quantised = quantise(content, facts, calibration.batches(BATCH))
            sides.append(_tried("int8", small, quantised, file, asked.format, test, size))
    return ExportResult(
        run=str(trained.run.path),
        model=trained.model,
        checkpoint=trained.checkpoint.name,
        format=asked.format,
        test_scans=len(test.rows),
        calibration_scans=None if calibration is None else len(calibration.rows),
        rounds=asked.rounds,
        threads=torch.get_num_threads(),
        processor=processor(),
        versions={name: installed(name) for name in ("brain-tumor", "torch", *EXTRA)},
        sides=score_sides(sides, test, trained.classes, asked.rounds),
    )


def _tried(
    name: str, place: Path, content: bytes, file: IO[bytes], form: str, test: Part, size: int
) -> Side:
    """Write a file, open it again, and let it classify the test scans."""
    file.write(content)
    file.flush()
    opened = open_as(form, Path(file.name), trusted=True)
    return Side.of(name, place, opened.predict, opened.detector, test, size)


def _places(asked: ExportSettings, trained: Trained) -> tuple[Path, Path]:
    """Give the place of the file and of its quantised form; DataError where none can be."""
    provided = asked.path and Path(asked.path).expanduser()
    place = provided or trained.scored.path / FOLDER / f"{trained.model}.{asked.format}"
    if not provided:
        check_no_link(trained.run.path, place.parent)
    small = place.with_name(f"{place.stem}-int8{place.suffix}")
    for path in (place, small) if asked.int8 else (place,):
        if path.exists() and not (asked.overwrite and path.is_file()):
            raise DataError(
                f"{path} is there already, and stays as it is: give overwrite=true, or another "
                "place as path=..."
            )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(place.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise DataError(
            f"{place} cannot be written ({error.strerror}): give a writable place as path=..."
        ) from error
    return place, small
