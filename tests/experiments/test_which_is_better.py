"""Which network is better, by the split: counted again from the kept files alone."""

import csv
import gzip
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sklearn.metrics import balanced_accuracy_score

from brain_tumor.rendering.numbers import format_difference
from brain_tumor.rendering.page import to_markdown
from experiments.blocks import filled_block
from experiments.evidence.tables import README as EVIDENCE
from experiments.findings import HERE, in_epoch, kept_runs
from experiments.longer_over_patients.tables import README as LONGER
from experiments.which_is_better import (
    ALL_SCANS,
    LEADS,
    PATIENT,
    REPORT,
    Answers,
    Compared,
    better_table,
    both_networks,
)

BOTH = both_networks()
FEW = next(own for own in BOTH if own.whole)
FIRST, LONG = sorted((own for own in BOTH if not own.whole), key=lambda own: own.epochs)


def test_of(pattern: str) -> dict[str, tuple[str, str]]:
    """Read class and answer of the test scans of kept runs."""
    found = {}
    for folder in sorted((HERE / "evidence" / "runs").glob(pattern)):
        with gzip.open(folder / "predictions.csv.gz", "rt", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["part"] == "test"]
        found |= {row["path"]: (row["label"], row["predicted"]) for row in rows}
    return found


test_of.__test__ = False  # type: ignore[attr-defined]


def test_a_lead_is_the_difference_on_the_scans_of_both_splits() -> None:
    report = test_of("evidence-gbmnet-report-*")
    lead = {}
    for split in (REPORT, PATIENT):
        scores = []
        for model in ("gbmnet", "mobilenetv2"):
            answers = test_of(f"evidence-{model}-{split}-*")
            labels, predicted = zip(*(answers[path] for path in report), strict=True)
            scores.append(balanced_accuracy_score(labels, predicted))
        lead[split] = scores[1] - scores[0]
    assert set(FEW.paths()) == set(report)
    for name, times in LEADS.items():
        expected = sum(times.get(split, 0) * lead[split] for split in lead)
        found = FEW.ahead(times)
        assert found.over_groups.value == pytest.approx(expected), name
        assert found.over_both is None  # one seed


def one_seed(wrong: Sequence[str], paths: Sequence[str] = "abcdef") -> Answers:
    label = {path: "glioma" if path < "d" else "pituitary" for path in paths}
    other = {"glioma": "pituitary", "pituitary": "glioma"}
    return {path: (own, other[own] if path in wrong else own, path) for path, own in label.items()}


def test_what_is_missing_has_no_row_and_scans_are_those_that_all_answer() -> None:
    small: Mapping[str, list[Answers]] = {
        REPORT: [one_seed("a")],
        PATIENT: [one_seed("ad", "acde")],
    }
    large = {REPORT: [one_seed("")], PATIENT: [one_seed(""), one_seed("c")]}
    both = Compared(3, 0.1, False, small, large)
    assert both.paths() == ["a", "c", "d", "e"]
    rows = better_table([both, Compared(3, 0.1, True, {REPORT: small[REPORT]}, large)]).rows
    assert [row[2] for row in rows] == [*LEADS, ALL_SCANS, REPORT]
    assert [row[3] for row in rows] == ["4"] * 4 + ["6"]
    assert [float(row[6].split()[0]) for row in rows] == [0.25, 0.375, 0.125, 0.375, 0.167]
    assert rows[1][4:6] == ["0.500", "0.875 (0.750 to 1.000)"]
    assert [float(cell.split()[0]) for cell in rows[2][4:6]] == [-0.25, -0.125]


@pytest.mark.parametrize(("page", "own"), [(EVIDENCE, [FEW]), (LONGER, BOTH)])
def test_the_pages_show_what_is_made_of_the_kept_answers(page: Path, own: list[Compared]) -> None:
    text = page.read_text(encoding="utf-8")
    table = to_markdown(better_table(own))
    assert filled_block(text, "better", table) == text, "make results"


def told(page: Path) -> str:
    """Give what people wrote on a page, without the tables."""
    text = page.read_text(encoding="utf-8")
    return " ".join(re.sub(r"<!-- (\w+) -->.*?<!-- end of \1 -->", "", text, flags=re.S).split())


def test_the_pages_tell_whether_the_split_decides_as_their_tables_do() -> None:
    lead = FEW.ahead(LEADS["patient less report"]).over_groups
    for page in (EVIDENCE, HERE / "README.md"):
        assert format_difference(lead) in told(page), page
    assert lead.low > 0  # the sentences say that the split makes a difference
    changes = FEW.changes(LEADS["patient less report"])
    assert all(own.over_groups.high < 0 for own in changes)  # the page says that both fall
    first = FIRST.ahead(LEADS["patient less report"]).over_groups
    assert first.low > 0  # the page says that GBMnet's lead is smaller over patients
    every = FIRST.paths([PATIENT])
    ahead = FIRST.ahead(LEADS[PATIENT], every).over_groups
    assert ahead.high < 0  # the page says that GBMnet is ahead
    for words in (f"{len(FIRST.paths()):,} test scans", f"{len(every):,} scans"):
        assert words in told(LONGER)
    for ends in (first, ahead):
        assert format_difference(ends) in told(LONGER)
    found = LONG.ahead(LEADS[REPORT])
    assert found.over_both is not None
    assert format_difference(found.over_both) in told(LONGER)


def test_seeds_of_gbmnet_are_as_far_apart_as_the_page_says() -> None:
    runs = [run for run in kept_runs("as_reported") if run.setting["model.name"] == "gbmnet"]
    first, second = (in_epoch(run, 20, "test/balanced_accuracy") for run in runs)
    apart = abs(first - second)
    assert f"differ by {apart:.3f} in balanced accuracy at epoch 20" in told(EVIDENCE)
    lead = FEW.ahead(LEADS["patient less report"]).over_groups.value
    assert 0.4 < apart / lead < 0.5  # "nearly half of this"
