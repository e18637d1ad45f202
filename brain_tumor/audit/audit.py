"""Audit the scans of a configuration: measure, write the page, print the tables."""

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.audit.contact_sheets import audit_sheets
from brain_tumor.audit.page.blocks import SHEETS
from brain_tumor.audit.page.page import answer, audit_page, audit_tables, further_lines
from brain_tumor.audit.probes import load_frozen, measure_shortcuts, score_runs
from brain_tumor.audit.published_counts import Counts, compare_with_report
from brain_tumor.audit.record import (
    count_exact_duplicates,
    describe_files,
    describe_near_duplicates,
    describe_patients,
    list_lookalikes,
    measure_leakage,
)
from brain_tumor.audit.results.audit import (
    AUDIT,
    Audit,
    AuditedData,
    AuditProvenance,
    AuditSeconds,
)
from brain_tumor.audit.splits import audited_splits, check_splits
from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.data import build_prepared
from brain_tumor.config.data_settings import DataSettings, check_healthy, healthy_note
from brain_tumor.config.network import check_network
from brain_tumor.config.source import fill_classes
from brain_tumor.config.values import check_values
from brain_tumor.data.groups.lookalikes import find_lookalikes
from brain_tumor.data.groups.pairs import Pair, read_pairs
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.split import SplitSettings
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError, DataError, suggest
from brain_tumor.models.registry import TARGET, network_names
from brain_tumor.rendering.page import render
from brain_tumor.rendering.tables import unusable_note
from brain_tumor.rendering.terminal import live_console, to_rich
from brain_tumor.runs.finished import find_folders, listed, read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.peak_memory import peak_resident
from brain_tumor.runs.provenance import provenance
from brain_tumor.settings import Range, Settings
from brain_tumor.trust import Modules

# Where `data.patients=figshare` knows patients from.
FIGSHARE = "Figshare brain tumor dataset (Jun Cheng, CC BY 4.0), matched by correlation"


def audit(config: DictConfig) -> Audit:
    """Audit the configured scans; write `audit.html`, `audit.json` and `sheets/`, print tables.

    Args:
        config: As `conf/audit.yaml` composes it; `folder` must be given where Hydra does not run.

    Returns:
        The content of `audit.json`.

    Raises:
        BrainTumorError: Anything that the user can fix.
    """
    hush_lightning()
    # Mistakes are found first, before the long work.
    settings = audit_settings(config)
    console = Console(highlight=False, markup=False)  # a path may hold [brackets]
    say = partial(console.print, soft_wrap=True)
    folders = find_folders(listed(settings.runs), "run.json", "run")
    runs = [read_run(folder) for folder in folders]
    frozen = None if settings.frozen.get("weights") is None else load_frozen(settings.frozen)
    out = RunFolder(Path(settings.folder))
    out.claim(AUDIT.name, "folder")
    out.create("folder")
    started, clock = datetime.now(timezone.utc), time.perf_counter()
    prepared = build_prepared(settings.data, say)
    if prepared.unusable:
        say(unusable_note([(row.path, row.reason) for row in prepared.unusable]))
    note = healthy_note(settings.one_against_rest, prepared.classes)
    if note is not None:
        say(note)
    ready = time.perf_counter()
    scores = score_runs(prepared, runs, settings.rest)
    splits = list(audited_splits(prepared, settings.splits, settings.report_seeds, say))
    with live_console().status("auditing") as status:
        status.update("looking for scans that look alike across splits")
        alike = find_lookalikes(prepared)
        name, rest = str(settings.frozen.get("name")), settings.rest
        probed = measure_shortcuts(prepared, splits, frozen, name, rest, status.update)
        shortcuts = (*probed, *scores)
        leakage = measure_leakage(prepared, splits, alike)
        lookalikes = list_lookalikes(prepared, alike)
        exact = count_exact_duplicates(prepared)
        near = describe_near_duplicates(prepared, _pairs(prepared))
        known = settings.data.patients
        patients = describe_patients(prepared, FIGSHARE if known == "figshare" else known)
        status.update("drawing contact sheets")
        sheets = audit_sheets(prepared, exact, near, lookalikes)
    files = describe_files(prepared, settings.data.kaggle)
    # Of other scans than the published ones the report says nothing.
    published = files.known_version is not None and files.known_version.same
    found = Audit(
        data=AuditedData(
            name=settings.data.name,
            root=settings.data.place,
            prepared=str(prepared.folder),
            fingerprint=prepared.fingerprint,
            classes=tuple(prepared.classes),
            harmonise=prepared.summary["harmonise"],
        ),
        files=files,
        exact=exact,
        near=near,
        patients=patients,
        leakage=leakage,
        lookalikes=lookalikes,
        shortcuts=shortcuts,
        report=compare_with_report(prepared, settings.counts if published else None),
        provenance=AuditProvenance(
            **vars(provenance()),
            started=started.isoformat(timespec="seconds"),
            seconds=AuditSeconds(round(ready - clock, 1), round(time.perf_counter() - ready, 1)),
            peak_memory_bytes=peak_resident(),
        ),
    )
    for name, png in sheets.items():
        out.write(f"{SHEETS}/{name}.png", png)
    AUDIT.write(out, found)
    out.write("audit.html", render(audit_page(found, sheets)).encode())
    for line in (answer(found), *further_lines(found)):
        console.print(line)
    for table in audit_tables(found, settings.verbose):
        console.print(to_rich(table, console.width))
    say(f"prepared set: {prepared.folder}")
    say(f"numbers:      {out.path / AUDIT.name}")
    say(f"page:         {out.path / 'audit.html'}")
    return found


