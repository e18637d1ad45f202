"""The transfer model's 200 epochs, every batch augmented by one draw, on a laptop.

    python -m experiments.one_draw_per_batch.head WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

As `experiments/open_settings/long_head.py` does, the features of the first epochs are worked out
once, here in the batches of a training with seed 0 (`features.py`), and the head is trained on them
over and over, in the same batches: with one draw for each scan, with one for each batch, and with
scans that are not shuffled.

WEIGHTS is a file as for `model.weights`. Features stay in `data/frozen_features`, so that a run
that was stopped goes on. Writes `head.csv` beside this file.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from brain_tumor.engine.allocator import keep_freed_memory

keep_freed_memory()  # before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from omegaconf import DictConfig  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from brain_tumor.config.instantiate import instantiate  # noqa: E402
from brain_tumor.data.split import Rows  # noqa: E402
from brain_tumor.metrics.scores import score  # noqa: E402
from brain_tumor.models.registry import build_network  # noqa: E402
from experiments.kept_table import write_table  # noqa: E402
from experiments.one_draw_per_batch.features import LAST, Course, Worked, worked  # noqa: E402
from experiments.with_path import run_with_path  # noqa: E402

COURSES = (Course(False, True, 20), Course(True, True, 20), Course(False, False, 2))
TOLD = (20, 100, 200)  # epochs that the report tells of
SEEDS = (0, 1, 2)  # of the head's weights and dropout
DROPOUT = f"{LAST}, dropout on"
TABLE = Path(__file__).with_name("head.csv")
Scores = dict[str, Any]  # by column


def trained(
    config: DictConfig, course: Course, found: Worked, seed: int, twice: bool
) -> Iterator[Scores]:
    """Train a head; give a row for each epoch that the report tells of, and each state tried.

    Args:
        config: Of the recipe.
        course: How training scans came.
        found: Their features.
        seed: Of weights and dropout.
        twice: Whether its loss takes probabilities for logits (`training.softmax_twice`).
    """
    torch.manual_seed(seed)
    head = build_network(len(found.classes), "mobilenetv2").get_submodule("head")
    make = instantiate(config.optimizer, "optimizer")
    optimizer = make(head.parameters(), fused=True)  # the same steps, a quarter sooner
    rows = np.arange(len(found.labels))
    for epoch in range(config.trainer.max_epochs):
        head.train()
        cost, said = 0.0, np.empty(len(rows), np.int64)
        again = epoch % course.epochs  # in the batches that shared statistics
        for share in course.order(rows, config, again):
            chosen = torch.from_numpy(share.rows)
            logits, labels = head(found.augmented[again][chosen]), found.labels[chosen]
            loss = F.cross_entropy(logits.softmax(dim=1) if twice else logits, labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            cost += float(loss.detach()) * len(labels)
            said[share.rows] = logits.argmax(dim=1).numpy()
        if epoch + 1 in TOLD:
            own = {"epoch": epoch + 1, "cost": cost / len(rows)}
            own |= scores("", found.labels.numpy(), said, found.classes)
            for name, parts in found.parts.items():
                yield own | {"statistics": name} | asked(head, parts, found)
            last = {"test": found.parts[LAST]["test"]}
            with torch.random.fork_rng():  # training goes on as if nobody had asked
                dropped = asked(head, last, found, dropout=True)
            yield own | {"statistics": DROPOUT} | dropped


def asked(
    head: nn.Module, parts: dict[str, Tensor], found: Worked, dropout: bool = False
) -> Scores:
    """Score what the head says of scans as they are."""
    head.train(dropout)
    row: Scores = {}
    for part, features in parts.items():
        with torch.no_grad():
            answers = head(features).argmax(dim=1).numpy()
        row |= scores(f"{part}_", found.part_labels[part], answers, found.classes)
    return row


def scores(before: str, labels: Rows, answers: Rows, classes: tuple[str, ...]) -> Scores:
    """Give accuracy and the recall of each class, by column; `before` begins its name."""
    found = score(labels, answers, classes)
    recalls = {f"{before}recall_{name}": own.recall for name, own in found.per_class.items()}
    return {f"{before}accuracy": found.overall["accuracy"]} | recalls


def main(weights: str) -> None:
    """Work everything out, and write the table."""
    rows: list[Scores] = []
    for course in COURSES:
        config, found = worked(weights, course)
        losses = (False, True) if course.shuffled else (True,)  # the one that fits the report's
        for twice, seed in product(losses, SEEDS):
            about: Scores = {"per_batch": course.per_batch, "shuffled": course.shuffled}
            about |= {"softmax_twice": twice, "seed": seed}
            rows += [about | row for row in trained(config, course, found, seed, twice)]
            print(f"trained: {about}", flush=True)
    write_table(TABLE, rows)


if __name__ == "__main__":
    run_with_path(main, __doc__)
