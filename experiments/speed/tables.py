"""Tables of the benchmarks kept here.

Each `<name>.json` is the `benchmark.json` of a run, and its tables are the block of that name.
`prepare.json` repeats rows of `benchmark.json` that other work on the machine had disturbed, and
stands in their place.
"""

from dataclasses import replace
from pathlib import Path

from benchmarks.results import benchmark_file
from benchmarks.tables import speed_markdown
from brain_tumor.runs.folder import RunFolder
from experiments.findings import Blocks, Findings

README = Path(__file__).with_name("README.md")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    kept = RunFolder(README.parent)
    records = {
        path.stem: benchmark_file(path.name).read(kept)
        for path in sorted(README.parent.glob("*.json"))
    }
    repeated = {contest.name for contest in records["prepare"].contests}
    contests = [one for one in records["benchmark"].contests if one.name not in repeated]
    records["benchmark"] = replace(records["benchmark"], contests=tuple(contests))
    own = {name: speed_markdown(record) for name, record in records.items()}
    return {README: own}
