"""Slips of the keyboard, command by command: one sentence with the key, and no scan is touched."""

import importlib
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brain_tumor.cli import command

VAL = "split=official split.validation_fraction=0.25"
STOP = "+callbacks.stop._target_=lightning.pytorch.callbacks.EarlyStopping"
FILE_OF_ONE_S_OWN = "a.csv"

# Command, what is typed behind it, and what the sentence has to hold, in this order.
MISTAKES = [
    # A name that is not there.
    ("train", "optimzer.lr=1", "optimzer.lr is unknown: did you mean optimizer.lr?"),
    ("train", "optimizer.rl=1", "optimizer.rl is unknown: optimizer has _partial_, _target_, "),
    ("train", "modle=gbmnet", "modle is unknown: did you mean model?"),
    ("train", "+modle=gbmnet", "modle is unknown: did you mean model?"),
    ("train", "+data.modle=1", "data.modle is unknown"),
    ("train", "data/harmonize=all", "data/harmonize is unknown: did you mean data/harmonise?"),
    ("train", "model=mobilenetv2 model.weigths=none", "model.weigths * model.weights?"),
    ("train", "model.name.x=1", "model.name.x is unknown: model.name is a single value"),
    ("train", "callbacks.best.monitr=x", "callbacks.best.monitr * callbacks.best.monitor?"),
    ("train", "~model.widht", "model.widht is unknown: did you mean model.width?"),
    ("train", "+model.widht=3", "model.widht is not for gbmnet: did you mean width?"),
    ("train", "+optimizer.weight_decy=1", "optimizer.weight_decy * did you mean weight_decay?"),
    ("train", "scheduler=cosine +scheduler.eta_mn=1", "scheduler.eta_mn * did you mean eta_min?"),
    ("train", "+trainer.max_epoch=3", "trainer.max_epoch * did you mean max_epochs?"),
    ("train", "+data.crop.margin=3", "data.crop.margin is unknown"),
    ("train", "+split.fold=1", "split.fold must be null where split=report"),
    ("train", "+evaluation.levl=1", "evaluation.levl is unknown * did you mean level?"),
    ("train", "=1", "A group takes the name of a choice"),
    ("prepare", "data.crop.treshold=1", "data.crop.treshold * did you mean data.crop.threshold?"),
    ("audit", "splits.reprt.seed=1", "splits.reprt.seed is unknown"),
    ("evaluate", "runn=x", "runn is unknown: did you mean run?"),
    ("compare", "rnus=[a]", "rnus is unknown: did you mean runs?"),
    ("benchmark", "repeets=1", "repeets is unknown: did you mean repeats?"),
    # A choice that is not there.
    ("train", "model=mobilenet", "model=mobilenet * mobilenetv2? There are gbmnet, mobilenetv2, "),
    ("train", "experiment=report_gbm", "experiment=report_gbm is no choice * report_gbmnet?"),
    ("train", "-m seed=0,1 model=resnet", "model=resnet * choose one of gbmnet, mobilenetv2, "),
    ("train", "model=torchvision model.name=resnet1", "'resnet1' * did you mean resnet18?"),
    ("train", "model.unfreeze=2", "model.unfreeze"),
    ("train", "training.smoothing=0.1", "training.smoothing is unknown: did you mean"),
    ("app", "run=x prot=1", "prot is unknown: did you mean port?"),
    ("train", "model=null", "A group takes the name of a choice, as in model=gbmnet"),
    ("train", "+experiment=demo", "experiment is there already"),
    ("prepare", "split@part=report", "split@part is not there to be changed"),
    ("prepare", "keep_freed_memory=1.5", "keep_freed_memory must be true or false: 1.5"),
    ("prepare", "\"data.classes=['',a]\"", "data.classes must be two or more different names"),
    ("audit", "data=brats", "data=brats is no choice of data"),
    # What cannot be read.
    ("train", "trainer.max_epochs", "'trainer.max_epochs' has no value: write trainer.max_epochs="),
    ("train", "a=b=c", "'a=b=c' cannot be read"),
    ("train", "data.batch_size=[1", "'data.batch_size=[1' cannot be read: * close every bracket"),
    ("train", "seed={a:1", "cannot be read"),
    ("train", "seed=1,2", "seed=1,2 gives several values: add -m"),
    ("train", "+optimizer.lr=1", "optimizer.lr is there already: write optimizer.lr=VALUE"),
    ("evaluate", "run", "'run' has no value: write run=VALUE"),
    # References.
    ("train", "seed=${nope}", "seed: * 'nope' not found"),
    ("train", "seed=${seed}", "seed"),
    ("train", "runs=${nope}", "hydra.run.dir: * 'nope' not found"),
    ("train", "data.root=${oc.env:NO_SUCH_VARIABLE}", "data.root: * NO_SUCH_VARIABLE"),
    ("train", "split=file", "split.path is not given: add split.path=VALUE"),
    ("train", f"split=file split.path={FILE_OF_ONE_S_OWN}", "no file a.csv"),
    ("evaluate", "", "run is not given: add run=VALUE"),
    ("evaluate", "run=nowhere", "nowhere is no run folder"),
    # Of another kind.
    ("train", "optimizer.lr=abc", "optimizer.lr must be a number: 'abc'"),
    ("train", "optimizer.lr=null", "optimizer.lr must be a number: None"),
    ("train", "optimizer.lr=[1,2]", "optimizer.lr must be a number: [1, 2]"),
    ("train", "optimizer.lr=true", "optimizer.lr must be a number: True"),
    ("train", "trainer.max_epochs=1.5", "trainer.max_epochs must be a positive whole number: 1.5"),
    (
        "train",
        "trainer.log_every_n_steps=often",
        "log_every_n_steps must be a whole number",
    ),
    ("train", "model.width=true", "model.width must be a whole number"),
    ("train", "data.batch_size=[1]", "data.batch_size must be a whole number"),
    ("train", "data.batch_size='\"ä\"'", "data.batch_size must be a whole number in 1.."),
    ("train", "split=patient split.fold=x", "split.fold must be a whole number or null: 'x'"),
    ("train", "split.leaky=maybe", "split.leaky must be true or false"),
    ("train", "data.classes=glioma", "data.classes must be a list"),
    ("train", "data.classes=[a,a]", "data.classes must be two or more different names"),
    ("train", "augment.blur_sigma=1", "augment.blur_sigma must be a list: 1"),
    ("train", "callbacks.last.filename=5", "callbacks.last.filename must be text or null: 5"),
    ("train", "callbacks.sheet.scans=some", "callbacks.sheet.scans must be a whole number"),
    ("train", "callbacks.best=5", "callbacks.best must be a group with a _target_"),
    ("train", "keep_freed_memory=maybe", "keep_freed_memory must be true or false"),
    ("train", "name=[a]", "name must be text"),
    ("train", "evaluation.figures=1", "evaluation.figures must be true or false"),
    ("compare", "runs=[a] different_scans=2", "different_scans must be true or false: 2"),
    ("compare", "runs=5", "runs must be a list or text: 5"),
    ("evaluate", "run=x data.names=5", "data.names must be a group of named values or null"),
    ("evaluate", "run=x checkpoint=first", "checkpoint must be best or last or null: 'first'"),
    ("evaluate", "run=x robustness=maybe", "robustness must be validation or test"),
    ("benchmark", "rows=prepare", "rows must be a list"),
    # Outside its range.
    ("train", "training.label_smoothing=1", "training.label_smoothing must lie in 0..1"),
    ("train", "training.backbone_rate=0", "training.backbone_rate must lie in 0..10"),
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
    ("train", "training.softmax_twice=maybe", "training.softmax_twice must be true or false"),
    ("train", "scheduler=warmup_cosine scheduler.warmup=1", "scheduler * warmup must lie in 0..1"),
    ("train", "scheduler=one_cycle +scheduler.total_steps=9", "total_steps is set by the program"),
    ("app", "run=x port=99999", "port must be a whole number in 0..65535: 99999"),
    ("app", "run=x max_mib=0", "max_mib must be a whole number in 1..256: 0"),
    ("app", "run=x abstention.error=2", "abstention.error must lie between 0 and 1: 2"),
    ("train", "trainer.max_epochs=-1", "trainer.max_epochs must be a positive whole number: -1"),
    ("train", "optimizer.lr=-1", "optimizer does not work as configured: Invalid learning rate"),
    ("train", "optimizer.lr=nan", "optimizer.lr must be finite: nan"),
    ("train", "optimizer.lr=inf", "optimizer.lr must be finite: inf"),
    ("train", "model.dropout=1.5", "model.dropout must lie in 0..1"),
    ("train", "model.width=1000000000000", "model.width must be a whole number in 1..16384"),
    ("train", "split=patient split.fold=7", "split.fold must lie in 0..3: 7"),
    ("train", "split.test_fraction=0", "split.test_fraction must lie between 0 and 1: 0"),
    ("train", "split.test_fraction=1.2", "split.test_fraction must lie between 0 and 1: 1.2"),
    ("train", "evaluation.level=2", "evaluation.level must lie in 0.5..0.9999: 2"),
    ("train", "seed=-1", "seed must be a whole number in 0..4294967295: -1"),
    ("train", "seed=4294967296", "seed must be a whole number in 0..4294967295"),
    ("train", "seed=100000000000000000000", "seed has more than 64 bits"),
    ("train", "split.seed=-1", "split.seed must lie in 0..2**32 - 1: -1"),
    ("train", "data.num_workers=100000", "data.num_workers must be a whole number in 0..256"),
    ("train", "data.crop.blur_kernel=4", "data.crop.blur_kernel must be odd"),
    ("train", "data.crop.size=100000", "data.crop.size must be at most 2048"),
    (
        "train",
        "model=mobilenetv2 model.frozen_statistics=maybe",
        "model.frozen_statistics must be true or false",
    ),
    ("train", "augment.flip_probability=2", "augment.flip_probability must lie in 0..1"),
    (
        "train",
        "augment=mri augment.operations.noise.sigma=[1,999]",
        "augment.operations.noise.sigma must be two rising numbers in 0..128: [1, 999]",
    ),
    ("train", "augment.blur_kernel=999", "augment cannot treat scans of 256 x 256 pixels"),
    ("train", "data.phantom.seed=-1", "data.phantom.seed must be a whole number, 0 or more"),
    ("train", "scheduler=cosine scheduler.T_max=0", "scheduler does not work as configured"),
    ("train", "callbacks.pictures.every=0", "callbacks.pictures.every must be"),
    ("train", "trainer.accelerator=abacus", "trainer cannot be built from its configuration"),
    ("train", "evaluation.healthy=notumour", "evaluation.healthy * did you mean notumor?"),
    ("prepare", "data.near_duplicates.related=2", "data.near_duplicates.related must lie in"),
    ("audit", "report_seeds=0", "report_seeds must lie in 1..1000"),
    ("audit", "one_against_rest=notumour", "one_against_rest * did you mean notumor?"),
    ("audit", "splits.patient.folds=1", "split.folds must be a whole number of 2 or more"),
    ("evaluate", "run=x batch_size=0", "data.batch_size must be a whole number in 1.."),
    ("evaluate", "run=x accelerator=abacus", "accelerator=abacus cannot be used"),
    ("compare", "runs=[a] evaluation.bins=1", "evaluation.bins must be a whole number in 2..1000"),
    ("benchmark", "repeats=0", "repeats must be a whole number of at least 1: 0"),
    ("benchmark", "rows=[train]", "rows names 'train'"),
    # A network, a class, a score that is not there.
    ("train", "model.name=gbmnt", "model.name is 'gbmnt': did you mean gbmnet?"),
    ("train", "optimizer._target_=torch.optim.Adan", "did you mean torch.optim.Adam?"),
    ("train", "optimizer._target_=os.system", "optimizer._target_ is 'os.system', but only an"),
    ("train", "callbacks.bar._target_=torch.load", "callbacks.bar._target_ is 'torch.load'"),
    ("train", f"{VAL} callbacks.best.monitor=val/acuracy", "did you mean val/accuracy?"),
    ("train", f"{VAL} callbacks.best.monitor=null", "callbacks.best.monitor must name a score"),
    ("train", f"{VAL} callbacks.best.mode=min", "callbacks.best.mode must be max"),
    ("train", f"{VAL} callbacks.best=null", "callbacks.best must stay"),
    ("train", "callbacks.last=null", "callbacks.last must stay"),
    ("train", "callbacks.last.filename=final", "callbacks.last must keep checkpoints/last.ckpt"),
    # Nothing may be selected by test scans.
    ("train", "callbacks.best.monitor=test/accuracy", "nothing may be selected by test scans"),
    ("train", f"{VAL} callbacks.best.monitor=test/loss", "nothing may be selected by test scans"),
    ("train", f"{STOP} +callbacks.stop.monitor=test/loss", "callbacks.stop.monitor is test/loss"),
    (
        "train",
        "scheduler=cosine scheduler._target_=torch.optim.lr_scheduler.ReduceLROnPlateau "
        "~scheduler.T_max",
        "scheduler does not work as configured",
    ),
    # Places.
    ("train", "data.name=../x", "data.name must be the name of a folder"),
    ("train", "runs=/dev/null/x", "/dev/null/x/custom/gbmnet/ * cannot be made"),
    ("train", "data.source=web", "data.source is 'web': choose one of"),
    ("train", "model=mobilenetv2 model.weights=gone.pth", "no weights file gone.pth"),
    ("train", "data=brain_tumor_mri data.root=null data.kaggle.version=new", "data.kaggle.version"),
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
    for place in ("data.prepared.prepare.find_scans", "data.files.kaggle.find_scans"):
        monkeypatch.setattr(f"brain_tumor.{place}", untouched)
    monkeypatch.setattr("brain_tumor.config.data.write_phantoms", untouched)
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


@pytest.mark.parametrize(("name", "words", "told"), MISTAKES)
def test_a_mistake_is_answered_in_one_sentence_before_any_scan_is_read(
    type_in: Callable[[str, str], tuple[int, str]],
    tmp_path: Path,
    name: str,
    words: str,
    told: str,
) -> None:
    own = "data=phantom" if name in ("train", "prepare", "audit", "benchmark") else ""
    if "data=" in words:
        own = ""
    status, said = type_in(name, f"{words} {own}")
    assert status == 2
    assert said.startswith("brain_tumor: ") and said.count("\n") == 1, said
    place = 0
    for piece in told.split(" * "):
        place = said.find(piece, place)
        assert place >= 0, said
    assert list(tmp_path.iterdir()) == []


def test_many_mistakes_are_tried() -> None:
    assert len(MISTAKES) == len({mistake[:2] for mistake in MISTAKES}) >= 100


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
