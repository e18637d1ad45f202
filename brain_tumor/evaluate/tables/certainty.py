"""How sure the scores are: every number with its interval, a row for each, a column per part."""

from collections.abc import Mapping

from brain_tumor.metrics.registry import SCORES, label_scores, scores_needing
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.rendering.numbers import format_count, format_interval, format_score, listed
from brain_tumor.rendering.page import DataTable
from brain_tumor.runs.results.metrics import Metrics
from brain_tumor.runs.results.scores import PartScores

EXPLAINED = (
    "ROC AUC is each class against the rest, averaged. Negative log-likelihood is in nats per "
    "scan; the Brier score sums over classes (0 to 2); the calibration error compares the highest "
    "probability with how often it is right. Of these, lower is better. Noise of few scans "
    "only adds to a calibration error, so it lies high in its interval."
)


def certainty_table(parts: Mapping[str, PartScores], title: str, level: float) -> DataTable:
    """Lay scores out with their intervals, a column for each part; an older file lacks some."""
    displayed = list(parts.values())
    of_labels, soft = label_scores(), scores_needing("probabilities", "bins")
    classes = [one.per_class for one in displayed]
    labels = dict.fromkeys(label for own in classes for label in own)
    steps = [one.confidence for one in displayed]
    found: list[tuple[str, list[Interval | None]]] = [
        *((score.title, [one.scores.get(score.key) for one in displayed]) for score in of_labels),
        *(
            (f"recall of {name}", [own[name].recall if name in own else None for own in classes])
            for name in labels
        ),
        *(
            (score.title, [one.probabilities.scores.get(score.key) for one in steps])
            for score in (*scores_needing("ranking"), *soft)
        ),
    ]
    calibrated = [one.calibrated for one in steps]
    if any(calibrated):
        for score in soft:
            after = [one.scores.get(score.key) if one else None for one in calibrated]
            found.append((f"{score.title}, after temperature", after))
    tumours = [one.tumour for one in steps]
    if any(tumours):
        for name in ("sensitivity", "specificity"):
            found.append((f"{name} for a tumour", [getattr(one, name, None) for one in tumours]))
    rows = [
        ["scans", *(format_count(one.scans) for one in displayed)],
        ["groups of scans", *(format_count(one.groups) for one in displayed)],
        *([name, *map(format_interval, values)] for name, values in found),
    ]
    risks = [one.risk_coverage.risk_at for one in steps]
    for share in risks[0]:
        if share != "1":
            wrong = (format_score(one.get(share)) for one in risks)
            rows.append([f"wrong among the surest {100 * float(share):g} %", *wrong])
    note = f"In brackets {100 * level:g} % intervals from resampled groups of scans. {EXPLAINED}"
    others = [
        f" Of the {score.title}, {score.better} is better."
        for score in SCORES.values()
        if score.better == ("higher" if score in soft else "lower")
    ]
    return DataTable(title, ["score", *parts], rows, "".join([note, *others]))


def absent_sentences(metrics: Metrics) -> list[str]:
    """Say which classes have no scan in a part, and what that does to its scores."""
    said = []
    complete = [score.title for score in label_scores() if not score.absent_classes]
    for name, part in metrics.parts.items():
        absent = [label for label in part.classes if label not in part.present]
        if absent:
            said.append(
                f"The {name} part has no scan of {listed(absent)}: {listed(complete)} over all "
                f"classes are not given, and balanced accuracy is the mean recall over "
                f"{listed(part.present)}."
            )
    return said


def gaps(metrics: Metrics) -> list[str]:
    """Say what is not there, and why, a sentence each."""
    said = absent_sentences(metrics)
    if metrics.temperature.value is None:
        said.append(
            "There is no validation part to fit a temperature on, so probabilities are those of "
            "the network as it is."
        )
    point = metrics.operating_point
    if point.threshold is not None and point.chosen_on is None:
        said.append(
            "There is no validation part to choose an operating point on: a tumour is called where "
            "its probability is at least one half."
        )
    elif point.threshold is not None:
        said.append(
            f"A tumour is called where its probability is at least {point.threshold:.4f}: chosen "
            f"on validation scans, for a sensitivity there of at least "
            f"{point.least_sensitivity:g}, and at one half at most."
        )
    return said
