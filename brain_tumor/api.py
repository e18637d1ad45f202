"""The commands from Python: `brain_tumor.train(...)` and its like, without a command line.

Each takes, checks and prints what the command of its name does, and raises where that ends with a
sentence. What has no keyword here is given as it would be typed, `overrides=["split.fold=1"]`.

```python
import brain_tumor
run = brain_tumor.train(model="gbmnet", data="phantom", max_epochs=3)
print(run.metrics.parts["test"].scores["accuracy"], run.predict("scan.jpg").label)
```
"""

from collections.abc import Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

if TYPE_CHECKING:
    from brain_tumor.audit.results.audit import Audit
    from brain_tumor.compare.comparison import Comparison
    from brain_tumor.data.prepared.prepared_set import PreparedSet
    from brain_tumor.predict.classifier import Classifier, Prediction, Scan
    from brain_tumor.predict.predict import Outcome
    from brain_tumor.runs.results.metrics import Metrics
    from brain_tumor.trust import Modules

__all__ = ["Run", "audit", "compare", "evaluate", "predict", "prepare", "train"]

Place = str | PathLike[str]
Checkpoint = Literal["best", "last"]


class Run:
    """A finished run.

    Args:
        folder: What training printed.
        trust: Modules that its network comes from, where it is not ours; a run that `train` gives
            has those that training was given.
    """

    def __init__(self, folder: Place, trust: "Modules" = None) -> None:
        self.folder = Path(folder)
        self.trust = (trust,) if isinstance(trust, str) else tuple(trust or ())

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @property
    def metrics(self) -> "Metrics":
        """The content of `metrics.json`: every score of every part.

        Raises:
            DataError: There is none, as after a `fast_dev_run`, or it is damaged.
        """
        from brain_tumor.runs.folder import RunFolder
        from brain_tumor.runs.results.metrics import METRICS

        return METRICS.read(RunFolder(self.folder))

    @cached_property
    def classifier(self) -> "Classifier":
        """The trained network, ready for new scans; loaded once it is asked for.

        Raises:
            BrainTumorError: It is no run, or is damaged.
        """
        from brain_tumor.predict.classifier import load_classifier

        return load_classifier(self.folder, trust=self.trust)

    @overload  # text is a sequence of texts, but never meant so
    def predict(self, scans: "Scan") -> "Prediction": ...  # type: ignore[overload-overlap]

    @overload
    def predict(self, scans: "Sequence[Scan]") -> "list[Prediction]": ...

    def predict(self, scans: Any) -> Any:
        """Predict a scan, or several in one batch, as `Classifier.predict` does.

        Args:
            scans: A path, the bytes of a file, a picture of PIL's, or an array `(H, W)` or
                `(H, W, 3)`, uint8, 0-255; or a list of those.

        Raises:
            DataError: One cannot be read or decoded, or shows nothing.
        """
        return self.classifier.predict(scans)


def train(
    *,
    model: str | None = None,
    data: str | None = None,
    root: Place | None = None,
    split: str | None = None,
    experiment: str | None = None,
    max_epochs: int | None = None,
    lr: float | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    resume: Place | None = None,
    run_folder: Place | None = None,
    overrides: Sequence[str] = (),
) -> Run:
    """Prepare scans, train a network and score it; None takes what `conf/train.yaml` has.

    Args:
        model: A choice of `conf/model`, such as `mobilenetv2`.
        data: A choice of `conf/data`, such as `phantom`.
        root: Folder of the raw scans.
        split: A choice of `conf/split`, such as `patient`.
        experiment: A recipe of `conf/experiment`.
        max_epochs: Epochs to train.
        lr: Learning rate of the optimizer.
        batch_size: Scans per step.
        seed: Of weights, order of the scans, augmentation and dropout.
        device: `auto`, `cpu`, `gpu` or `mps`.
        resume: Folder of a run that was stopped, to be continued.
        run_folder: Where the run is written; None makes a new folder below `runs`.
        overrides: Any other value, as typed: `["split.fold=1", "model.width=64"]`.

    Raises:
        BrainTumorError: Anything that the caller can fix.
    """
    values: dict[str, Any] = {"experiment": experiment, "model": model, "data": data}
    values |= {"split": split, "data.root": root, "epochs": max_epochs, "lr": lr}
    values |= {"batch_size": batch_size, "seed": seed, "device": device}
    values |= {"resume": resume, "run_folder": run_folder}
    with _configured("train", values, overrides) as config:
        from brain_tumor.train.train import train as command

        command(config)
        return Run(str(config.resume or config.run_folder), config.trust)


