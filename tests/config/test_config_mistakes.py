"""Slips of the keyboard, command by command: one sentence with the key, and no scan is touched."""

import importlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from brain_tumor.cli import command

VAL = "split=official split.validation_fraction=0.25"
PLATEAU = "torch.optim.lr_scheduler.ReduceLROnPlateau"
STOP = "+callbacks.stop._target_=lightning.pytorch.callbacks.EarlyStopping"

# Command, what is typed behind it, and the name that was probably meant by its last word.
NAMES = [
    ("train", "optimzer.lr=1", "optimizer.lr"),
    ("train", "modle=gbmnet", "model"),
    ("train", "+modle=gbmnet", "model"),
    ("train", "data/harmonize=all", "data/harmonise"),
    ("train", "model=mobilenetv2 model.weigths=none", "model.weights"),
    ("train", "callbacks.best.monitr=x", "callbacks.best.monitor"),
    ("train", "~model.widht", "model.width"),
    ("train", "+model.widht=3", "model.width"),
    ("train", "+optimizer.weight_decy=1", "+optimizer.weight_decay"),
    ("train", "scheduler=cosine +scheduler.eta_mn=1", "+scheduler.eta_min"),
    ("train", "+trainer.max_epoch=3", "trainer.max_epochs"),
    ("train", "+evaluation.levl=1", "evaluation.level"),
    ("prepare", "data.crop.treshold=1", "data.crop.threshold"),
    ("audit", "splits.reprt.seed=1", "splits.report.seed"),
    ("evaluate", "runn=x", "run"),
    ("compare", "rnus=[a]", "runs"),
    ("benchmark", "repeets=1", "repeats"),
    ("train", "model=mobilenet", "mobilenetv2"),
    ("train", "experiment=report_gbm", "report_gbmnet"),
    ("train", "model=torchvision model.name=resnet1", "resnet18"),
    ("train", "training.smoothing=0.1", "training.label_smoothing"),
    ("app", "run=x prot=1", "port"),
    ("train", "evaluation.healthy=notumour", "notumor"),
    ("audit", "one_against_rest=notumour", "notumor"),
    ("train", "model.name=gbmnt", "gbmnet"),
    ("train", "optimizer._target_=torch.optim.Adan", "torch.optim.Adam"),
    ("train", f"{VAL} callbacks.best.monitor=val/acuracy", "val/accuracy"),
    ("train", "data.source=phantm", "phantom"),
    ("export", "run=x format=onx", "onnx"),
]
# Command, and what is typed behind it: the value in its last word cannot be, by kind or range.
VALUES = [
    ("train", "+split.fold=1"),
    ("prepare", "keep_freed_memory=1.5"),
    ("prepare", "\"data.classes=['',a]\""),
    ("train", "optimizer.lr=abc"),
    ("train", "optimizer.lr=null"),
    ("train", "optimizer.lr=[1,2]"),
    ("train", "optimizer.lr=true"),
    ("train", "trainer.max_epochs=1.5"),
    ("train", "trainer.log_every_n_steps=often"),
    ("train", "model.width=true"),
    ("train", "data.batch_size=[1]"),
    ("train", "data.batch_size='\"ä\"'"),
    ("train", "split=patient split.fold=x"),
    ("train", "split.leaky=maybe"),
    ("train", "data.classes=glioma"),
    ("train", "data.classes=[a,a]"),
    ("train", "augment.blur_sigma=1"),
    ("train", "callbacks.last.filename=5"),
    ("train", "callbacks.sheet.scans=some"),
    ("train", "callbacks.best=5"),
    ("train", "keep_freed_memory=maybe"),
    ("train", "name=[a]"),
    ("train", "evaluation.figures=1"),
    ("compare", "runs=[a] different_scans=2"),
    ("compare", "runs=5"),
    ("evaluate", "run=x data.names=5"),
    ("evaluate", "run=x checkpoint=first"),
    ("evaluate", "run=x robustness=maybe"),
    ("benchmark", "rows=prepare"),
    ("train", "training.label_smoothing=1"),
    ("train", "training.backbone_rate=0"),
    ("train", "training.softmax_twice=maybe"),
    ("app", "run=x port=65536"),
    ("app", "run=x max_mib=257"),
    ("app", "run=x abstention.error=1"),
    ("train", "trainer.max_epochs=-1"),
    ("train", "optimizer.lr=nan"),
    ("train", "optimizer.lr=inf"),
    ("train", "model.dropout=1.5"),
    ("train", "model.width=16385"),
    ("train", "split=patient split.fold=4"),
    ("train", "split.test_fraction=0"),
    ("train", "split.test_fraction=1.2"),
    ("train", "evaluation.level=0.99991"),
    ("train", "seed=-1"),
    ("train", "seed=4294967296"),
    ("train", "split.seed=-1"),
    ("train", "data.num_workers=257"),
    ("train", "data.crop.blur_kernel=4"),
    ("train", "data.crop.size=2049"),
    ("train", "model=mobilenetv2 model.frozen_statistics=maybe"),
    ("train", "augment.flip_probability=1.01"),
    ("train", "augment=mri augment.operations.noise.sigma=[1,999]"),
    ("train", "data.phantom.seed=-1"),
    ("train", "callbacks.pictures.every=0"),
    ("prepare", "data.near_duplicates.related=0.39"),
    ("audit", "report_seeds=0"),
    ("audit", "splits.patient.folds=1"),
    ("evaluate", "run=x batch_size=0"),
    ("compare", "runs=[a] evaluation.bins=1"),
    ("benchmark", "repeats=0"),
    ("train", f"{VAL} callbacks.best.mode=min"),
    ("train", "data.name=../x"),
    ("train", "data.source=web"),
    ("train", "data=brain_tumor_mri data.root=null data.kaggle.version=new"),
    ("train", "data.crop.blur_kernel=101"),
    ("audit", "report_seeds=1001"),
    ("compare", "runs=[a] published.results.gbmnet.train.table=one"),
    ("predict", "run=x input=a shown=10001"),
    ("export", "run=x rounds=0"),
]
# Command, what is typed behind it, and what the sentence has to hold, in this order.
SENTENCES = [
    ("train", "optimizer.rl=1", "optimizer.rl is unknown: optimizer has _partial_, _target_, "),
    ("train", "+data.modle=1", "data.modle is unknown"),
    ("train", "model.name.x=1", "model.name.x is unknown: model.name is a single value"),
    ("train", "optimiser._target_=mine.Adam", "did you mean optimizer._target_"),
    ("train", "augment=none augment._target_=mine.Flip", "write +augment._target_=VALUE to add it"),
    ("train", "+data.crop.margin=3", "data.crop.margin is unknown"),
    ("train", "=1", "A group takes the name of a choice"),
    ("train", "-m seed=0,1 model=resnet", "model=resnet * choose one of gbmnet, mobilenetv2, "),
    ("train", "model.unfreeze=2", "model.unfreeze"),
    ("train", "model=null", "A group takes the name of a choice, as in model=gbmnet"),
    ("train", "+experiment=demo", "experiment is there already"),
    ("prepare", "split@part=report", "split@part is not there to be changed"),
    ("audit", "data=brats", "data=brats is no choice of data"),
    ("train", "trainer.max_epochs", "'trainer.max_epochs' has no value: write trainer.max_epochs="),
    ("train", "a=b=c", "'a=b=c' cannot be read"),
    ("train", "data.batch_size=[1", "'data.batch_size=[1' cannot be read: * close every bracket"),
    ("train", "seed={a:1", "cannot be read"),
    ("prepare", "'data.root=/a (1)'", "what holds ( has to stand in quotes * data.root='/a (1)'"),
    ("audit", "data.root=/a=1", "what holds = has to stand in quotes * data.root='/a=1'"),
    ("compare", "runs=[~/a]", "what holds ~ has to stand in quotes"),
    ("prepare", "data=folder data.root=~/not-there", f"There is no folder {Path.home()}/not-there"),
    ("prepare", "data=folder", "data.root is not given: add data.root=VALUE"),
    ("prepare", "data=csv", "data.table is not given: add data.table=VALUE"),
    ("prepare", "data=csv data.table=gone.csv", "The table gone.csv cannot be read"),
    ("train", "data=own", "data._target_ is not given"),
    ("train", "data=own data._target_=my.MyScans", "code of others * add trust=[my]"),
    ("prepare", "data=folder data.root=.", "holds no class folder * data.root=FOLDER"),
    (
        "train",
        "data=brain_tumor_mri data.kaggle.version=newest",
        "data.kaggle.version must be * or latest: 'newest'",
    ),
    ("train", "seed=1,2", "seed=1,2 gives several values: add -m"),
    ("train", '"data.classes=[1,2,3]"', "must be a list * (1, 2, 3), write \"data.classes=['1','2"),
    ("train", "+optimizer.lr=1", "optimizer.lr is there already: write optimizer.lr=VALUE"),
    ("evaluate", "run", "'run' has no value: write run=VALUE"),
    ("train", "seed=${nope}", "seed: * 'nope' not found"),
    ("train", "seed=${seed}", "seed"),
    ("train", "runs=${nope}", "hydra.run.dir: * 'nope' not found"),
    ("train", "data.root=${oc.env:NO_SUCH_VARIABLE}", "data.root: * NO_SUCH_VARIABLE"),
    ("train", "split=file", "split.path is not given: add split.path=VALUE"),
    ("train", "split=file split.path=a.csv", "no file a.csv"),
    ("evaluate", "", "run is not given: add run=VALUE"),
    ("evaluate", "run=nowhere", "nowhere is no run folder"),
    (
        "train",
        "model=mobilenetv2 model.weights=none model.unfreeze=20",
        "model.unfreeze is 20, MobileNetV2 has 19 blocks",
    ),
    (
        "train",
        "model=torchvision model.name=vit_b_16 model.weights=none",
        "vit_b_16 does not end in feature maps",
    ),
    (
        "train",
        "scheduler=warmup_cosine scheduler.warmup=1",
        "scheduler.warmup must be a number in 0..1, 1 left out: 1",
    ),
    ("train", "scheduler=one_cycle +scheduler.total_steps=9", "total_steps is set by the program"),
    ("train", "optimizer.lr=-1", "optimizer does not work as configured: Invalid learning rate"),
    ("train", "seed=100000000000000000000", "seed has more than 64 bits"),
    ("train", "augment.blur_kernel=999", "augment cannot treat scans of 256 x 256 pixels"),
    ("train", "scheduler=cosine scheduler.T_max=0", "scheduler does not work as configured"),
    ("train", "trainer.accelerator=abacus", "trainer cannot be built from its configuration"),
    ("evaluate", "run=x accelerator=abacus", "accelerator=abacus cannot be used"),
    ("benchmark", "rows=[train]", "rows names 'train'"),
    ("train", "optimizer._target_=os.system", "optimizer._target_ is 'os.system', but only an"),
    ("train", "callbacks.bar._target_=torch.load", "callbacks.bar._target_ is 'torch.load'"),
    ("train", f"{VAL} callbacks.best.monitor=null", "callbacks.best.monitor must name a score"),
    ("train", f"{VAL} callbacks.best=null", "callbacks.best must stay"),
    ("train", "callbacks.last=null", "callbacks.last must stay"),
    ("train", "callbacks.last.filename=final", "callbacks.last must keep checkpoints/last.ckpt"),
    ("train", "callbacks.best.monitor=test/accuracy", "nothing may be selected by test scans"),
    ("train", f"{VAL} callbacks.best.monitor=test/loss", "nothing may be selected by test scans"),
    ("train", f"{STOP} +callbacks.stop.monitor=test/loss", "callbacks.stop.monitor is test/loss"),
    (
        "train",
        f"scheduler=cosine scheduler._target_={PLATEAU} ~scheduler.T_max",
        "scheduler is a ReduceLROnPlateau * choose one of scheduler=cosine",
    ),
    ("train", "runs=/dev/null/x", "/dev/null/x/custom/gbmnet/ * cannot be made"),
    ("train", "model=mobilenetv2 model.weights=gone.pth", "no weights file gone.pth"),
    (
        "train",
        "trainer.limit_train_batches=2",
        "limit_train_batches is not configured yet: write +trainer.limit_train_batches=VALUE",
    ),
    ("train", "trainer.limit_trian_batches=2", "did you mean +trainer.limit_train_batches?"),
    ("audit", "threads=2", "threads is unknown to audit, train has it: leave it out"),
    ("train", "resume=nowhere", "nowhere is no run folder: * resume=FOLDER"),
    ("train", "-m hydra/sweeper=optuna seed=0,1", "python -m brain_tumor.tune"),
    ("train", "lr=low", "optimizer.lr must be a number: 'low'"),
    ("train", "epochs=0", "trainer.max_epochs must be"),
    ("train", "epochs=null split=patient", "trainer.max_epochs must be a positive whole number"),
    ("train", "batch_size=0", "data.batch_size must be"),
    ("predict", "device=tpv run=x input=a", "accelerator=tpv cannot be used"),
    ("evaluate", "run=last", "There is no finished run below runs/"),
    ("compare", "runs=[last]", "There is no finished run below runs/"),
]