@dataclass(frozen=True)
class AuditSettings(Settings):
    """What stands at the top of `conf/audit.yaml`, as it says there."""

    data: DataSettings
    splits: dict[str, SplitSettings]
    frozen: dict[str, Any]
    report_seeds: Annotated[int, Range(1, 1000)]
    one_against_rest: str | None
    runs: list[str] | str
    folder: str
    out: str = "runs"
    keep_freed_memory: bool = True
    verbose: bool = False
    trust: Modules = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_splits(self.splits, self.report_seeds)
        rest, classes = self.one_against_rest, self.data.classes or ()
        check_healthy(rest, classes, "one_against_rest")
        # What data.healthy names may be missing, which is said; what was typed may not.
        if rest not in (None, self.data.healthy, *classes):
            raise ConfigError(
                f"one_against_rest is {rest!r}, which is no class: {suggest(str(rest), classes)}"
            )
        name = str(self.frozen.get("name"))
        if self.frozen.get(TARGET) is None and name not in network_names():
            raise ConfigError(f"frozen.name is {name!r}: {suggest(name, network_names())}")
        _ = self.counts

    @property
    def rest(self) -> str | None:
        """The class told from all others; None where there is none."""
        one = self.one_against_rest
        return one if one in (self.data.classes or ()) else None

    @property
    def counts(self) -> Counts | None:
        """What the report counts; None where it is not about these scans."""
        report = self.data.report
        return None if report is None else parse_settings(Counts, report, "data.report")


def audit_settings(config: DictConfig) -> AuditSettings:
    """Read what is audited; no scan is read.

    Raises:
        BrainTumorError: A value is unknown, of the wrong kind or outside its range.
    """
    fill_classes(config, "audit")
    settings = parse_settings(AuditSettings, check_values(config, "audit"))
    data = settings.data
    check_network(dict(settings.frozen), len(data.classes or ()), data.crop.size)
    return settings


def _pairs(prepared: PreparedSet) -> list[Pair]:
    path = prepared.folder / "near_duplicates.csv"
    try:
        return read_pairs(path, [row.path for row in prepared.manifest])
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}): delete the folder and prepare the scans again."
        ) from error
