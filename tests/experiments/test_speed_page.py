"""The page about speed claims no more than its kept measurements hold."""

import json
import re
from math import ceil
from statistics import median

from benchmarks.contests import OURS
from benchmarks.results import HeldContest, benchmark_file
from brain_tumor.runs.folder import RunFolder
from experiments.speed.tables import README

BATCH = 32
PAGE = " ".join(README.read_text(encoding="utf-8").split())


def epochs() -> HeldContest:
    (contest,) = benchmark_file("epochs.json").read(RunFolder(README.parent)).contests
    return contest


def test_epochs_are_as_small_as_the_page_says() -> None:
    (scans,) = {side.scans for side in epochs().sides.values()}
    assert scans is not None
    assert (ceil(scans / BATCH), scans) == (6, 163)
    assert f"six batches, {scans} training scans" in PAGE


def test_our_epochs_were_the_shortest_and_our_first_score_the_latest() -> None:
    sides = epochs().sides
    assert min(sides, key=lambda name: sides[name].cost.median) == OURS
    assert max(sides, key=lambda name: sides[name].extras["first"].median) == OURS


def test_the_target_that_one_round_misses_is_named() -> None:
    missed = {row.peer for row in epochs().rows if row.ratio.high > row.target}
    assert missed == {"ultralytics"}
    assert "Beside ultralytics the target is met by the median alone" in PAGE


def test_only_preparing_takes_longer_per_scan_where_there_are_more() -> None:
    growth = benchmark_file("growth.json").read(RunFolder(README.parent)).growth
    assert growth is not None
    ratios = {}
    for series in growth:
        if series.axis == "scans":
            costs = [series.sides[str(size)].cost.median for size in series.sizes]
            ratios[series.title] = costs[-1] / costs[0]
    assert 1.7 < ratios.pop("prepare") < 2
    assert "nearly twice as long per scan" in PAGE
    assert len(ratios) == 3 and all(ratio < 1.1 for ratio in ratios.values())


def test_preparing_takes_as_many_times_the_earlier_as_the_page_says() -> None:
    kept = json.loads(README.with_name("beside_earlier.json").read_text(encoding="utf-8"))
    today, earlier = (median(kept[name]["processor"]) for name in ("today", "earlier"))
    assert 3.75 < today / earlier < 4.25
    assert "takes four times as much processor time as that of 0.6.0" in PAGE


def test_the_search_takes_what_the_page_says() -> None:
    profile = README.with_name("profile.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (.+?) \| ([\d.]+) \|", profile, re.MULTILINE)
    seconds = {name: float(value) for name, value in found}
    describing = ("describe edges", "candidates by heads", "candidates by frames")
    alone = sum(seconds[f"search: {name}"] for name in describing)
    assert alone > seconds["without the search"]
    assert alone > seconds["the usual script"]
    least = seconds["least for the report's crops and exact duplicates"]
    assert "Even without any search two cores would miss the target" in PAGE
    assert least / 2 > 0.33 * seconds["the usual script"]
