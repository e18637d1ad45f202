"""What people get wrong, made to be mended: scans, tables and runs, each when it is asked for."""

import json
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
from remedies import type_in

from brain_tumor.data.prepared.prepared_set import PreparedSet

SCANS = (
    "data=folder data.root={scans} data.name=phantom data.patients={scans}/phantoms.csv "
    "data.prepared={prepared} "
)
TRAIN = f"{SCANS} model.width=16 device=cpu "
KEPT = "kept"  # where the scans are prepared of the run that moved


class Places:
    """What slips are about, each made when the first of them needs it."""

    few = "data.phantom.patients_per_class=2 data.phantom.slices_per_patient=2"

    def __init__(self, folder: Path, scans: Path, prepared: PreparedSet) -> None:
        self.folder, self.scans, self.set = folder, scans, prepared
        self.prepared = prepared.folder.parent

    def __getitem__(self, name: str) -> str:
        return str(getattr(self, name))

    @cached_property
    def scan(self) -> Path:
        return min((self.scans / "Testing" / "glioma").iterdir())

    @cached_property
    def run(self) -> Path:
        return self._trained("run", "seed=0")

    @cached_property
    def other(self) -> Path:
        return self._trained("other", "split=official")

    @cached_property
    def moved(self) -> Path:
        """A run whose scans lie elsewhere now, and whose prepared set is gone."""
        before = shutil.copytree(self.scans, self.folder / "before")
        own = f"data.root={before} data.patients={before}/phantoms.csv "
        own += f"data.prepared={self.folder / KEPT}"
        run = self._trained("moved", own)
        before.rename(self.after)
        return run

    @property
    def after(self) -> Path:
        return self.folder / "after"

    def _trained(self, name: str, words: str) -> Path:
        small = "epochs=1 evaluation.resamples=100 evaluation.figures=false"
        typed = f"{TRAIN.format_map(self)} {small} {words} run_folder={self.folder / name}"
        status, _, said = type_in("train", typed)
        assert status == 0, said
        return self.folder / name

    @cached_property
    def flat(self) -> Path:
        """The training half, as a folder that says nothing of parts."""
        return Path(shutil.copytree(self.scans / "Training", self.folder / "flat"))

    @cached_property
    def brackets(self) -> Path:
        return Path(shutil.copytree(self.flat, self.folder / "a (1)"))

    @cached_property
    def equals(self) -> Path:
        return Path(shutil.copytree(self.flat, self.folder / "a=1"))

    @cached_property
    def odd_half(self) -> Path:
        root = Path(shutil.copytree(self.scans, self.folder / "odd"))
        (root / "Testing" / "notumor").rename(root / "Testing" / "no_tumor")
        return root

    @cached_property
    def beside(self) -> Path:
        root = Path(shutil.copytree(self.scans, self.folder / "beside"))
        shutil.copytree(root / "Training" / "glioma", root / "unclear")
        return root

    @cached_property
    def table(self) -> Path:
        names = sorted(path.relative_to(self.flat) for path in self.flat.glob("*/*"))
        return self._csv("flat/table.csv", "path,label", [f"{n},{n.parent.name}" for n in names])

    @cached_property
    def split(self) -> Path:
        """Every third patient in the test part."""
        groups = self.set.groups.tolist()
        return self._parts("split.csv", [group % 3 == 0 for group in groups])

    @cached_property
    def leaky(self) -> Path:
        return self._parts("leaky.csv", [place % 3 == 0 for place in range(len(self.set.kept))])

    def _parts(self, name: str, tested: list[bool]) -> Path:
        pairs = zip(self.set.kept, tested, strict=True)
        lines = [f"{row.path},{'test' if test else 'train'}" for row, test in pairs]
        return self._csv(name, "path,part", lines)

    def _csv(self, name: str, header: str, lines: list[str]) -> Path:
        (self.folder / name).write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return self.folder / name

    @cached_property
    def volume(self) -> Path:
        nibabel = pytest.importorskip("nibabel")
        grey = np.random.default_rng(0).normal(500, 100, (60, 60, 8)).astype(np.float32)
        grey[:9] = grey[-9:] = grey[:, :9] = grey[:, -9:] = 0
        path = self.folder / "volume.nii.gz"
        nibabel.save(nibabel.Nifti1Image(grey, np.eye(4)), path)
        return path


def offline(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("no network")

    patch.setenv("TORCH_HOME", str(here))
    patch.setattr("torch.hub.urlopen", refuse)


def own_network(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    (here.parent / "nets.py").write_text(
        "from torch import nn\n\n\nclass Mine(nn.Sequential):\n"
        "    def __init__(self, classes):\n"
        "        super().__init__(nn.Conv2d(1, 4, 3, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(),\n"
        "                         nn.Linear(4, classes))\n"
    )
    patch.syspath_prepend(here.parent)


def stopped(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    stop(shutil.copytree(places.run, here / "run"))


def gone(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    """Take away what another test may have prepared again for the run that moved."""
    shutil.rmtree(places.moved.parent / KEPT, ignore_errors=True)


def stopped_and_moved(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    gone(places, here, patch)
    stop(shutil.copytree(places.moved, here / "run"))


def stop(run: Path) -> None:
    """Let a run look as if it had been stopped after its last epoch."""
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    record["status"] = "interrupted"
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")


def broken_detector(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    run = Path(shutil.copytree(places.run, here / "run"))
    (run / "ood.npz").write_bytes((run / "ood.npz").read_bytes()[:-50])


def changed_predictions(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    run = Path(shutil.copytree(places.run, here / "run"))
    text = (run / "predictions.csv").read_text(encoding="utf-8")
    (run / "predictions.csv").write_text(text.replace("glioma", "pituitary", 1), encoding="utf-8")


def old(places: Places, here: Path, patch: pytest.MonkeyPatch) -> None:
    (here / "old.csv").write_text("old")


FAULTS: dict[str, Callable[[Places, Path, pytest.MonkeyPatch], None]] = {
    one.__name__: one
    for one in (
        offline,
        own_network,
        stopped,
        gone,
        stopped_and_moved,
        broken_detector,
        changed_predictions,
        old,
    )
}