def evaluate(
    run: Place | Run | Sequence[Place | Run],
    *,
    scans: Place | None = None,
    checkpoint: Checkpoint | None = None,
    device: str | None = None,
    batch_size: int | None = None,
    overrides: Sequence[str] = (),
) -> "Metrics":
    """Score a run's checkpoint again, on its own split or on scans of another origin.

    Args:
        run: A run, its folder, or `last` for the newest finished one below `runs`; several are
            scored together.
        scans: A folder with a folder per class, or a CSV with `path` and `label`; None: the run's.
        checkpoint: None takes the one that training scored.
        device: `auto`, `cpu`, `gpu` or `mps`.
        batch_size: Scans that the network takes at once; None takes the run's.
        overrides: Any other value, as typed: `["robustness=test"]`.

    Returns:
        What `metrics.json` holds.

    Raises:
        BrainTumorError: Anything that the caller can fix.
    """
    values: dict[str, Any] = {"run": _place(run), "trust": _trust(run), "checkpoint": checkpoint}
    values |= {"data.table" if str(scans).lower().endswith(".csv") else "data.root": scans}
    values.update(device=device, batch_size=batch_size)
    with _configured("evaluate", values, overrides) as config:
        from brain_tumor.evaluate.evaluate import evaluate as command

        return command(config)


def predict(
    run: Place | Run | Sequence[Place | Run],
    scans: Place | Sequence[Place],
    *,
    output: Place | None = None,
    overlays: Place | None = None,
    checkpoint: Checkpoint | None = None,
    tta: Literal["flip"] | None = None,
    device: str | None = None,
    batch_size: int | None = None,
    overrides: Sequence[str] = (),
) -> "Outcome":
    """Predict new scans, print a table, and write files where that is asked for.

    For scans in memory, and for any number of files in bounded memory, see `load_classifier`.

    Args:
        run: A run, its folder, an exported file, or `last`; several runs answer together.
        scans: Files, folders and globs.
        output: `FILE.csv` or `FILE.json` to write.
        overlays: A folder for pictures of where the network looks.
        checkpoint: None takes the one that training scored.
        tta: `flip` averages each scan's answer with its mirror image's.
        device: `auto`, `cpu`, `gpu` or `mps`.
        batch_size: Scans that the network takes at once.
        overrides: Any other value, as typed: `["abstention.error=0.02"]`.

    Returns:
        All predictions, their counts, and the files that could not be used.

    Raises:
        BrainTumorError: Anything that the caller can fix; also where no scan could be used.
    """
    values: dict[str, Any] = {"run": _place(run), "trust": _trust(run), "input": scans}
    values |= {"output": output, "overlays": overlays, "checkpoint": checkpoint, "tta": tta}
    values.update(device=device, batch_size=batch_size)
    with _configured("predict", values, overrides) as config:
        from brain_tumor.predict.predict import predict as command

        return command(config, keep_all=True)


def audit(
    *, data: str | None = None, root: Place | None = None, overrides: Sequence[str] = ()
) -> "Audit":
    """Look for copies, leakage and shortcuts in a data set, and write a page about them.

    Args:
        data: A choice of `conf/data`, such as `phantom`.
        root: Folder of the raw scans.
        overrides: Any other value, as typed: `["report_seeds=1"]`.

    Returns:
        What `audit.json` holds.

    Raises:
        BrainTumorError: Anything that the caller can fix.
    """
    with _configured("audit", {"data": data, "data.root": root}, overrides) as config:
        from brain_tumor.audit.audit import audit as command

        return command(config)


def prepare(
    *,
    data: str | None = None,
    root: Place | None = None,
    split: str | None = None,
    overrides: Sequence[str] = (),
) -> "PreparedSet":
    """Crop and dedupe raw scans, or open what was prepared from the same before.

    Args:
        data: A choice of `conf/data`, such as `phantom`.
        root: Folder of the raw scans.
        split: A choice of `conf/split`, whose parts are counted.
        overrides: Any other value, as typed: `["data.prepared=FOLDER"]`.

    Raises:
        BrainTumorError: Anything that the caller can fix.
    """
    values = {"data": data, "data.root": root, "split": split}
    with _configured("prepare", values, overrides) as config:
        from brain_tumor.prepare import prepare as command

        return command(config)


def compare(runs: Sequence[Place | Run], *, overrides: Sequence[str] = ()) -> "Comparison":
    """Lay finished runs side by side; those that differ in fold or seed alone are put together.

    Args:
        runs: Runs, their folders, folders that hold some, or globs.
        overrides: Any other value, as typed: `["different_scans=true"]`.

    Returns:
        What `comparison.json` holds.

    Raises:
        BrainTumorError: Anything that the caller can fix.
    """
    with _configured("compare", {"runs": _place(runs)}, overrides) as config:
        from brain_tumor.compare.compare import compare as command

        return command(config)


def _configured(command: str, values: dict[str, Any], overrides: Sequence[str]) -> Any:
    from brain_tumor.cli.from_python import configured, overrides_of

    return configured(command, [*overrides_of(values), *overrides])


def _place(run: Place | Run | Sequence[Place | Run]) -> Place | list[Place]:
    if isinstance(run, Run):
        return run.folder
    if isinstance(run, (str, PathLike)):
        return run
    return [one.folder if isinstance(one, Run) else one for one in run]


def _trust(run: Place | Run | Sequence[Place | Run]) -> list[str] | None:
    runs = [run] if isinstance(run, (str, PathLike, Run)) else run
    return [name for one in runs if isinstance(one, Run) for name in one.trust] or None
