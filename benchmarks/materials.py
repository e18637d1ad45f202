"""What the sides of all contests work on, laid ready before the first of them begins."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from benchmarks.ours.building import resize_split, spread_evenly
from brain_tumor.config.data import (
    build_prepared,
    build_split,
    split_settings,
)
from brain_tumor.config.data_settings import data_settings
from brain_tumor.config.source import build_source
from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.data.sources.folder import FolderSource
from brain_tumor.data.split import Split

# Of benchmark.yaml: what train.yaml has, too.
TRAINING = (
    *("data", "split", "augment", "training", "loss", "optimizer", "scheduler"),
    *("trainer", "callbacks", "logger"),
)


@dataclass(frozen=True)
class Materials:
    """Scans, configuration and a scratch folder.

    Attributes:
        config: As `conf/benchmark.yaml` composes it.
        scratch: A folder for what is needed once.
        raw: The raw folder.
        prepared: The prepared set of it.
        split: Its parts.
    """

    config: DictConfig
    scratch: Path
    raw: Path
    prepared: PreparedSet
    split: Split

    @property
    def batch_size(self) -> int:
        """Scans per batch."""
        return int(self.config.data.batch_size)

    def epoch_scans(self, steps: int, batch_size: int | None = None) -> int:
        """Count the scans of a short epoch in which `steps` batches are timed."""
        return (2 * int(self.config.lead) + steps) * (batch_size or self.batch_size)

    def training(
        self,
        model: str,
        steps: int | None = None,
        changes: Mapping[str, Any] | None = None,
        prepared: Path | None = None,
    ) -> dict[str, Any]:
        """Give the job of a training, or a scoring, of ours.

        Args:
            model: Key of `models` in the configuration.
            steps: Timed batches per turn; None takes what is configured.
            changes: Values of the training's configuration by dotted key, on top of all others.
            prepared: Folder of another prepared set to work on; then on all of its training scans.
        """
        steps = int(self.config.steps) if steps is None else steps
        number = len(list(self.scratch.glob("run-*")))
        run = self.scratch / f"run-{number}"
        run.mkdir()
        values = {name: self.config[name] for name in TRAINING}
        values |= {"model": self.config.models[model], "seed": self.config.seed}
        config = OmegaConf.create(values | {"run_folder": str(run)})
        for key, value in (changes or {}).items():
            OmegaConf.update(config, key, value)
        return {
            "config": OmegaConf.to_container(config, resolve=True),
            "prepared": str(prepared or self.prepared.folder),
            "train_scans": None
            if prepared
            else self.epoch_scans(steps, int(config.data.batch_size)),
            "test_scans": self.config.test_scans,
            "turns": int(self.config.warm_up) + int(self.config.repeats),
            "lead": int(self.config.lead),
            "steps": steps,
        }

    def plain(self, model: str, part: str) -> dict[str, Any]:
        """Give the job of a peer's loop on the same scans.

        Args:
            model: Key of `models` in the configuration.
            part: `train` or `test`.
        """
        return {
            "model": OmegaConf.to_container(self.config.models[model], resolve=True),
            "classes": len(self.prepared.classes),
            "arrays": str(self.train_arrays if part == "train" else self.test_arrays),
            "ranges": OmegaConf.to_container(self.config.augment, resolve=True),
            "size": self.prepared.images.shape[-1],
            "batch_size": self.batch_size,
            "num_workers": 0,
            "lr": float(self.config.optimizer.lr),
            "lead": int(self.config.lead),
            "steps": int(self.config.steps),
        }

    def epochs(self, model: str) -> dict[str, Any]:
        """Give the job of training whole epochs from raw files, the same for all sides.

        Args:
            model: Key of `models` in the configuration.
        """
        part, job = self.raw_part(self.config.epoch_scans), self.training(model)
        # Training is trained on, Testing validates: every side finds both by their folders.
        official = {"name": "official", "validation_fraction": 0.0, "seed": 0, "leaky": True}
        job["config"]["split"] = official
        return {
            **job,
            **self.plain(model, "train"),
            "data": part.preparing()["data"],
            "folder": str(part.raw),
            "scratch": str(self.scratch),
            "num_workers": int(self.config.peer_workers),
        }

    @cached_property
    def train_arrays(self) -> Path:
        """The training scans of a short epoch, as an npz file."""
        return self._arrays("train", self.epoch_scans(int(self.config.steps)))

    @cached_property
    def test_arrays(self) -> Path:
        """The test scans, likewise."""
        return self._arrays("test", self.config.test_scans)

    def _arrays(self, part: str, number: int | None) -> Path:
        rows = resize_split(self.split, number, number).parts[part]
        path = self.scratch / f"{part}.npz"
        np.savez(path, images=self.prepared.images[rows], labels=self.prepared.labels[rows])
        return path

    def raw_part(self, scans: int | None) -> "Materials":
        """Take the same with some of the raw scans, of every class; None takes all."""
        if scans is None:
            return self
        found = FolderSource(self.raw).scans()
        place = self.scratch / f"raw-{scans}"
        for number in spread_evenly(np.arange(len(found)), min(scans, len(found))):
            copied = place / found[number].path
            copied.parent.mkdir(parents=True, exist_ok=True)
            if not copied.exists():
                shutil.copy(self.raw / found[number].path, copied)
        return replace(self, raw=place)

    def preparing(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Give the job of preparing the raw scans.

        Args:
            changes: Values of `data` by dotted key.
        """
        # Resolved first: the phantoms' patient table stays in the folder that was configured.
        data = OmegaConf.create(OmegaConf.to_container(self.config.data, resolve=True))
        for key, value in {"root": str(self.raw), "source": "folder", **(changes or {})}.items():
            OmegaConf.update(data, key, value)
        plain: Any = OmegaConf.to_container(data)
        return {"data": plain, "root": str(self.raw), "crop": plain["crop"]} | {
            "scratch": str(self.scratch)
        }


def lay_ready(config: DictConfig, scratch: Path) -> Materials:
    """Find and prepare the configured scans, and split them.

    Args:
        config: As `conf/benchmark.yaml` composes it.
        scratch: An empty folder.

    Raises:
        BrainTumorError: Anything that the user can fix.
    """
    data, split = data_settings(config.data), split_settings(config.split)
    raw, prepared = build_source(data).root, build_prepared(data)
    return Materials(config, scratch, raw, prepared, build_split(prepared, split))
