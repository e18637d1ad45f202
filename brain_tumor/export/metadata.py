"""What an exported file says of itself: names, numbers and words beside the graph."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from brain_tumor.config.arguments import parse_settings
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.errors import BrainTumorError, WeightsError
from brain_tumor.runs.load_checkpoint import CONTROL
from brain_tumor.runs.provenance import installed
from brain_tumor.runs.results.run import RUN
from brain_tumor.trained.abstention import error_steps
from brain_tumor.trained.network import Trained
from brain_tumor.trained.out_of_distribution import MAX_BYTES, as_bytes, open_ood_detector

NOTICE = "For research and teaching. Not a medical device; nothing here may be used for diagnosis."
TEXTS = ("model", "checkpoint", "fingerprint", "version", "notice", "card")  # as they are
# Also held as JSON, as formats keep text alone.
VALUES = (
    *("classes", "temperature", "threshold", "threshold_fitted", "healthy", "crop", "harmonise"),
    "error_steps",
)
BYTES = ("ood",)  # in base 64; empty for None
EARLIER_NAMES = {"trust": "ood"}  # up to version 0.6
NAMES = (*TEXTS, *VALUES, *BYTES)
MAX_TEXT = 2**20  # letters of a text or a value; a card has about ten thousand

Facts = dict[str, Any]


def gather_facts(trained: Trained) -> Facts:
    """Gather what goes with the graph of a run, and read the run's card.

    Returns:
        `model`, name of the network; `checkpoint`, name of the file it came from; `fingerprint`, of
        the prepared set that it was trained on; `version`, of this package; `notice`; `card`, the
        text of `MODEL_CARD.md`, empty where there is none; `classes`, names in the order of the
        probabilities; `temperature`, already inside the graph, None where none was fitted;
        `threshold`, least probability of a tumour that is called one, None without a healthy
        class; `threshold_fitted`, whether it was chosen on validation scans; `healthy`, that class
        or None; `crop` and `harmonise`, how a scan is cut before the graph takes it; `error_steps`,
        which say where confidence is low (`trained/abstention.py`), None without validation scans;
        `ood`, content of `ood.npz`, the out-of-distribution detector, None where the run has none.

    Raises:
        DataError: A file of the run is damaged.
    """
    detector = open_ood_detector(trained.scored)
    card = trained.scored.path / "MODEL_CARD.md"
    return {
        "model": trained.model,
        "checkpoint": trained.checkpoint.name,
        "fingerprint": RUN.read(trained.run).data.fingerprint,
        "version": installed("brain-tumor") or "unknown",
        "notice": NOTICE,
        "card": card.read_text("utf-8", "replace") if card.is_file() else "",
        "classes": list(trained.classes),
        "temperature": trained.chosen.temperature,
        "threshold": trained.chosen.threshold,
        "threshold_fitted": trained.chosen.fitted,
        "healthy": trained.healthy,
        "crop": asdict(trained.crop),
        "harmonise": asdict(trained.harmonise),
        "error_steps": error_steps(trained.scored, trained.classes, trained.chosen.temperature),
        "ood": None if detector is None else as_bytes(detector),
    }


def as_texts(facts: Facts) -> dict[str, str]:
    """Give every fact as text, as both formats keep them."""
    texts = {name: facts[name] for name in TEXTS}
    texts |= {name: json.dumps(facts[name], allow_nan=False) for name in VALUES}
    return texts | {name: base64.b64encode(facts[name] or b"").decode() for name in BYTES}


def max_text(name: str) -> int:
    """Give how many letters the text of a fact may have."""
    return 4 * math.ceil(MAX_BYTES / 3) if name in BYTES else MAX_TEXT


def from_texts(path: Path, texts: Mapping[str, str]) -> Facts:
    """Give the facts that `as_texts` made texts of; whoever wrote them, nothing in them is run.

    Args:
        path: The file that they stand in, for messages.
        texts: By name; others than ours are passed over.

    Raises:
        WeightsError: One is missing or cannot be.
    """
    texts = {EARLIER_NAMES.get(name, name): text for name, text in texts.items()}
    missing = [name for name in NAMES if name not in texts]
    if missing:
        raise refused(path, f"it does not say its {', '.join(missing)}")
    if any(len(texts[name]) > max_text(name) for name in NAMES):
        raise refused(path, "its metadata are far too long")
    facts: Facts = {name: texts[name] for name in TEXTS}
    for name in VALUES:
        try:
            facts[name] = json.loads(texts[name])
        except (ValueError, RecursionError) as error:
            raise refused(path, f"its {name} is damaged") from error
    for name in BYTES:
        try:
            facts[name] = base64.b64decode(texts[name], validate=True) or None
        except ValueError as error:
            raise refused(path, f"its {name} is damaged") from error
    for name, right in _right(facts).items():
        if not right:
            raise refused(path, f"its {name} cannot be: {str(facts[name])[:60]!r}")
    try:
        parse_settings(CropSettings, facts["crop"], "crop")
        parse_settings(HarmoniseSettings, facts["harmonise"], "harmonise")
    except BrainTumorError as error:
        raise refused(path, str(error).rstrip(".")) from error
    return facts


def refused(path: Path, reason: str) -> WeightsError:
    """Give the error that refuses a file."""
    return WeightsError(
        f"{path} is no model that brain_tumor.export wrote ({reason}): take another file, or "
        "export the run again."
    )


def _right(facts: Facts) -> dict[str, bool]:
    classes, healthy = facts["classes"], facts["healthy"]
    named = isinstance(classes, list) and all(
        isinstance(one, str) and not CONTROL.search(one) for one in classes
    )
    return {
        # As many as a checkpoint may have (runs/load_checkpoint.py).
        "classes": named and 2 <= len(set(classes)) == len(classes) <= 1000,
        "temperature": facts["temperature"] is None
        or (_number(facts["temperature"]) and facts["temperature"] > 0),
        "threshold": (facts["threshold"] is None) == (healthy is None)
        and (healthy is None or (_number(facts["threshold"]) and 0 <= facts["threshold"] <= 1)),
        "threshold_fitted": isinstance(facts["threshold_fitted"], bool),
        "healthy": healthy is None or (named and healthy in classes),
        "error_steps": facts["error_steps"] is None or _pairs(facts["error_steps"]),
    }


def _pairs(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(_number(one) and 0 <= one <= 1 for one in pair)
        for pair in value
    )


def _number(value: Any) -> bool:
    # math.isfinite fails on whole numbers of more than 308 digits.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e308
