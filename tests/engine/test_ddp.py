"""Several processes that train together: the same as one, and none that stays behind."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from brain_tumor.engine.ddp import settle_devices
from brain_tumor.errors import ConfigError
from brain_tumor.train.build import make_trainer
from brain_tumor.train.train import train

SMALL = (
    "data=phantom",
    "data.phantom.patients_per_class=5",
    "split=official",
    "split.validation_fraction=0.2",
    "model.width=16",
    "model.dropout=0",  # its random numbers are drawn for a share
    "optimizer.lr=1e-3",
    "data.batch_size=19",  # 77 scans to train on, 20 to validate: the last batch holds one
    "evaluation.resamples=100",
    "evaluation.figures=false",
)
TWO = ("trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2")


def typed(*words: str, cwd: Path, launcher: tuple[str, ...] = ()) -> subprocess.Popen:
    clean = {name: value for name, value in os.environ.items() if name != "BRAIN_TUMOR_DATA"}
    return subprocess.Popen(
        [sys.executable, *launcher, "-m", "brain_tumor.train", *words],
        cwd=cwd,
        env=clean | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give where to type, so that scans are drawn and prepared once."""
    return tmp_path_factory.mktemp("typed")


def children(process: int) -> list[int]:
    listed = ["ps", "-o", "pid=", "--ppid", str(process)]
    done = subprocess.run(listed, capture_output=True, text=True, check=False)
    return [int(word) for word in done.stdout.split()]


def ended(process: int) -> bool:
    """Wait until a process is gone, or a zombie that nobody has asked for yet."""
    listed = ["ps", "-o", "stat=", "-p", str(process)]
    for _ in range(50):
        state = subprocess.run(listed, capture_output=True, text=True, check=False).stdout.strip()
        if not state or state.startswith("Z"):
            return True
        time.sleep(0.1)
    return False


def weights(run: Path) -> dict[str, torch.Tensor]:
    last = torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)
    return last["state_dict"]


