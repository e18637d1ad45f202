"""Fixtures that many rooms share: phantoms drawn once per session, and composed configurations."""

import errno
import functools
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hydra
import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from hypothesis import settings
from omegaconf import DictConfig
from phantoms import PhantomTruth, read_truth

from brain_tumor.cli.command import conf_folder, register_resolvers
from brain_tumor.cli.sweep.record import NotedSweep
from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.groups.settings import NearDuplicateSettings
from brain_tumor.data.phantom import CLASSES, write_phantoms
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.data.prepared.prepare import PrepareSettings, prepare_scans
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.split import SplitSettings, split_scans
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.metrics.complexity import seconds_per_scan

Compose = Callable[..., DictConfig]

# What `make fuzz` asks for; tests that name a number of examples of their own keep it.
settings.register_profile("fuzz", max_examples=20_000, deadline=None, print_blob=True)


@pytest.fixture(scope="session", autouse=True)
def one_thread_per_worker() -> None:
    """Let xdist's workers share the cores instead of fighting for them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        torch.set_num_threads(1)
    hush_lightning()


@pytest.fixture(scope="session", autouse=True)
def few_timed_passes() -> Iterator[None]:
    """Time the network of an evaluation by the fewest passes: no test asks how long one takes."""

    def quick(*arguments: Any, limit: float) -> dict[int, float]:
        one = seconds_per_scan(*arguments, batch_sizes=(1,), repeats=3, limit=limit)[1]
        return {1: one, 32: one}  # 32 scans in a pass cost as much as the rest of an evaluation

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("brain_tumor.evaluate.checkpoint.seconds_per_scan", quick)
        yield


@pytest.fixture(autouse=True)
def no_command_line() -> Iterator[None]:
    """Let no test find what a command of the test before was told: Hydra keeps it."""
    yield
    HydraConfig.instance().cfg = None
    NotedSweep.folder = None


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test reach another machine, or ask for its address, by Python's sockets."""
    asked: list[str] = []

    def refuse(host: object) -> None:
        if host not in (None, "", "localhost", "127.0.0.1", "::1"):
            asked.append(str(host))
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    def watched(reach: Callable[..., Any]) -> Callable[..., Any]:
        def connect(own: socket.socket, address: Any) -> Any:
            if isinstance(address, tuple):  # else it is a socket's file
                refuse(address[0])
            return reach(own, address)

        return connect

    def getaddrinfo(host: Any, *more: Any, **named: Any) -> Any:
        refuse(host)
        return look_up(host, *more, **named)

    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, watched(getattr(socket.socket, name)))
    yield
    assert asked == [], "a test may not leave this machine"


@pytest.fixture(scope="session")
def phantom_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("raw") / "phantom"
    write_phantoms(root, patients_per_class=4, slices_per_patient=3, seed=1)
    return root


@pytest.fixture(scope="session")
def truth(phantom_root: Path) -> PhantomTruth:
    return read_truth(phantom_root)


@pytest.fixture(scope="session")
def report_settings(phantom_root: Path) -> PrepareSettings:
    """Give the settings of conf/, with what the phantoms' own table knows of patients."""
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        data = hydra.compose("prepare").data
    return PrepareSettings(
        CLASSES,
        CropSettings(**data.crop),
        HarmoniseSettings(**data.harmonise),
        NearDuplicateSettings(**data.near_duplicates),
        phantom_root / "phantoms.csv",
    )


@pytest.fixture(scope="session")
def prepared(
    phantom_root: Path, report_settings: PrepareSettings, tmp_path_factory: pytest.TempPathFactory
) -> PreparedSet:
    directory = tmp_path_factory.mktemp("prepared")
    return prepare_scans(FolderSource(phantom_root), report_settings, directory, "phantom")


@pytest.fixture
def datamodule(prepared: PreparedSet) -> ScanDataModule:
    settings = SplitSettings("report", test_fraction=0.25)
    folders = [row.folder for row in prepared.kept]
    split = split_scans(prepared.labels, folders, prepared.groups, settings)
    return ScanDataModule(prepared, split, batch_size=8, seed=3)


@pytest.fixture(scope="session")
def compose_in(phantom_root: Path, prepared: PreparedSet) -> Compose:
    """Compose conf/train.yaml on the session's phantoms, with the run folder that is given first.

    Overrides come last, so they win. Ours point at a folder that already holds the phantoms, so
    nothing is fetched or drawn whatever data an experiment names.
    """

    def composed(run_folder: Path, *overrides: str, name: str = "train") -> DictConfig:
        register_resolvers()
        ours = [
            f"run_folder={run_folder}",
            "data.source=folder",
            f"data.root={phantom_root}",
            f"data.prepared={prepared.folder.parent}",
            "data.name=phantom",
            f"data.patients={phantom_root / 'phantoms.csv'}",
            "trainer.accelerator=cpu",
            # A sheet of sixteen scans takes as long to draw as an epoch of ours.
            *(["callbacks.sheet.scans=2"] if name == "train" else []),
        ]
        with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
            return hydra.compose(name, [*ours, *overrides])

    return composed


@pytest.fixture
def compose(compose_in: Compose, tmp_path: Path) -> Compose:
    """Compose as `compose_in` does, with the run folder in tmp_path."""
    return functools.partial(compose_in, tmp_path / "run")


RATES = (1e-3, 3e-4)


@pytest.fixture(scope="session")
def sweep(
    compose_in: Callable[..., DictConfig], tmp_path_factory: pytest.TempPathFactory
) -> dict[float, Path]:
    """Train two epochs with a validation part, at two learning rates; give the run of each."""
    from brain_tumor.train.train import train

    folder = tmp_path_factory.mktemp("sweep")
    runs = {rate: folder / f"{number}-gbmnet" for number, rate in enumerate(RATES)}
    for rate, run in runs.items():
        small = ("model.width=16", "trainer.max_epochs=2", "data.batch_size=16", "seed=3")
        small += ("evaluation.resamples=100", "evaluation.figures=false")
        split = ("split=official", "split.validation_fraction=0.25")
        train(compose_in(run, *small, *split, f"optimizer.lr={rate}"))
    return runs
