"""From a composed configuration to the prepared set and its split.

Apart from `build`, so that `python -m brain_tumor.prepare` need not wait for torch.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.data_settings import DataSettings
from brain_tumor.config.source import build_source
from brain_tumor.data.prepared.prepare import prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.found import found_lines
from brain_tumor.data.sources.kaggle import differing_counts
from brain_tumor.data.split import FILE, Split, SplitSettings, split_scans
from brain_tumor.data.split_file import check_straddling, read_split
from brain_tumor.engine.preparation_bar import preparing_bar
from brain_tumor.errors import DataError
from brain_tumor.files.source import Scan

Say = Callable[[str], None]


def build_prepared(data: DataSettings, say: Say | None = None) -> PreparedSet:
    """Prepare the configured scans, or open what was prepared from the same before.

    `say` is called with what was found, line by line, before the work starts; a terminal shows a
    progress bar.
    """
    source = build_source(data)
    classes = data.classes or source.classes

    def found(scans: Sequence[Scan]) -> None:
        if say is None:
            return
        for line in found_lines(source.root, scans, classes, data.renamed):
            say(line)
        if data.source != "phantom" and data.healthy in classes:
            say(f"  without a tumour: {data.healthy}")

    directory = Path(data.prepared).expanduser()
    with preparing_bar() as progress:
        prepared = prepare_scans(
            source, data.preparation(classes), directory, data.name, progress, found
        )
    for one in data.joined:
        check_patient_table(prepared, one.patients, one.place, one.name)
    check_patient_table(prepared, data.patients, source.root)
    return prepared


def data_name(data: DataSettings, prepared: PreparedSet) -> str:
    """Give what a set is called in the record of a run.

    A folder that is given in place of a published set may hold anything: where its counts are not
    those of the known version, what is known of that set does not hold for it.
    """
    known = data.kaggle.known if data.source == "kaggle" and data.kaggle is not None else {}
    found = Counter((row.folder, row.label) for row in prepared.manifest)
    return f"{data.name} (other scans)" if differing_counts(found, known) else data.name


def check_patient_table(
    prepared: PreparedSet, patients: str | None, root: Path | str, source: str = ""
) -> None:
    """Make sure that a patient table, if it is no `figshare`, names files of these scans.

    `source` is which of several joined sets the table is for.
    """
    of_source = (row for row in prepared.manifest if row.source == source)
    if patients not in (None, "figshare") and not any(row.patient for row in of_source):
        raise DataError(
            f"The patient table {patients} names no file of {root}: its paths have to be "
            "relative to that folder, or its digests those of the files."
        )


def split_settings(node: Mapping[Any, Any]) -> SplitSettings:
    """Read what a split is made by; DataError where its file is not there."""
    settings = parse_settings(SplitSettings, node, "split")
    check_split_file(settings)
    return settings


def check_split_file(settings: SplitSettings, key: str = "split") -> None:
    """Make sure that the file of a split is there."""
    if settings.path is not None and not Path(settings.path).expanduser().is_file():
        raise DataError(
            f"There is no file {settings.path}: give a CSV file with the columns path and part as "
            f"{key}.path=PATH."
        )


def build_split(prepared: PreparedSet, settings: SplitSettings) -> Split:
    """Split the kept scans as configured.

    DataError where they cannot be split so, or a group stands on two sides of a split that is not
    meant to leak.
    """
    if settings.name == FILE:
        rows = {row.path: row.row for row in prepared.manifest}
        made = read_split(Path(str(settings.path)).expanduser(), rows)
    else:
        folders = [row.folder for row in prepared.kept]
        made = split_scans(prepared.labels, folders, prepared.groups, settings, prepared.sources)
    if not settings.leaky:
        paths = [row.path for row in prepared.kept]
        check_straddling(made, prepared.groups, paths, settings.path or settings.name)
    return made
