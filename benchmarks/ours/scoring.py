"""Our side of scoring: what evaluation does with a checkpoint's network."""

import time
from pathlib import Path
from typing import Any

from benchmarks.ours.building import classifier_of, datamodule_of
from benchmarks.turns import Turns
from brain_tumor.data.split import TEST
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.evaluate.predictions import predict_parts, scoring_trainer


def test_part(job: dict[str, Any], turns: Turns) -> None:
    """Predict the test part once per turn, by random weights.

    Args:
        job: As for `datamodule_of`.
        turns: Tell when.
    """
    hush_lightning()
    config, datamodule = datamodule_of(job)
    classifier = classifier_of(config, datamodule).eval()
    trainer = scoring_trainer(str(config.trainer.accelerator))
    while turns.wait():
        begun = time.perf_counter()
        found = predict_parts(datamodule, classifier, Path("random weights"), trainer, (TEST,))
        turns.done(time.perf_counter() - begun, len(found[TEST].rows))