def test_apple_s_gpu_is_refused(compose, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="trainer=mps"):
        train(compose("trainer=ddp", "trainer.accelerator=mps"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", ["trainer.devices=0", "trainer.devices=x", "trainer.num_nodes=2"])
def test_a_number_of_processes_that_cannot_be_is_refused(compose, wrong: str) -> None:
    with pytest.raises(ConfigError, match=r"trainer\."):
        settle_devices(compose(*TWO, wrong))


def test_batches_must_not_be_shared_twice(compose) -> None:
    with pytest.raises(ConfigError, match="use_distributed_sampler"):
        train(compose(*TWO, "trainer.devices=1", "trainer.use_distributed_sampler=true"))


def test_the_number_of_processes_is_written_down(compose) -> None:
    assert settle_devices(compose(*TWO, "trainer.devices=auto")).trainer.devices == 2
    assert settle_devices(compose()).trainer.devices == 1


def test_the_trainer_has_as_many_processes(compose) -> None:
    trainer = make_trainer(compose(*TWO), "test")
    assert (trainer.world_size, trainer.is_global_zero) == (2, True)


@pytest.mark.slow
def test_a_multirun_is_refused_in_one_sentence(tmp_path: Path) -> None:
    done = typed("-m", "seed=0,1", *SMALL, *TWO, cwd=tmp_path)
    _, said = done.communicate(timeout=120)
    assert done.returncode == 2
    assert "leave -m out" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_two_processes_give_what_one_gives(tmp_path: Path, drawn: Path) -> None:
    """In double precision: training magnifies rounding, so float32 shows it and nothing else."""
    launched = ("-m", "torch.distributed.run", "--nproc_per_node=2")
    ways = {"one": (("trainer=cpu",), ()), "two": (TWO, ()), "torchrun": (TWO, launched)}
    rows = {}
    for name, (words, launcher) in ways.items():
        run = tmp_path / name
        more = ("trainer.max_epochs=3", "+trainer.precision=64-true", f"run_folder={run}")
        # Wide enough to learn something at this rate.
        done = typed(*SMALL, "model.width=64", *words, *more, cwd=drawn, launcher=launcher)
        shown, said = done.communicate(timeout=300)
        assert done.returncode == 0, said
        assert shown.count("epoch   1/3") == 1
        with (run / "metrics.csv").open(newline="") as file:
            rows[name] = list(csv.DictReader(file))
        record = json.loads((run / "run.json").read_text())
        assert record["status"] == "finished"
        assert record["world_size"] == (1 if name == "one" else 2)
    assert len({row["val/accuracy"] for row in rows["one"]}) > 1  # it learns
    one = weights(tmp_path / "one")
    for name in ("two", "torchrun"):
        for mine, theirs in zip(rows[name], rows["one"], strict=True):
            for key in theirs.keys() - {"seconds"}:
                # Losses are summed in float32.
                expected = pytest.approx(float(theirs[key]), abs=1e-6, nan_ok=True)
                assert float(mine[key]) == expected, key
        for key, value in weights(tmp_path / name).items():
            # The bias before a batch normalisation, and the mean that takes it away again: its
            # gradient is nothing but rounding, of which Adam makes a step.
            idle = re.search(r"features\.\d\.(0\.bias|1\.running_mean)", key)
            tolerance = 1e-4 if idle else 1e-7
            torch.testing.assert_close(value, one[key], atol=tolerance, rtol=0, msg=key)


@pytest.mark.slow
def test_a_run_of_two_processes_goes_on_to_the_same_bits(tmp_path: Path, drawn: Path) -> None:
    more = (*SMALL, *TWO, "model.dropout=0.3", "trainer.max_epochs=3")
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    done = typed(*more, f"run_folder={whole}", cwd=drawn)
    _, said = done.communicate(timeout=300)
    assert done.returncode == 0, said
    running = typed(*more, f"run_folder={stopped}", cwd=drawn)
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("epoch   2"):
            os.kill(running.pid, signal.SIGTERM)
            break
    running.communicate(timeout=60)
    assert running.returncode == 143
    goes_on = typed(f"resume={stopped}", cwd=drawn)
    shown, said = goes_on.communicate(timeout=300)
    assert goes_on.returncode == 0, said
    assert "epoch   3/3" in shown
    assert "epoch   1/3" not in shown
    record = json.loads((stopped / "run.json").read_text())
    assert (record["status"], record["world_size"]) == ("finished", 2)
    theirs = weights(whole)
    for key, value in weights(stopped).items():
        assert torch.equal(value, theirs[key]), key


@pytest.mark.slow
def test_a_loss_that_is_no_number_ends_both(drawn: Path) -> None:
    running = typed(*SMALL, *TWO, "optimizer.lr=1e30", cwd=drawn)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 2
    assert said.count("The training loss became") == 1
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("trainer.max_epochs=1", "model=mobilenetv2", "model.weights=none"),
        ("+trainer.fast_dev_run=true",),
    ],
)
def test_other_ways_to_train_end_well(drawn: Path, words: tuple[str, ...]) -> None:
    kept = [word for word in SMALL if not word.startswith("model.")]
    done = typed(*kept, *TWO, *words, cwd=drawn)
    _, said = done.communicate(timeout=200)
    assert done.returncode == 0, said
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "whom", "status"),
    [
        (signal.SIGINT, "all", 130),
        (signal.SIGTERM, "leader", 143),
        (signal.SIGKILL, "other", 2),
        (signal.SIGKILL, "leader", -9),
    ],
)
def test_no_process_stays_behind(drawn: Path, number: int, whom: str, status: int) -> None:
    running = typed(*SMALL, *TWO, cwd=drawn)
    assert running.stdout is not None
    others: list[int] = []
    for line in running.stdout:
        if line.startswith("epoch   2"):
            others = children(running.pid)
            if whom == "all":
                os.killpg(running.pid, number)
            else:
                os.kill(running.pid if whom == "leader" else others[0], number)
            break
    running.communicate(timeout=60)  # returns once no process holds its output
    assert len(others) == 1
    assert running.returncode == status
    assert ended(others[0])
