"""An audit from a composed configuration: look at the data, write the page, print the tables."""

import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from brain_tumor.audit.contact_sheets import audit_sheets
from brain_tumor.audit.page.page import audit_page, audit_summary
from brain_tumor.audit.probes import (
    Announce,
    frozen_features,
    load_frozen,
    probe,
    score_trained,
    shortcut_features,
)
from brain_tumor.audit.published_counts import check_report, report_record
from brain_tumor.audit.record import (
    exact_record,
    files_record,
    leakage_record,
    lookalikes_record,
    near_record,
    patients_record,
)
from brain_tumor.audit.splits import AuditedSplit, audited_splits, check_splits
from brain_tumor.config.arguments import check_arguments, plain_values
from brain_tumor.config.data import build_prepared, data_settings
from brain_tumor.config.network import check_network
from brain_tumor.config.values import check_values
from brain_tumor.data.groups.lookalikes import find_lookalikes
from brain_tumor.data.groups.pairs import Pair, read_pairs
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError, DataError, suggest
from brain_tumor.models.network import Network
from brain_tumor.models.registry import network_names
from brain_tumor.rendering.page import render, to_rich
from brain_tumor.runs.finished import find_folders, listed, read_run
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.peak_memory import peak_resident
from brain_tumor.runs.provenance import provenance


def audit(config: DictConfig) -> dict[str, Any]:
    """Audit the configured scans; write `audit.html`, `audit.json` and `sheets/`, print tables.

    Args:
        config: As `conf/audit.yaml` composes it; `folder` must be given where Hydra does not run.

    Returns:
        The content of `audit.json`.

    Raises:
        BrainTumorError: Anything that the user can mend.
    """
    hush_lightning()
    # First what may be wrong, so that a mistake costs no waiting.
    check_audit(config)
    console = Console(highlight=False, markup=False)  # a path may hold [brackets]
    folders = find_folders(listed(config.runs, "runs"), "run.json", "run")
    trained = [read_run(folder) for folder in folders]
    frozen = None if config.frozen.weights is None else load_frozen(config.frozen)
    out = RunFolder(Path(str(config.folder)))
    out.claim("audit.json", "folder")
    out.create("folder")
    begun, started = time.perf_counter(), datetime.now(timezone.utc)
    prepared = build_prepared(config.data)
    ready = time.perf_counter()
    scores = score_trained(prepared, trained, config.one_against_rest)
    made = list(audited_splits(prepared, config.splits, config.report_seeds))
    splits = [split for split in made if isinstance(split, AuditedSplit)]
    for note in (split for split in made if isinstance(split, str)):
        console.print(note, soft_wrap=True)
    with console.status("auditing") as status:
        record = _look(config, prepared, splits, frozen, status.update)
        record["shortcuts"] += scores
        status.update("drawing contact sheets")
        sheets = audit_sheets(prepared, record)
    record["provenance"] = provenance() | {
        "started": started.isoformat(timespec="seconds"),
        "seconds": {
            "preparing": round(ready - begun, 1),
            "auditing": round(time.perf_counter() - ready, 1),
        },
        "peak_memory_bytes": peak_resident(),
    }
    for name, png in sheets.items():
        out.write(f"sheets/{name}.png", png)
    out.write_json("audit.json", record)
    out.write("audit.html", render(audit_page(record, sheets, "sheets")).encode())
    for table in audit_summary(record):
        console.print(to_rich(table))
    console.print(f"prepared set: {prepared.folder}", soft_wrap=True)
    console.print(f"numbers:      {out.path / 'audit.json'}", soft_wrap=True)
    console.print(f"page:         {out.path / 'audit.html'}", soft_wrap=True)
    return record


@dataclass(frozen=True)
class AuditValues:
    """What stands at the top of `conf/audit.yaml`, as it says there."""

    data: dict[str, Any]
    splits: dict[str, Any]
    frozen: dict[str, Any]
    report_seeds: int
    one_against_rest: str | None
    runs: list[str] | str
    folder: str
    out: str = "runs"
    keep_freed_memory: bool = True


def check_audit(config: DictConfig) -> None:
    """Look at every configured value of an audit; no scan is read.

    Raises:
        BrainTumorError: One is unknown, of the wrong kind or outside its range.
    """
    plain = check_values(config, "audit")
    check_arguments(AuditValues, plain)
    config = OmegaConf.create(plain)
    scans = data_settings(config.data)
    check_report(plain["data"].get("report"))
    check_splits(config.splits, config.report_seeds)
    rest = config.one_against_rest
    if rest is not None and rest not in scans.classes:
        raise ConfigError(
            f"one_against_rest is {rest!r}, which is no class: {suggest(rest, scans.classes)}"
        )
    name = str(config.frozen.get("name"))
    if name not in network_names():
        raise ConfigError(f"frozen.name is {name!r}: {suggest(name, network_names())}")
    check_network(plain_values(config.frozen, "frozen"), len(scans.classes), scans.crop.size)


def _look(
    config: DictConfig,
    prepared: PreparedSet,
    splits: list[AuditedSplit],
    frozen: Network | None,
    announce: Announce,
) -> dict[str, Any]:
    data = config.data
    announce("looking for scans that look alike across splits")
    lookalikes = find_lookalikes(prepared)
    announce("measuring shortcuts")
    probed = (prepared, splits)
    shortcuts = list(
        probe(*probed, shortcut_features(prepared), "probe", config.one_against_rest, announce)
    )
    if frozen is not None:
        features = {
            f"the whole scan: frozen {config.frozen.name} features, logistic regression": (
                frozen_features(prepared, frozen, announce)
            )
        }
        shortcuts += probe(*probed, features, "classifier", config.one_against_rest, announce)
    return {
        "data": {
            "name": str(data.name),
            "root": str(data.root or "fetched from Kaggle"),
            "prepared": str(prepared.folder),
            "fingerprint": prepared.fingerprint,
            "classes": list(prepared.classes),
            "harmonise": prepared.summary["harmonise"],
        },
        "files": files_record(prepared, data.get("kaggle")),
        "exact": exact_record(prepared),
        "near": near_record(prepared, _pairs(prepared)),
        "patients": patients_record(prepared, _source(data.patients)),
        "leakage": leakage_record(prepared, splits, lookalikes),
        "lookalikes": lookalikes_record(prepared, lookalikes),
        "shortcuts": shortcuts,
        "report": report_record(prepared, data.get("report")),
    }


def _pairs(prepared: PreparedSet) -> list[Pair]:
    path = prepared.folder / "near_duplicates.csv"
    try:
        return read_pairs(path, [row.path for row in prepared.manifest])
    except (OSError, KeyError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}): delete the folder and prepare the scans again."
        ) from error


def _source(patients: str | None) -> str | None:
    if patients == "figshare":
        return "Figshare brain tumor dataset (Jun Cheng, CC BY 4.0), matched by correlation"
    return patients
