"""What the page shows of one scan."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from brain_tumor.errors import DataError
from brain_tumor.files.scans import ScanError
from brain_tumor.predict.model import Model
from brain_tumor.predict.overlay import overlay
from brain_tumor.predict.predictions import Prediction, predict_scans
from brain_tumor.predict.reader import Reader
from brain_tumor.rendering.numbers import format_percent


@dataclass(frozen=True)
class Answer:
    """What the page shows of a scan. For research, not for diagnosis.

    The fields of a `Prediction`; `call`, whether a tumour is called, as a sentence; a sentence for
    each reason not to believe the answer; how many frames the file has; and, as data URLs, the scan
    as the network takes it and where that looked, None for an exported file.
    """

    label: str
    probabilities: Mapping[str, float]
    tumour: bool | None
    call: str
    out_of_distribution: bool | None
    low_confidence: bool
    flags: tuple[str, ...]
    frames: int
    crop: str
    overlay: str | None


def answer(model: Model, content: bytes) -> Answer:
    """Predict the scan in a file's bytes, a picture or DICOM: of several frames, the first."""
    try:
        frames = Reader(model.crop, model.harmonise).cut(content)
        scan = frames[0]()
    except ScanError as error:
        raise DataError(
            f"This file cannot be used: {error}. Give a picture or a DICOM file of one scan."
        ) from error
    (said,) = predict_scans(model, scan[None], [None])
    number = np.array([model.classes.index(said.label)], np.int64)
    cam = None if model.cam is None else model.cam(scan[None], number)[0]
    return Answer(
        label=said.label,
        probabilities=said.probabilities,
        tumour=said.tumour,
        call=_call(model, said),
        out_of_distribution=said.out_of_distribution,
        low_confidence=said.low_confidence,
        flags=tuple(_flags(model, said)),
        frames=len(frames),
        crop=_data_url(scan),
        overlay=None if cam is None else _data_url(overlay(scan, cam)),
    )


def _call(model: Model, said: Prediction) -> str:
    threshold, likely = model.chosen.threshold, said.tumour_probability
    if threshold is None or likely is None:
        return ""
    origin = "chosen on validation scans" if model.chosen.fitted else "not fitted to any scans"
    return (
        f"{'Tumour' if said.tumour else 'No tumour'}: all tumour classes together have "
        f"{format_percent(likely)}. From {format_percent(threshold)} on it is called a tumour. "
        f"That limit is the run's operating point, {origin}."
    )


def _flags(model: Model, said: Prediction) -> list[str]:
    flags = []
    if said.out_of_distribution:
        flags.append(
            "This does not look like the scans that the network was trained on: do not trust the "
            "prediction."
        )
    if said.low_confidence and model.confident_from > 1:
        flags.append("No prediction of this network is reliable enough.")
    elif said.low_confidence:
        below = f"Low confidence: below {format_percent(model.confident_from)}"
        flags.append(
            f"{below} too many validation scans were wrong."
            if model.confident_from_validation
            else f"{below}. The run has no validation scans to choose this limit by."
        )
    if said.out_of_distribution is None:
        flags.append("This model cannot tell whether a scan is out of distribution.")
    return flags


def _data_url(picture: npt.NDArray[np.uint8]) -> str:
    stored = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    png = cv2.imencode(".png", stored)[1].tobytes()
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
