"""A model whose answers are averages: over several networks, or over a scan and its mirror."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.predict.model import Model, ModelOutput, Scans, model_of
from brain_tumor.rendering.numbers import format_counted
from brain_tumor.trained.abstention import Abstention, least_confidence
from brain_tumor.trained.ensemble import average, open_ensemble

Values = npt.NDArray[np.float64]

LEAST = np.finfo(np.float64).tiny  # of a probability whose logarithm is taken


def open_together(
    folders: Sequence[str], abstain: Abstention, checkpoint: str | None, accelerator: str
) -> Model:
    """Open the networks of several runs, given as folders and globs, as one model.

    A scan's `ood_score` is the mean of the members', and so are maps of where they look. DataError
    where they cannot answer together.
    """
    device = scoring_trainer(accelerator).strategy.root_device
    ensemble = open_ensemble(folders, checkpoint)
    models = [model_of(member, abstain, device) for member in ensemble.members]
    first, steps, temperature = models[0], ensemble.steps, ensemble.chosen.temperature or 1.0

    def predict(scans: Scans) -> ModelOutput:
        outputs = [model.predict(scans) for model in models]
        found = average([_logarithm(one.probabilities) for one in outputs])
        scores = [one.ood_score for one in outputs if one.ood_score is not None]
        ood_score = np.mean(scores, axis=0) if len(scores) == len(models) else None
        return ModelOutput(softmax(found / temperature, axis=1), ood_score)

    cams = [model.cam for model in models if model.cam is not None]

    def cam(scans: Scans, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = np.mean([one(scans, numbers) for one in cams], axis=0)
        return found

    names = ", ".join(dict.fromkeys(model.name for model in models))
    thresholds = {model.ood_threshold for model in models}
    fitted = (
        "Temperature, threshold and low confidence are fitted on the "
        f"{format_counted(ensemble.validation, 'validation scan')} that all of them share."
        if steps is not None
        else "They share no validation scans, so nothing is fitted for all of them together."
    )
    return replace(
        first,
        name=f"{len(models)} runs together ({names})",
        chosen=ensemble.chosen,
        ood_threshold=None if None in thresholds else first.ood_threshold,
        confident_from=least_confidence(steps, abstain),
        confident_from_validation=steps is not None,
        notes=(
            f"Mean of the calibrated log-probabilities of {len(models)} runs, and of their scores "
            f"of how unlike training a scan is. {fitted}",
        ),
        members=tuple(model.path for model in models),
        predict=predict,
        cam=cam if len(cams) == len(models) else None,
    )


def with_mirror(model: Model) -> Model:
    """Let a model answer from each scan and its mirror image, by the mean log-probability.

    Everything else, the `ood_score` and maps of where it looks too, is of the scan as it is.
    """

    def predict(scans: Scans) -> ModelOutput:
        output = model.predict(scans)
        mirrored = model.predict(np.ascontiguousarray(scans[:, :, ::-1]))
        both = [_logarithm(one.probabilities) for one in (output, mirrored)]
        return replace(output, probabilities=np.exp(average(both)))

    note = (
        "Each answer is the mean log-probability of the scan and its mirror image; temperature, "
        "threshold and low confidence were fitted without that."
    )
    return replace(model, notes=(*model.notes, note), predict=predict)


def _logarithm(probabilities: Values) -> Values:
    found: Values = np.log(np.maximum(probabilities, LEAST))  # an exported file rounds to 0
    return found
