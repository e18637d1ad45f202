"""Are two runs the same? Weights, optimizer, curves and scores to the bit; wall times apart."""

import csv
from pathlib import Path

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def history(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.pop("seconds")
    return rows


def state(run: Path, name: str = "last") -> dict:
    return torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)


def curves(run: Path) -> dict[str, list[tuple[int, str]]]:
    """Every event of every kind, by tag, in the order of the files: doubled ones show."""
    events = EventAccumulator(
        str(run / "tensorboard"),
        size_guidance={"scalars": 0, "images": 0, "tensors": 0},
        purge_orphaned_data=False,
    )
    events.Reload()
    tags = events.Tags()
    found = {}
    for name in tags["scalars"]:
        # As text, in which a NaN equals itself.
        found[name] = [(event.step, repr(event.value)) for event in events.Scalars(name)]
    for name in tags["images"]:
        found[f"image {name}"] = [(event.step, "") for event in events.Images(name)]
    for name in tags["tensors"]:
        found[f"tensor {name}"] = [(event.step, "") for event in events.Tensors(name)]
    return found


def assert_same(run: Path, whole: Path) -> None:
    for name in ("last", "best"):
        mine, theirs = state(run, name), state(whole, name)
        assert mine["epoch"] == theirs["epoch"]
        for key, value in theirs["state_dict"].items():
            assert torch.equal(mine["state_dict"][key], value), (name, key)
        assert mine["lr_schedulers"] == theirs["lr_schedulers"]
        moments = theirs["optimizer_states"][0]["state"]
        for number, values in moments.items():
            for key, value in values.items():
                assert torch.equal(mine["optimizer_states"][0]["state"][number][key], value)
    assert history(run) == history(whole)
    mine, theirs = curves(run), curves(whole)
    assert mine.keys() == theirs.keys()
    assert {k: v for k, v in mine.items() if v != theirs[k]} == {}
    assert (run / "predictions.csv").read_bytes() == (whole / "predictions.csv").read_bytes()
    assert (run / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()
