"""What the seeds of a fold say together: their calibrated log-probabilities averaged.

That is what `evaluate run=[ONE,OTHER]` and `predict` do with several runs. Here it is done with the
answers that the kept runs hold, so nothing is trained or loaded.
"""

from collections.abc import Sequence

from brain_tumor.runs.finished import FinishedRun
from brain_tumor.trained.ensemble import average
from experiments.kept_table import Line

ALONE, TOGETHER = "each seed alone", "together"


def averaged(runs: Sequence[FinishedRun], part: str) -> list[Line]:
    """Give a row for every scan of a part and every seed: its answer, and that of all together.

    Args:
        runs: The seeds of one fold, with a temperature fitted on validation scans.
        part: Of which every run answered the same scans in the same order.
    """
    found = [run.predictions[part] for run in runs]
    first = found[0]
    assert all(one.paths == first.paths for one in found), runs[0].folder
    mean = average([own.logits / _temperature(run) for run, own in zip(runs, found, strict=True)])
    together = [runs[0].classes[number] for number in mean.argmax(axis=1)]
    groups = runs[0].groups
    assert groups is not None, runs[0].folder
    return [
        {"label": label, "group": groups[path], ALONE: alone, TOGETHER: said}
        for own in found
        for path, label, alone, said in zip(
            own.paths, own.labels, own.predicted, together, strict=True
        )
    ]


def _temperature(run: FinishedRun) -> float:
    assert run.metrics is not None and run.metrics.temperature.value is not None, run.folder
    return run.metrics.temperature.value
