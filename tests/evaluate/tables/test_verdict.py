"""What an evaluation says first: which conditions bring which sentence."""

import re
from dataclasses import replace
from pathlib import Path
from textwrap import wrap

import pytest

from brain_tumor.evaluate.tables.verdict import foreign_sentence, leakage_sentence, verdict
from brain_tumor.metrics.leakage import ANY, LookalikeShare, PartOverlap, SharedScans
from brain_tumor.runs.folder import RunFolder
from brain_tumor.runs.results.metrics import METRICS, ExternalScans, Metrics


@pytest.fixture
def demo() -> Metrics:
    return METRICS.read(RunFolder(Path(__file__).parents[3] / "experiments/demo"))


def overlap(shared: int, alike: float | None) -> PartOverlap:
    look = None if alike is None else (LookalikeShare(0.93, alike, {}, None, None),)
    own = SharedScans(200, shared, shared / 200, shared / 200, {})
    return PartOverlap(400, 200, {ANY: own}, look)


@pytest.mark.parametrize("alike", [None, 0.0, 0.105])
@pytest.mark.parametrize("shared", [0, 1, 200])
def test_any_near_copy_or_patient_in_training_spoils_the_score(
    shared: int, alike: float | None
) -> None:
    said = leakage_sentence(overlap(shared, alike))
    assert ("do not expect this score on new patients" in said) == (shared > 0)
    assert said.startswith(f"{shared / 2:.1f} % of the test scans") == (shared > 0)
    # One share at a time, or a reader asks which counts; the one by correlation says from where on.
    assert said.count(" %") == (1 if shared else 0 if alike is None else 1)
    assert ("0.93" in said) == (alike is not None and not shared)
    assert len(wrap(f"leakage: {said}", 80)) <= 2


def test_leakage_is_said_of_a_run_s_own_scans_alone(demo: Metrics) -> None:
    assert len(verdict(replace(demo, leakage=None))) == 1
    own = verdict(replace(demo, leakage=overlap(0, None)), drawn=True)
    assert [line.partition(" ")[0] for line in own] == ["balanced", "leakage:", "phantoms:"]


def test_every_foreign_file_is_accounted_for(demo: Metrics) -> None:
    found = ExternalScans(raw=100, unusable=7, seen=11, kept=79, fingerprint="0")
    said = foreign_sentence(replace(demo, scans=found))
    kept, raw, *left_out = map(int, re.findall(r"\d+", said))
    assert (kept, raw) == (79, 100) and kept + sum(left_out) == raw
