"""Our side of scoring: what evaluation does with a checkpoint's network."""

import time
from pathlib import Path
from typing import Any

from brain_tumor.data.split import TEST
from brain_tumor.runtime.benchmark.ours.building import datamodule_of
from brain_tumor.runtime.benchmark.turns import Turns
from brain_tumor.runtime.build import build_classifier
from brain_tumor.runtime.quiet import hush_lightning
from brain_tumor.runtime.scoring import predict_parts, scoring_trainer


def test_part(job: dict[str, Any], turns: Turns) -> None:
    """Predict the test part once per turn, by random weights.

    Args:
        job: As for `datamodule_of`.
        turns: Tell when.
    """
    hush_lightning()
    config, datamodule = datamodule_of(job)
    classifier = build_classifier(config, datamodule).eval()
    trainer = scoring_trainer(str(config.trainer.accelerator))
    while turns.wait():
        begun = time.perf_counter()
        found = predict_parts(datamodule, classifier, Path("random weights"), trainer, (TEST,))
        turns.done(time.perf_counter() - begun, len(found[TEST].rows))
