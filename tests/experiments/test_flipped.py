"""Mirror images at prediction: averaged right, judged on validation scans, told as found."""

from collections.abc import Sequence
from typing import Any

import torch
from scipy.special import log_softmax
from sklearn.metrics import balanced_accuracy_score
from torch import Tensor

from brain_tumor.rendering.page import to_markdown
from experiments.best_patient.flipped import FLIPPED, FLIPPED_SEED, MIRROR, PLAIN, answers
from experiments.best_patient.tables import README, flipped_table
from experiments.blocks import filled_block
from experiments.findings import kept_runs
from experiments.kept_table import Line, read_table

FOLDS = ("0", "1", "2", "3")


def test_both_ways_are_those_of_the_scan_and_of_the_mean_with_its_mirror_image() -> None:
    generator = torch.Generator().manual_seed(0)
    scans = torch.randint(0, 256, (50, 1, 4, 6), generator=generator).byte()
    weight = torch.randn(24, 3, generator=generator) / 100

    def network(shown: Tensor) -> Tensor:
        return shown.float().flatten(1) @ weight

    untyped: Any = network
    found = answers(untyped, scans)
    seen, mirrored = (
        log_softmax(network(own).numpy(), axis=1)
        for own in (scans, torch.fliplr(scans[:, 0].mT).mT[:, None])
    )
    assert found[PLAIN].tolist() == seen.argmax(axis=1).tolist()
    assert found[MIRROR].tolist() == (seen + mirrored).argmax(axis=1).tolist()
    assert found[PLAIN].tolist() != found[MIRROR].tolist()


def of(lines: Sequence[Line], fold: str, part: str) -> list[Line]:
    return [line for line in lines if (line["fold"], line["part"]) == (fold, part)]


def gain(lines: Sequence[Line]) -> float:
    labels = [line["label"] for line in lines]
    one, other = (
        balanced_accuracy_score(labels, [line[way] for line in lines]) for way in (PLAIN, MIRROR)
    )
    return float(other - one)


def test_test_scans_were_answered_where_validation_gains_and_nowhere_else() -> None:
    lines = read_table(FLIPPED)
    for fold in FOLDS:
        assert bool(of(lines, fold, "test")) == (gain(of(lines, fold, "validation")) > 0), fold


def test_answers_to_scans_as_they_are_are_those_of_the_kept_runs() -> None:
    """Rounding differs from processor to processor: one answer in a thousand may."""
    lines = read_table(FLIPPED)
    for run in (own for own in kept_runs("best_patient") if own.seed == FLIPPED_SEED):
        for part in ("validation", "test"):
            own = {line["path"]: line[PLAIN] for line in of(lines, str(run.fold), part)}
            kept = run.predictions[part]
            if own:
                said = dict(zip(kept.paths, kept.predicted, strict=True))
                assert own.keys() == said.keys()
                assert sum(own[path] != said[path] for path in own) <= len(own) / 1000


def test_the_page_shows_what_is_made_of_the_kept_answers() -> None:
    text = README.read_text(encoding="utf-8")
    table = flipped_table(read_table(FLIPPED))
    assert filled_block(text, "flipped", to_markdown(table)) == text, "make results"
    told = text.partition("<!-- flipped -->")[0] + text.partition("<!-- end of flipped -->")[2]
    pooled = next(row for row in table.rows if row[0] == "all")
    for cell in pooled[-3:]:
        assert cell.partition(" ")[0] in told, cell
