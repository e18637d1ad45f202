"""The data of an earlier run: the very same scans in the very same parts, or an error."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import DataSettings, data_settings
from brain_tumor.config.source import build_source
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.prepared.prepare import fingerprint_before
from brain_tumor.data.prepared.prepared_set import PreparedSet, open_prepared
from brain_tumor.data.prepared.thumbnails import THUMBNAIL
from brain_tumor.data.split import Split
from brain_tumor.data.split_file import read_split
from brain_tumor.errors import DataError, ScansGoneError
from brain_tumor.runs.earlier_versions import thresholds_before
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.run import RUN


def write_split(run: RunFolder, prepared: PreparedSet, split: Split) -> None:
    """Write `split.csv`: path, class, part and group of every scan of the run."""
    kept, groups = prepared.kept, prepared.groups
    rows = [
        (kept[row].path, kept[row].label, part, groups[row])
        for part, members in split.parts.items()
        for row in members
    ]
    run.write_rows("split.csv", ("path", "label", "part", "group"), rows)


def reopen_data(
    run: RunFolder, root: str | None, directory: str, batch_size: int | None = None
) -> ScanDataModule:
    """Open the prepared set of a run with the parts that its `split.csv` names, else a DataError.

    `root` is where the raw scans lie now, None where training found them. Where the prepared set is
    gone, it is made again in `directory`: not where the run's configuration says, which may be
    somebody else's.
    """
    folder = Path(RUN.read(run).data.prepared)
    gone = not (folder / "summary.json").is_file()
    data = data_settings(run.read_config().data)
    data = replace(data, prepared=directory if gone else str(folder.parent))
    if root is not None:
        data = replace(data, root=root)
    prepared = reopen_prepared(run, data, "root", moved=root is not None)
    return ScanDataModule(
        prepared,
        reopen_split(run, prepared),
        batch_size=batch_size or data.batch_size,
        num_workers=data.num_workers,
    )


def without_scans(
    run: RunFolder, classes: tuple[str, ...], batch_size: int | None = None
) -> ScanDataModule:
    """Give what is known of a run's data without its scans: how others are prepared like them.

    The prepared set is empty: images `(0, size, size)` and thumbnails `(0, 96, 96)`, uint8, and no
    manifest; so is each part. `classes` are those of the checkpoint, in its order. Raises a
    DataError or ConfigError where the run's configuration or `run.json` cannot be read.
    """
    data, known = data_settings(run.read_config().data), RUN.read(run).data
    how, size = data.preparation(classes), data.crop.size
    summary = {
        name: asdict(value)
        for name, value in (
            ("crop", how.crop),
            ("harmonise", how.harmonise),
            ("near_duplicates", how.near_duplicates),
        )
    }
    prepared = PreparedSet(
        Path(known.prepared),
        known.fingerprint,
        classes,
        np.empty((0, size, size), np.uint8),
        np.empty((0, THUMBNAIL, THUMBNAIL), np.uint8),
        (),
        summary,
    )
    nothing = np.empty(0, np.int64)
    split = Split(train=nothing, validation=nothing, test=nothing)
    return ScanDataModule(
        prepared, split, batch_size=batch_size or data.batch_size, num_workers=data.num_workers
    )


def _tables_beside(data: DataSettings) -> DataSettings:
    """Look for tables that are gone in the folder of scans, which may have moved with them."""
    if not data.root:
        return data
    place = Path(data.root).expanduser()

    def there(table: str | None) -> str | None:
        if table is None or Path(table).expanduser().is_file():
            return table
        moved = place / Path(table).name
        return str(moved) if moved.is_file() else table

    return replace(data, table=there(data.table), patients=there(data.patients))


def reopen_prepared(
    run: RunFolder, data: DataSettings, key: str = "data.root", moved: bool = False
) -> PreparedSet:
    """Open the prepared set of a run, or prepare its scans again; DataError where they are others.

    `key` is what the command calls the folder of raw scans. Where they have `moved`, they are
    looked at again.
    """
    data = _tables_beside(data)
    known = RUN.read(run).data
    folder = Path(known.prepared)
    there = folder.is_dir() and not moved
    prepared = open_prepared(folder) if there else _prepared_again(run, data, folder, key)
    noted = known.fingerprint
    if noted != prepared.fingerprint and noted != _fingerprint_before(run, data):
        raise ScansGoneError(
            f"{prepared.folder} is not the prepared set of {run.path} (fingerprint "
            f"{prepared.fingerprint[:12]}, the run has {noted[:12]}): give the "
            f"scans that it was trained on as {key}=FOLDER."
        )
    return prepared


def _prepared_again(run: RunFolder, data: DataSettings, before: Path, key: str) -> PreparedSet:
    table = None if data.table is None else Path(data.table).expanduser()
    root = Path(data.root).expanduser() if data.root else table.parent if table else None
    gone = root if root is not None and not root.is_dir() else None
    if gone is None and table is not None and not table.is_file():
        gone = table
    if gone is not None and data.source != "phantom":  # which are drawn again
        raise ScansGoneError(
            f"{run.path} needs the scans that it was trained on, but its prepared set {before} is "
            f"gone, and {gone} is not there: give the folder that holds them now as {key}=FOLDER."
        )
    try:
        return build_prepared(data)
    except DataError as error:
        raise DataError(str(error).replace("data.root=", f"{key}=")) from error


def _fingerprint_before(run: RunFolder, data: DataSettings) -> str | None:
    """Give the fingerprint that version 0.6 gave these scans, where the run is of that version.

    The pixels are the same; only which scans belong together is found otherwise today.
    """
    thresholds = thresholds_before(run.read_config(as_written=True))
    if thresholds is None:
        return None
    return fingerprint_before(build_source(data), data.preparation(data.classes or ()), thresholds)


def reopen_split(run: RunFolder, prepared: PreparedSet) -> Split:
    """Read the parts of a run from its `split.csv`; DataError where that is missing or damaged."""
    if (run.path / "split.csv").is_file():
        run.read_rows("split.csv")  # for its checksum: some lines less are a split, too
    return read_split(run.path / "split.csv", {row.path: row.row for row in prepared.manifest})
