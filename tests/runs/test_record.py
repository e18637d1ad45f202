import json
from pathlib import Path

import pytest
import torch

from brain_tumor.runs.record import peak_memory
from brain_tumor.train.train import train


def test_run_json_explains_the_run(compose, tmp_path: Path) -> None:
    small = ("model.width=16", "trainer.max_epochs=1", "evaluation.resamples=100", "seed=7")
    train(compose(*small, "evaluation.figures=false", "logger=none", "split.seed=3"))
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["device"], record["devices"]) == ("CPU", 1)
    assert (record["seed"], record["split_seed"]) == (7, 3)
    assert record["precision"] == "32-true"
    assert record["threads"] == torch.get_num_threads()
    assert record["deterministic"] == {"asked": False, "device_honours": True}
    assert record["peak_memory"]["process"] > 100 * 2**20  # torch alone takes that
    assert record["peak_memory"]["device"] is None
    assert 0 < record["seconds_fit"] <= record["seconds"]
    assert record["git_dirty"] in (True, False, None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no card")
def test_the_peak_of_a_card_is_its_tensors() -> None:
    device = torch.device("cuda", 0)
    held = torch.ones(2**24, device=device)
    del held
    assert peak_memory(device).device >= 2**26
