"""Several runs scored as one, by the mean of their calibrated log-probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from scipy.special import log_softmax

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.external.prepare import SEEN_FILE
from brain_tumor.data.split import TEST, VALIDATION
from brain_tumor.evaluate.checkpoint import (
    calibrated_metrics,
    check_scores_known,
    choose_on_validation,
    scan_counts,
    split_overlap,
)
from brain_tumor.evaluate.ensemble.members import Members
from brain_tumor.evaluate.external import ExternalSettings, open_external
from brain_tumor.evaluate.figures import draw_evaluation
from brain_tumor.evaluate.part_scores import ScoringSettings
from brain_tumor.evaluate.predictions import (
    Predictions,
    predict_parts,
    scoring_trainer,
    write_predictions,
)
from brain_tumor.evaluate.printed import Printer
from brain_tumor.evaluate.tables.verdict import drawn
from brain_tumor.metrics.scores import score
from brain_tumor.rendering.numbers import format_counted
from brain_tumor.runs.load_checkpoint import load_classifier
from brain_tumor.runs.results.json_file import JsonFile
from brain_tumor.runs.results.metrics import METRICS, Metrics
from brain_tumor.trained.ensemble import average


@dataclass(frozen=True)
class RunsTogether:
    """The content of `together.json`.

    `left_out` are their test scans that were not scored, as `Members.left_out`.
    """

    runs: tuple[str, ...]
    left_out: int


TOGETHER = JsonFile("together.json", RunsTogether)


def evaluate_together(
    members: Members,
    asked: ExternalSettings,
    accelerator: str,
    scoring: ScoringSettings,
    verbose: bool,
) -> Metrics:
    """Score several runs as one, write the files, and print the tables.

    Only scans are scored that none of them was trained or selected by. Temperature and operating
    point are fitted on the validation scans that all of them share, if there are any.

    Raises:
        BrainTumorError: Anything that the user can fix.
    """
    own, classes = members.datamodule, members.trained[0].classes
    phantoms = drawn(members.trained[0].run.read_config().data)
    printer = Printer(Console(highlight=False), members.name, verbose, phantoms)
    foreign = None
    if asked.place is not None:
        foreign = open_external(own, asked, members.trained[0].volume, printer.line)
    if foreign is None:
        members.check_test()
    parts = (VALIDATION, TEST) if foreign is None else (VALIDATION,)
    out = members.folder
    if foreign is not None:
        out = out.part("external", foreign.prepared.folder.name)
    check_scores_known(out)
    together, alone = predict_together(members, own, parts, accelerator)
    chosen = choose_on_validation(together.get(VALIDATION), classes, scoring)
    scored = own
    if foreign is not None:
        scored = foreign
        together, alone = predict_together(members, foreign, (TEST,), accelerator)
    metrics = replace(
        calibrated_metrics(scored, together, members.name, chosen, scoring),
        leakage=split_overlap(own) if foreign is None else None,
        scans=None if foreign is None else scan_counts(foreign),
    )
    out.create()
    write_predictions(out, scored, together)
    METRICS.write(out, metrics)
    folders = tuple(str(member.run.path) for member in members.trained)
    TOGETHER.write(out, RunsTogether(folders, members.left_out))
    draw_evaluation(out, scored, together, metrics, scoring, members.name, {})
    if foreign is None:
        printer.scores(metrics, {}, None)
    else:
        printer.foreign(metrics, out, foreign, str(asked.place), None)
    tested = together[TEST], [one[TEST] for one in alone]
    for sentence in together_sentences(members, *tested, classes, foreign is not None):
        printer.line(sentence)
    written = (METRICS.name, TOGETHER.name, "predictions.csv", SEEN_FILE, "figures")
    printer.written(out, written)
    return metrics


def predict_together(
    members: Members, datamodule: ScanDataModule, parts: Sequence[str], accelerator: str
) -> tuple[dict[str, Predictions], list[dict[str, Predictions]]]:
    """Let every member predict those parts that hold scans, and average what they say.

    Also gives what each member says. The average has log-probabilities for logits, no features.
    Raises what `predict_parts` does.
    """
    alone, said = [], []
    for member in members.trained:
        trainer, classifier = scoring_trainer(accelerator), load_classifier(member.checkpoint)
        found = predict_parts(datamodule, classifier, member.checkpoint, trainer, parts)
        temperature = member.chosen.temperature or 1.0
        alone.append(found)
        said.append(
            {part: log_softmax(one.logits / temperature, axis=1) for part, one in found.items()}
        )
    together = {
        part: replace(
            found,
            logits=average([one[part] for one in said]),
            features=np.empty((len(found.rows), 0), np.float32),
        )
        for part, found in alone[0].items()
    }
    return together, alone


def together_sentences(
    members: Members,
    together: Predictions,
    alone: Sequence[Predictions],
    classes: Sequence[str],
    foreign: bool,
) -> list[str]:
    """Say what was averaged and scored, and what that gains."""
    scored = format_counted(len(together.rows), "scan")
    if foreign:
        scored += ", none of which looks like one that any run was trained or selected by"
    else:
        scored += " that every run left for testing"
    if members.left_out and not foreign:
        left = format_counted(members.left_out, "test scan of one run", "test scans of some runs")
        scored += f"; {left} left out, as not every run did"
    shared = len(members.datamodule.split.validation)
    common = format_counted(shared, "validation scan")
    fitted = f"are fitted on the {common} that all of them share"
    if not shared:
        fitted = "are not fitted: these runs share no validation scans"
    sentences = [
        f"answers:      mean of the calibrated log-probabilities of {len(members.trained)} runs",
        f"fitted:       temperature and operating point of all together {fitted}",
        f"scored:       {scored}",
    ]

    def balanced(found: Predictions) -> str:
        scores = score(found.labels, found.predicted, tuple(classes))
        return f"{scores.overall['balanced_accuracy']:.4f}"

    each = ", ".join(balanced(one) for one in alone)
    sentences.append(f"balanced:     {balanced(together)} together; alone {each}")
    sentences.append(
        "out of distribution: not known of several runs together; predict says it of each scan"
    )
    return sentences
