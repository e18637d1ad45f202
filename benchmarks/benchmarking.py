"""The benchmark from a composed configuration: measure, print the tables, write them."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from benchmarks.contests import contests
from benchmarks.figure import ratio_figure
from benchmarks.growth import measure_growth
from benchmarks.larger import measure_larger
from benchmarks.machine import machine_record
from benchmarks.materials import Materials, lay_ready
from benchmarks.measuring import Record, Told, hold
from benchmarks.on_cuda import measure_cuda
from benchmarks.tables import speed_header, speed_legend, speed_markdown, speed_tables
from brain_tumor.config.arguments import check_arguments
from brain_tumor.config.data import data_settings, split_settings
from brain_tumor.config.values import check_values
from brain_tumor.data.datamodule import check_loading
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.evaluate.part_scores import scoring_settings
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.page import to_rich
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.provenance import provenance
from brain_tumor.train.check_config import check_building

GROWTH, LARGER, CUDA = "growth", "larger_than_memory", "cuda"
LEAST = {"repeats": 1, "steps": 1, "lead": 1, "growth_repeats": 1, "warm_up": 0}
LEAST |= {"peer_workers": 1, "cuda_epochs": 1}
OFTEN = {"threads": 1, "raw_scans": 1, "test_scans": 1}  # may be null
ROWS = (
    *("prepare", "prepare_again", "augment", "train_gbmnet", "train_mobilenetv2"),
    *("score_gbmnet", "score_mobilenetv2", "help"),
)
MODELS = ("gbmnet", "mobilenetv2")


def benchmark(config: DictConfig) -> Record:
    """Measure the chosen rows; write `benchmark.json`, `benchmark.md` and a figure of the ratios.

    Args:
        config: As `conf/benchmark.yaml` composes it; `folder` must be given where Hydra does not
            run.

    Returns:
        The content of `benchmark.json`. A target that is missed, or a side that fails, is told
        there and raises nothing.

    Raises:
        BrainTumorError: Anything that the user can mend before something is measured.
    """
    hush_lightning()
    check(config)
    out = RunFolder(Path(str(config.folder)))
    out.claim("benchmark.json", "folder")
    out.create("folder")
    scratch = out.path / "scratch"
    scratch.mkdir()
    console = Console(highlight=False)
    made = provenance() | {"started": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    try:
        materials = lay_ready(config, scratch.resolve())
        record = {"provenance": made} | _nothing_yet(materials)
        for _ in _measure(materials, record, partial(_tell, console)):
            # After each part, so that what was measured stays if it is stopped.
            out.write_json("benchmark.json", record)
            out.write("benchmark.md", speed_markdown(record).encode())
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"what was measured so far is in {out.path}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    figure = ratio_figure(record)
    if figure is not None:
        save_figure(figure, out.write, "ratios")
    for line in speed_header(record):
        console.print(line, soft_wrap=True, markup=False)
    for table in speed_tables(record):
        console.print(to_rich(table))
    for line in speed_legend(record):
        console.print(line, markup=False)
    console.print(f"written: {out.path / 'benchmark.json'}", soft_wrap=True, markup=False)
    return record


@dataclass(frozen=True)
class BenchmarkValues:
    """What stands at the top of `conf/benchmark.yaml`, as it says there."""

    data: dict[str, Any]
    split: dict[str, Any]
    augment: dict[str, Any] | None
    models: dict[str, dict[str, Any]]
    training: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any] | None
    trainer: dict[str, Any]
    callbacks: dict[str, Any]
    logger: dict[str, Any]
    evaluation: dict[str, Any]
    seed: int
    rows: list[str]
    warm_up: int
    repeats: int
    threads: int | None
    steps: int
    lead: int
    peer_workers: int
    raw_scans: int | None
    test_scans: int | None
    growth_repeats: int
    cuda_epochs: int
    larger_than_memory: dict[str, Any]
    targets: dict[str, dict[str, float]]
    folder: str
    run_folder: str
    out: str = "runs"


@dataclass(frozen=True)
class LargerValues:
    """What stands under `larger_than_memory`."""

    times_memory: float
    scans: int | None


def check(config: DictConfig) -> None:
    """Look at every configured value; no scan is read.

    Raises:
        BrainTumorError: One is unknown, of the wrong kind or outside its range.
    """
    plain = check_values(config, "benchmark")
    check_arguments(BenchmarkValues, plain)
    check_arguments(LargerValues, plain["larger_than_memory"], "larger_than_memory")
    known = (*ROWS, GROWTH, LARGER, CUDA)
    for key, names in (("rows", plain["rows"]), ("targets", plain["targets"])):
        for name in names:
            if name not in known:
                raise ConfigError(f"{key} names {name!r}: {suggest(name, known)}")
    for name in ROWS:
        if name not in plain["targets"]:
            raise ConfigError(f"targets.{name} is not given: leave it as it is.")
    for name, least in (LEAST | OFTEN).items():
        value = plain[name]
        if value is not None and value < least:
            raise ConfigError(f"{name} must be a whole number of at least {least}: {value!r}")
    if plain["augment"] is None:
        raise ConfigError("augment=none leaves the peers nothing to do: leave augment=report.")
    larger = plain["larger_than_memory"]
    if not 0 < larger["times_memory"] <= 100 or (larger["scans"] or 1) < 1:
        raise ConfigError(f"larger_than_memory must have positive values: {larger}")
    check_loading(plain["data"].get("batch_size"), plain["data"].get("num_workers"), plain["seed"])
    config = OmegaConf.create(plain)
    scans, split = data_settings(config.data), split_settings(config.split)
    scoring_settings(config.evaluation)
    for name in MODELS:
        if name not in plain["models"]:
            raise ConfigError(f"models.{name} is not given: leave it as it is.")
    if "lr" not in plain["optimizer"]:
        raise ConfigError("optimizer.lr is not given: the peers need it.")
    for name, model in plain["models"].items():
        if model.get("name") != name:
            raise ConfigError(f"models.{name}.name must be {name}: {model.get('name')!r}")
        whole = OmegaConf.create(plain | {"model": model})
        check_building(whole, scans.classes, scans.crop.size, split)


def _nothing_yet(materials: Materials) -> Record:
    """Tell on what and with what is measured."""
    config = materials.config
    return {
        "machine": machine_record(),
        "data": {
            "name": str(config.data.name),
            "drawn": config.data.source == "phantom",
            "raw": len(materials.prepared.manifest),
            "kept": len(materials.prepared.images),
            "fingerprint": materials.prepared.fingerprint,
        },
        "asked": {name: config[name] for name in (*LEAST, "threads", "raw_scans", "test_scans")},
        "contests": [],
        GROWTH: None,
        LARGER: None,
        CUDA: None,
    }


def _measure(materials: Materials, record: Record, told: Told) -> Iterator[None]:
    """Measure one part after the other, and put each into the record."""
    config = materials.config
    warm_up, repeats = int(config.warm_up), int(config.repeats)
    laid_out = contests(materials)
    parts: dict[str, Callable[[Materials, Told], object]]
    parts = {GROWTH: measure_growth, LARGER: measure_larger, CUDA: measure_cuda}
    for name in config.rows:
        if name in parts:
            record[name] = parts[name](materials, told)
        else:
            contest = laid_out[name]()
            held = hold(name, contest, config.targets[name], warm_up, repeats, told)
            record["contests"].append(held)
        yield


def _tell(console: Console, line: str) -> None:
    # One line that is written over, and no spinner: that would work while a side is timed.
    if console.is_terminal:
        console.print(f"\r{line:<79}", end="\r", markup=False)