PLACES = {"prepare": "brain_tumor.prepare", "benchmark": "benchmarks.__main__"}


@pytest.fixture
def type_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture
) -> Callable[[str, str], tuple[int, str]]:
    """Type a command as a user does, in this process; give its exit status and standard error."""

    def untouched(*_: object, **__: object) -> None:
        raise AssertionError("the raw scans were touched")

    monkeypatch.setitem(sys.modules, "kagglehub", None)
    monkeypatch.setattr("brain_tumor.data.sources.folder.FolderSource.scans", untouched)
    monkeypatch.setattr("brain_tumor.config.source.write_phantoms", untouched)
    monkeypatch.setattr(command, "keep_freed_memory", lambda: None)  # of the tests' own process
    monkeypatch.delenv("BRAIN_TUMOR_DATA", raising=False)
    monkeypatch.delenv(command.TRACEBACKS, raising=False)
    monkeypatch.chdir(tmp_path)

    def typed(name: str, words: str) -> tuple[int, str]:
        main = importlib.import_module(PLACES.get(name, f"brain_tumor.{name}.__main__")).main
        monkeypatch.setattr(sys, "argv", [name, *shlex.split(words)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert command.TRACEBACKS not in os.environ
        return int(ended.value.code or 0), capsys.readouterr().err

    return typed


Typed = Callable[[str, str], tuple[int, str]]


@pytest.fixture
def refused(type_in: Typed, tmp_path: Path) -> Callable[[str, str], str]:
    """Type a mistake; give the one sentence that answers it. Nothing may be written or read."""

    def answered(name: str, words: str) -> str:
        drawn = name in ("train", "prepare", "audit", "benchmark") and "data=" not in words
        status, said = type_in(name, f"data=phantom {words}" if drawn else words)
        assert status == 2
        assert said.startswith("brain_tumor: ") and said.count("\n") == 1, said
        assert list(tmp_path.iterdir()) == []
        return said.removeprefix("brain_tumor: ")

    return answered


@pytest.mark.parametrize(("name", "words", "nearest"), NAMES)
def test_a_wrong_name_is_answered_by_the_nearest_valid_one(
    refused: Callable[[str, str], str], name: str, words: str, nearest: str
) -> None:
    said = refused(name, words)
    key, _, value = shlex.split(words)[-1].lstrip("+~").partition("=")
    wrong = ("is unknown", f"={value} is no choice", f"is {value}", f"is {value!r}")
    assert said.startswith((*(key + (w if w[0] == "=" else f" {w}") for w in wrong), f"{key} must"))
    assert f"did you mean {nearest}?" in said


@pytest.mark.parametrize(("name", "words"), VALUES)
def test_a_wrong_value_is_answered_by_its_key_what_it_must_be_and_the_value(
    refused: Callable[[str, str], str], name: str, words: str
) -> None:
    said = refused(name, words)
    word = OverridesParser.create().parse_override(shlex.split(words)[-1])
    key, must, rest = said.partition(" must ")
    assert (key, bool(must)) == (word.key_or_group, True), said
    needed, _, value = rest.rpartition(": ")
    assert needed, said
    assert value.startswith((repr(word.value()), str(word.value()))), said


@pytest.mark.parametrize(("name", "words", "told"), SENTENCES)
def test_another_mistake_is_answered_in_one_sentence(
    refused: Callable[[str, str], str], name: str, words: str, told: str
) -> None:
    said, place = refused(name, words), 0
    for piece in told.split(" * "):
        place = said.find(piece, place)
        assert place >= 0, said


def test_many_mistakes_are_tried() -> None:
    mistakes = [mistake[:2] for mistake in (*NAMES, *VALUES, *SENTENCES)]
    assert len(mistakes) == len(set(mistakes)) >= 140


def test_what_hydra_offers_still_works(
    type_in: Callable[[str, str], tuple[int, str]], tmp_path: Path
) -> None:
    for words in ("--help", "--hydra-help"):
        assert type_in("train", words) == (0, "")
    assert type_in("train", "--help optimzer=1")[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("optimzer.lr=1",), 2),
        (("-m", "seed=0,1", "optimzer.lr=1"), 2),
        (("--cfg", "job", "optimzer.lr=1"), 2),
        (("data=phantom", "optimizer.lr=abc"), 2),
        (("-m", "seed=0,x", "data=phantom"), 1),  # the other job is trained all the same
        (("--cfg", "job"), 0),
        (("--info",), 0),
    ],
)
def test_a_real_process_says_the_same(tmp_path: Path, words: tuple[str, ...], status: int) -> None:
    python = [sys.executable, "-m", "brain_tumor.train", *words]
    clean = {name: value for name, value in os.environ.items() if name != "BRAIN_TUMOR_DATA"}
    if "seed=0,x" in words:
        python += ["data.phantom.patients_per_class=3", "+trainer.fast_dev_run=true"]
    ended = subprocess.run(
        python, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == status, ended.stderr
    assert "Traceback" not in ended.stderr
    if status:
        assert ended.stderr.splitlines()[-1].startswith("brain_tumor: ")
        assert len(ended.stderr.splitlines()) == 1
    full = subprocess.run(
        python,
        cwd=tmp_path,
        env=clean | {"HYDRA_FULL_ERROR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ("Traceback" in full.stderr) == bool(status)
