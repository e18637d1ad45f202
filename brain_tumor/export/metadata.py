"""What an exported file says of itself: names, numbers and words beside the graph."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from brain_tumor.config.arguments import parse_settings
from brain_tumor.data.prepared.crop import CropSettings
from brain_tumor.data.prepared.harmonise import HarmoniseSettings
from brain_tumor.dataclass_json import to_plain
from brain_tumor.errors import BrainTumorError, ConfigError, WeightsError
from brain_tumor.runs.load_checkpoint import CONTROL
from brain_tumor.runs.provenance import installed
from brain_tumor.runs.results.run import RUN
from brain_tumor.settings import Range, Settings
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
MAX_CLASSES = 1000  # as many as a checkpoint may have (runs/load_checkpoint.py)

Share = Annotated[float, Range(0, 1)]


@dataclass(frozen=True)
class Facts(Settings):
    """What goes with a graph; whoever wrote it, each value is checked.

    Attributes:
        model: Name of the network.
        checkpoint: Name of the file it came from.
        fingerprint: Of the prepared set that it was trained on.
        version: Of this package.
        notice: What it may be used for.
        card: The text of `MODEL_CARD.md`; empty where there is none.
        classes: Class names in the order of the probabilities.
        temperature: Already inside the graph; None where none was fitted.
        threshold: Least probability of a tumour that is called one; None without a healthy class.
        threshold_fitted: Whether it was chosen on validation scans.
        healthy: The class without a tumour; None where there is none.
        crop: How a scan is cut before the graph takes it.
        harmonise: How it is harmonised then.
        error_steps: Where confidence is low (see `trained/abstention.py`); None without validation
            scans.
        ood: Content of `ood.npz`, the out-of-distribution detector; None where the run has none.

    Raises:
        ConfigError: A value is of the wrong kind or outside its range, or two contradict.
    """

    model: str
    checkpoint: str
    fingerprint: str
    version: str
    notice: str
    card: str
    classes: tuple[str, ...]
    temperature: Annotated[float, Range(0, 1e308, (0,))] | None
    threshold: Share | None
    threshold_fitted: bool
    healthy: str | None
    crop: CropSettings
    harmonise: HarmoniseSettings
    error_steps: tuple[tuple[Share, Share], ...] | None
    ood: bytes | None

    def __post_init__(self) -> None:
        super().__post_init__()
        distinct = 2 <= len(set(self.classes)) == len(self.classes) <= MAX_CLASSES
        if not distinct or any(CONTROL.search(name) for name in self.classes):
            raise ConfigError(f"classes must be 2 to {MAX_CLASSES:,} names, each once.")
        if self.healthy is not None and self.healthy not in self.classes:
            raise ConfigError(f"healthy must be one of the classes: {self.healthy[:60]!r}")
        if (self.threshold is None) != (self.healthy is None):
            raise ConfigError("threshold must be given with healthy, and not without.")


def gather_facts(trained: Trained) -> Facts:
    """Gather what goes with the graph of a run, and read the run's card."""
    detector = open_ood_detector(trained.scored)
    card = trained.scored.path / "MODEL_CARD.md"
    return Facts(
        model=trained.model,
        checkpoint=trained.checkpoint.name,
        fingerprint=RUN.read(trained.run).data.fingerprint,
        version=installed("brain-tumor") or "unknown",
        notice=NOTICE,
        card=card.read_text("utf-8", "replace") if card.is_file() else "",
        classes=tuple(trained.classes),
        temperature=trained.chosen.temperature,
        threshold=trained.chosen.threshold,
        threshold_fitted=trained.chosen.fitted,
        healthy=trained.healthy,
        crop=trained.crop,
        harmonise=trained.harmonise,
        error_steps=_tuples(
            error_steps(trained.scored, trained.classes, trained.chosen.temperature)
        ),
        ood=None if detector is None else as_bytes(detector),
    )


def as_texts(facts: Facts) -> dict[str, str]:
    """Give every fact as text, as both formats keep them."""
    texts = {name: str(getattr(facts, name)) for name in TEXTS}
    for name in VALUES:
        texts[name] = json.dumps(to_plain(getattr(facts, name)), allow_nan=False)
    return texts | {name: base64.b64encode(getattr(facts, name) or b"").decode() for name in BYTES}


def max_text(name: str) -> int:
    """Give how many letters the text of a fact may have."""
    return 4 * math.ceil(MAX_BYTES / 3) if name in BYTES else MAX_TEXT


def from_texts(path: Path, texts: Mapping[str, str]) -> Facts:
    """Give the facts that `as_texts` made texts of; whoever wrote them, nothing in them is run.

    Others than ours are passed over; WeightsError, with the file's path, where one is missing or
    cannot be.
    """
    texts = {EARLIER_NAMES.get(name, name): text for name, text in texts.items()}
    missing = [name for name in NAMES if name not in texts]
    if missing:
        raise refused(path, f"it does not say its {', '.join(missing)}")
    if any(len(texts[name]) > max_text(name) for name in NAMES):
        raise refused(path, "its metadata are far too long")
    facts: dict[str, Any] = {name: texts[name] for name in TEXTS}
    for name in (*VALUES, *BYTES):
        try:
            if name in BYTES:
                facts[name] = base64.b64decode(texts[name], validate=True) or None
            else:
                facts[name] = _tuples(json.loads(texts[name]))
        except (ValueError, RecursionError) as error:
            raise refused(path, f"its {name} is damaged") from error
    try:
        facts["crop"] = parse_settings(CropSettings, facts["crop"], "crop")
        facts["harmonise"] = parse_settings(HarmoniseSettings, facts["harmonise"], "harmonise")
        return Facts(**facts)
    except BrainTumorError as error:
        raise refused(path, f"its {str(error).rstrip('.')}") from error


def refused(path: Path, reason: str) -> WeightsError:
    """Give the error that refuses a file."""
    return WeightsError(
        f"{path} is no model that brain_tumor.export wrote ({reason}): take another file, or "
        "export the run again."
    )


def _tuples(value: Any) -> Any:
    """Give lists as tuples, at any depth."""
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value
