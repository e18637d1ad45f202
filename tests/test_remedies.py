"""What a message advises works when it is typed: remedies are read from the messages themselves."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import lightning as L
import pytest
from mistaken_places import FAULTS, SCANS, TRAIN, Places
from remedies import advised, distribution_in, follow, type_in

from brain_tumor.data.prepared.prepared_set import PreparedSet
from brain_tumor.errors import TrainingError

pytestmark = pytest.mark.slow  # each types two commands, some of which train


@dataclass(frozen=True)
class Slip:
    """A command line that is refused.

    Attributes:
        command: Its name.
        words: What is typed behind it; `{names}` are places of `Places`.
        fill: What the user writes where the remedy leaves a blank.
        nth: Which of the message's remedies is tried.
        missing: A library that is not installed.
        fault: What is done before, in the folder where the command runs; a function of `FAULTS`.
    """

    command: str
    words: str
    fill: str = ""
    nth: int = 0
    missing: str = ""
    fault: str = ""


FOUR = 'data=folder "data.classes=[glioma,meningioma,notumor,pituitary]" '
MOBILE = f"{SCANS} device=cpu model=mobilenetv2 "
HELD = "split=official split.validation_fraction=0.25 "
SCORE = "device=cpu evaluation.resamples=100 evaluation.figures=false "
LOOK = "run={run} input={scan} device=cpu "
MONITOR = "lightning.pytorch.callbacks."
SLIPS = [
    # Keys and values.
    Slip("train", TRAIN + "optimzer.lr=1e-3"),
    Slip("train", SCANS + "device=cpu model.widht=16"),
    Slip("train", SCANS + "device=cpu model.weights=none model=mobilenet"),
    Slip("train", TRAIN + "scheduler=cosine +scheduler.eta_mn=1e-6"),
    Slip("train", TRAIN + "trainer.limit_train_batches=2", "2"),
    Slip("train", TRAIN + "+trainer.max_epoch=2"),
    Slip("train", TRAIN + "+optimizer.lr=1e-3", "1e-3"),
    Slip("train", TRAIN + "lr", "1e-3"),
    Slip("train", TRAIN + "seed=0,1"),
    Slip("train", TRAIN + "data.classes=glioma,meningioma,notumor,pituitary", nth=1),
    Slip("train", TRAIN + "optimizer._target_=torch.optim.Adan"),
    Slip("train", TRAIN + "evaluation.healthy=notumour"),
    Slip("train", TRAIN + HELD + "callbacks.best.monitor=val/acuracy"),
    Slip("train", TRAIN + "training.smoothing=0.1"),
    Slip("prepare", SCANS + "data.crop.treshold=45"),
    Slip("prepare", SCANS + "threads=2"),
    # Scans.
    Slip("prepare", "data=folder data.prepared=new", "{flat}"),
    Slip("prepare", "{flat} data=folder data.prepared=new"),
    Slip("prepare", "data=folder data.root=nowhere data.prepared=new", "{flat}"),
    Slip("prepare", "data=folder 'data.root={brackets}' data.prepared=new"),
    Slip("prepare", "data=folder data.root={equals} data.prepared=new"),
    Slip("prepare", "data=csv data.prepared=new", "{table}"),
    Slip("prepare", "data=csv data.table=gone.csv data.prepared=new", "{table}"),
    Slip("prepare", "data.root={flat} data=volumes data.prepared=new", nth=1),
    Slip("prepare", SCANS + "data.patients=gone.csv", "{scans}/phantoms.csv"),
    Slip("prepare", SCANS + "data.patients=gone.csv", nth=1),
    Slip("prepare", FOUR + "data.root={odd_half} data.prepared=new", "notumor"),
    Slip("prepare", "data=folder data.root={beside} data.prepared=new", nth=1),
    Slip("prepare", "data=phantom data.root={flat} data.prepared=new " + "{few}", "new/drawn"),
    Slip("train", TRAIN + "split=file", "{split}"),
    Slip("train", TRAIN + "split=file split.path=gone.csv", "{split}"),
    Slip("train", TRAIN + "split=file split.path={leaky}"),
    Slip(
        "train", "data=folder data.root={flat} data.prepared=new device=cpu split=official", nth=1
    ),
    # Networks, losses, the Trainer.
    Slip("train", MOBILE + "model.weights=imagenet", nth=1, fault="offline"),
    Slip("train", f"{SCANS} device=cpu model=own model._target_=nets.Mine", fault="own_network"),
    Slip("train", TRAIN + "loss=focal training.label_smoothing=0.1"),
    Slip("train", TRAIN + "+trainer.overfit_batches=1"),
    Slip("train", TRAIN + HELD + "+trainer.limit_val_batches=0"),
    Slip("train", TRAIN + HELD + "epochs=3 +trainer.check_val_every_n_epoch=5"),
    Slip("train", TRAIN + HELD + "callbacks.best=null"),
    Slip("train", f"{TRAIN} logger=none +callbacks.rate._target_={MONITOR}LearningRateMonitor"),
    Slip(
        "train",
        f"{TRAIN} +callbacks.state._target_={MONITOR}DeviceStatsMonitor",
        missing="psutil",
    ),
    Slip(
        "train",
        f"{SCANS} device=cpu model=timm model.name=resnet10t model.weights=none",
        missing="timm",
    ),
    Slip("train", TRAIN + "logger=wandb", missing="wandb"),
    Slip("train", TRAIN + "logger=mlflow", missing="mlflow"),
    Slip("train", TRAIN + "trainer.accelerator=abacus", nth=1),
    # Runs.
    Slip("train", "{run}"),
    Slip("train", "resume=nowhere", "{run}"),
    Slip("train", "resume={run}/checkpoints/last.ckpt"),
    Slip("train", TRAIN + "run_folder={run}", "new"),
    Slip("train", "resume=here/run", "{after}", fault="stopped_and_moved"),
    Slip("train", "resume=here/run trainer.max_epochs=2", fault="stopped"),
    Slip("evaluate", SCORE + "{run}"),
    Slip("evaluate", SCORE + "run=nowhere", "{run}"),
    Slip("evaluate", SCORE, "{run}"),
    Slip("evaluate", SCORE + "run={run}/checkpoints/last.ckpt"),
    Slip("evaluate", SCORE + "run={run} checkpoint=best"),
    Slip("evaluate", SCORE + "run={moved}", "{after}", fault="gone"),
    Slip(
        "evaluate",
        SCORE + "data.root={flat} data.prepared=new run={moved}",
        "{after}",
        fault="gone",
    ),
    Slip(
        "evaluate",
        "run={run} evaluation.resamples=100 evaluation.figures=false device=abacus",
        nth=1,
    ),
    Slip("compare", "{run}"),
    Slip("compare", "", "{run}"),
    Slip("compare", '"runs=[{run},{other}]"'),
    Slip("predict", "run={run} device=cpu {scan}"),
    Slip("predict", "run={run} device=cpu input=nowhere", "{scan}"),
    Slip("predict", LOOK + "output=here/old.csv", "new.csv", fault="old"),
    Slip("predict", LOOK + "output=here/old.csv", nth=1, fault="old"),
    Slip("predict", LOOK + "overlays=here", "new", fault="old"),
    Slip("predict", LOOK + "overlays=here", nth=1, fault="old"),
    Slip("predict", "run={run} input={volume} device=cpu", missing="nibabel"),
    Slip("predict", "run=here/run input={scan} device=cpu", fault="broken_detector"),
    Slip("predict", "run=here/run input={scan} device=cpu", fault="changed_predictions"),
    Slip("export", "run={run} format=p2 path=a.pt2"),
    Slip("export", "run={run} rounds=1 overwrite=true format=pt2 release=new"),
    Slip("export", "run={run} rounds=1 overwrite=true release=here", "new", fault="old"),
    # Studies.
    Slip("tune", TRAIN + "split=report study.trials=1"),
    Slip("tune", TRAIN + HELD + "study.trials=1 study.objective=test/accuracy"),
    Slip("tune", TRAIN + HELD + "study.trials=1 resume={run}"),
    Slip("tune", TRAIN + HELD + "study.trials=1 debug=fast"),
    Slip("tune", TRAIN + HELD + "study.trials=1", missing="optuna"),
]


@pytest.fixture(scope="module")
def places(
    tmp_path_factory: pytest.TempPathFactory, phantom_root: Path, prepared: PreparedSet
) -> Places:
    return Places(tmp_path_factory.mktemp("places"), phantom_root, prepared)


def trains(*_: object, **__: object) -> None:
    raise TrainingError("it trains")


def takes_long(slip: Slip) -> bool:
    """Tell whether runs are made or scored, a loaded logger starts, or a network is large."""
    long = ("moved", "logger=", "timm", "mobilenet")
    return slip.command in ("evaluate", "compare", "export", "tune") or any(
        word in slip.words + slip.fault for word in long
    )


@pytest.mark.parametrize(
    "slip",
    [
        pytest.param(
            slip,
            marks=[pytest.mark.slow] if takes_long(slip) else [],
            id=f"{slip.command}-{slip.words[-40:]}",
        )
        for slip in SLIPS
    ],
)
def test_the_remedy_works_when_it_is_typed(
    slip: Slip, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    words, fill = shlex.split(slip.words.format_map(places)), slip.fill.format_map(places)
    if slip.fault:
        FAULTS[slip.fault](places, tmp_path / "here", monkeypatch)
    monkeypatch.setattr(L.Trainer, "fit", trains)
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.MonkeyPatch.context() as patch:
        for name in [slip.missing, *sys.modules] if slip.missing else []:
            if name.partition(".")[0] == slip.missing:
                patch.setitem(sys.modules, name, None)
        status, _, said = type_in(slip.command, words)
    assert status == 2 and said.startswith("brain_tumor: ") and said.count("\n") == 1, said
    message = said.removeprefix("brain_tumor: ").strip()
    remedy = advised(message, words)[slip.nth]
    if slip.missing:
        assert distribution_in(remedy["package"], slip.missing), message
    again = follow(remedy, message, words, fill)
    status, out, said = type_in(slip.command, again)
    assert status == 0 or "it trains" in out + said, (message, again, said)
