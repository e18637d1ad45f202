"""The benchmark from a composed configuration: measure, print the tables, write them."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from benchmarks.contests import contests
from benchmarks.figure import ratio_figure
from benchmarks.growth import measure_growth
from benchmarks.larger import measure_larger
from benchmarks.machine import this_machine
from benchmarks.materials import Materials, lay_ready
from benchmarks.measuring import Notify, hold
from benchmarks.on_cuda import measure_cuda
from benchmarks.results import Asked, Benchmark, BenchmarkProvenance, MeasuredData, benchmark_file
from benchmarks.tables import speed_header, speed_legend, speed_markdown, speed_tables
from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.data import check_split_file
from brain_tumor.config.data_settings import DataSettings
from brain_tumor.config.values import check_values
from brain_tumor.data.split import SplitSettings
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.models.classifier import TrainingSettings
from brain_tumor.rendering.charts.save import save_figure
from brain_tumor.rendering.terminal import to_rich
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.provenance import provenance
from brain_tumor.settings import Range, Seed, Settings
from brain_tumor.train.check_config import check_building

GROWTH, LARGER, CUDA = "growth", "larger_than_memory", "cuda"
Often = Annotated[int, Range(1)]
ROWS = (
    *("prepare", "prepare_again", "augment", "train_gbmnet", "train_mobilenetv2"),
    *("score_gbmnet", "score_mobilenetv2", "epoch_mobilenetv2", "help"),
)
MODELS = ("gbmnet", "mobilenetv2")


def benchmark(config: DictConfig) -> Benchmark:
    """Measure the chosen rows; write `benchmark.json`, `benchmark.md` and a figure of the ratios.

    Args:
        config: As `conf/benchmark.yaml` composes it; `folder` must be given where Hydra does not
            run.

    Returns:
        What was measured. A target that is missed, or a side that fails, is told there and raises
        nothing.

    Raises:
        BrainTumorError: Anything that the user can fix before something is measured.
    """
    hush_lightning()
    check(config)
    out = RunFolder(Path(str(config.folder)))
    out.claim("benchmark.json", "folder")
    out.create("folder")
    scratch = out.path / "scratch"
    scratch.mkdir()
    console = Console(highlight=False)
    started = datetime.now(timezone.utc).isoformat(timespec="seconds")
    made = BenchmarkProvenance(**vars(provenance()), started=started)
    try:
        materials = lay_ready(config, scratch.resolve())
        for found in _measure(materials, made, partial(_tell, console)):
            # After each part, so that what was measured stays if it is stopped.
            benchmark_file().write(out, found)
            out.write("benchmark.md", speed_markdown(found).encode())
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"what was measured so far is in {out.path}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    figure = ratio_figure(found)
    if figure is not None:
        save_figure(figure, out.write, "ratios")
    for line in speed_header(found):
        console.print(line, soft_wrap=True, markup=False)
    for table in speed_tables(found):
        console.print(to_rich(table, console.width))
    for line in speed_legend(found):
        console.print(line, markup=False)
    console.print(f"written: {out.path / 'benchmark.json'}", soft_wrap=True, markup=False)
    return found


@dataclass(frozen=True)
class LargerSettings(Settings):
    """What stands under `larger_than_memory`."""

    times_memory: Annotated[float, Range(0, 100, without=(0,))]
    scans: Annotated[int, Range(1)] | None


@dataclass(frozen=True)
class BenchmarkSettings(Settings):
    """What stands at the top of `conf/benchmark.yaml`, as it says there."""

    data: DataSettings
    split: SplitSettings
    augment: dict[str, Any] | None
    models: dict[str, dict[str, Any]]
    training: TrainingSettings
    loss: dict[str, Any]
    optimizer: dict[str, Any]
    scheduler: dict[str, Any] | None
    trainer: dict[str, Any]
    callbacks: dict[str, Any]
    logger: dict[str, Any]
    evaluation: ScoringSettings
    seed: Seed
    rows: list[str]
    warm_up: Annotated[int, Range(0)]
    repeats: Often
    threads: Often | None
    steps: Often
    lead: Often
    peer_workers: Often
    raw_scans: Often | None
    test_scans: Often | None
    epoch_scans: Often | None
    growth_repeats: Often
    cuda_epochs: Often
    larger_than_memory: LargerSettings
    targets: dict[str, dict[str, float]]
    folder: str
    run_folder: str
    out: str = "runs"


def check(config: DictConfig) -> None:
    """Look at every configured value; no scan is read.

    Raises:
        BrainTumorError: One is unknown, of the wrong kind or outside its range.
    """
    plain = check_values(config, "benchmark")
    settings = parse_settings(BenchmarkSettings, plain)
    scans = settings.data
    check_split_file(settings.split)
    known = (*ROWS, GROWTH, LARGER, CUDA)
    for key, names in (("rows", settings.rows), ("targets", settings.targets)):
        for name in names:
            if name not in known:
                raise ConfigError(f"{key} names {name!r}: {suggest(name, known)}")
    for name in ROWS:
        if name not in settings.targets:
            raise ConfigError(f"targets.{name} is not given: leave it as it is.")
    if scans.classes is None:
        raise ConfigError("data.classes is null: name the classes, as data.classes=[A,B].")
    if settings.augment is None:
        raise ConfigError("augment=none leaves the peers nothing to do: leave augment=report.")
    for name in MODELS:
        if name not in plain["models"]:
            raise ConfigError(f"models.{name} is not given: leave it as it is.")
    if "lr" not in plain["optimizer"]:
        raise ConfigError("optimizer.lr is not given: the peers need it.")
    for name, model in plain["models"].items():
        if model.get("name") != name:
            raise ConfigError(f"models.{name}.name must be {name}: {model.get('name')!r}")
        complete = OmegaConf.create(plain | {"model": model})
        check_building(complete, scans.classes, scans.crop.size, settings.split, settings.training)


def _measure(
    materials: Materials, made: BenchmarkProvenance, notify: Notify
) -> Iterator[Benchmark]:
    """Measure one part after the other; give all that there is after each."""
    config, prepared = materials.config, materials.prepared
    found = Benchmark(
        made,
        this_machine(),
        MeasuredData(
            name=str(config.data.name),
            drawn=config.data.source == "phantom",
            raw=len(prepared.manifest),
            kept=len(prepared.images),
            fingerprint=prepared.fingerprint,
        ),
        Asked(**{field.name: config[field.name] for field in fields(Asked)}),
    )
    laid_out = contests(materials)
    parts: dict[str, Callable[[Materials, Notify], object]]
    parts = {GROWTH: measure_growth, LARGER: measure_larger, CUDA: measure_cuda}
    for name in config.rows:
        if name in parts:
            part: Any = {name: parts[name](materials, notify)}
            found = replace(found, **part)
        else:
            targets = config.targets[name]
            asked = found.asked
            held = hold(name, laid_out[name](), targets, asked.warm_up, asked.repeats, notify)
            found = replace(found, contests=(*found.contests, held))
        yield found


def _tell(console: Console, line: str) -> None:
    # One line that is written over, and no spinner: that would work while a side is timed.
    if console.is_terminal:
        console.print(f"\r{line:<79}", end="\r", markup=False)
