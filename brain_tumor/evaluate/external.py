"""Scans of other origin that a run is to be scored on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from brain_tumor.config.data import Say, check_patient_table
from brain_tumor.config.data_settings import patient_table, text_names
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.external.prepare import SEEN_FILE, prepare_external
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.sources.found import found_lines
from brain_tumor.data.sources.table import TableSource
from brain_tumor.data.sources.volumes import with_volumes
from brain_tumor.data.split import Split
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.files.source import ScanSource
from brain_tumor.files.volumes.slices import VolumeSettings
from brain_tumor.rendering.tables import unusable_note
from brain_tumor.runs.folder import RunFolder
from brain_tumor.settings import Settings


@dataclass(frozen=True)
class ExternalSettings(Settings, key="data"):
    """What stands under `data` in `conf/evaluate.yaml`, as it says there."""

    root: str | None
    table: str | None
    names: dict[Any, str | None] | None
    check_seen: bool
    patients: str | None
    prepared: str

    @property
    def place(self) -> str | None:
        """What lists the scans: a table or a folder; None for the run's own."""
        return self.root if self.table is None else self.table


def open_external(
    datamodule: ScanDataModule,
    asked: ExternalSettings,
    volume: VolumeSettings,
    say: Say,
) -> ScanDataModule:
    """Prepare scans of other origin as the run's own were, or open what was prepared before.

    Shows a progress bar on a terminal, and calls `say` with what was found before the work starts.
    Slices of volumes are taken as the run was trained on (`volume`).

    Returns:
        All scans that are left, as the test part.

    Raises:
        ConfigError: `names` names a class or a folder that is not there.
        DataError: Folder or table are not as expected, or no scan is left.
    """
    names = text_names(asked.names)
    classes = datamodule.prepared.classes
    root = None if asked.root is None else Path(asked.root).expanduser()
    listed: ScanSource
    if asked.table is not None:
        listed = TableSource(Path(asked.table).expanduser(), root, names, classes)
    else:
        listed = FolderSource(Path(str(root)), names, classes)
    source = with_volumes(listed, volume)
    for line in found_lines(source.root, list(source.scans()), source.classes, names):
        say(line)
    with preparing_bar() as progress:
        prepared = prepare_external(
            source,
            names,
            datamodule.prepared,
            datamodule.split,
            patient_table(asked.patients),
            Path(asked.prepared).expanduser(),
            f"external-{_name_of(source.root)}",
            progress,
        )
    check_patient_table(prepared, asked.patients, source.root)
    nothing = np.empty(0, np.int64)
    return ScanDataModule(
        prepared,
        Split(train=nothing, validation=nothing, test=np.arange(len(prepared.images))),
        batch_size=datamodule.batch_size,
        num_workers=datamodule.num_workers,
    )


def account_for_files(out: RunFolder, foreign: ScanDataModule, say: Say) -> None:
    """Put `seen.csv`, if there is one, beside the scores; say what became of the files."""
    prepared = foreign.prepared
    if (prepared.folder / SEEN_FILE).is_file():
        out.write(SEEN_FILE, (prepared.folder / SEEN_FILE).read_bytes())
    if unusable := [(row.path, row.reason) for row in prepared.unusable]:
        say(unusable_note(unusable))
    say(f"what became of every file: {prepared.folder / 'manifest.csv'}")


def _name_of(root: Path) -> str:
    try:
        name = root.resolve().name
    except (OSError, RuntimeError):  # a link in a circle; that it is no folder is said further on
        name = root.name
    # A file name holds 255 bytes; the fingerprint, which tells sets apart, needs room, too.
    return name.encode("utf-8", "backslashreplace").decode("utf-8")[:48]
