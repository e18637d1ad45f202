"""By what epochs may be selected: scores of training and validation scans, never of test scans."""

from collections.abc import Mapping, Sequence

from lightning.pytorch import Callback

from brain_tumor.data.split import TEST, TRAIN, VALIDATION
from brain_tumor.errors import ConfigError, suggest
from brain_tumor.metrics.registry import LOSS, better
from brain_tumor.models.classifier import SHORT
from brain_tumor.models.epoch_scores import score_names

WAYS = {"lower": "min", "higher": "max"}  # as Lightning's callbacks call it


def check_monitors(callbacks: Mapping[str, Callback], classes: Sequence[str]) -> None:
    """See that no callback monitors the test part or what is not logged, or takes worst for best.

    Callbacks by name, those too that are left out where there is no validation part.
    """
    scores = (LOSS, *score_names(classes))
    known = [f"{SHORT.get(part, part)}/{name}" for part in (VALIDATION, TRAIN) for name in scores]
    for name, callback in callbacks.items():
        key, monitor = f"callbacks.{name}.monitor", getattr(callback, "monitor", None)
        if monitor is None:
            if name == "best":
                raise ConfigError(f"{key} must name a score, such as val/balanced_accuracy: null")
            continue
        if str(monitor).partition("/")[0] == TEST:
            raise ConfigError(
                f"{key} is {monitor}: nothing may be selected by test scans; name a score of the "
                "validation part, such as val/balanced_accuracy."
            )
        if monitor not in known:
            raise ConfigError(f"{key} is {monitor}, which is not logged: {suggest(monitor, known)}")
        mode, right = getattr(callback, "mode", None), WAYS[better(monitor)]
        if mode != right:
            raise ConfigError(
                f"callbacks.{name}.mode must be {right} where {monitor} is monitored: {mode}"
            )
