"""Tables of the benchmarks kept here, for this page and the project's.

Each `<name>.json` is the `benchmark.json` of a run, and its tables are the block of that name; the
ratios of `benchmark.json` stand in the project's page. `prepare.json` repeats rows of
`benchmark.json` that other work on the machine had disturbed, and stands in their place.
"""

from dataclasses import replace
from pathlib import Path

from benchmarks.results import benchmark_file
from benchmarks.tables import ratio_table, speed_markdown
from brain_tumor.rendering.page import to_markdown
from brain_tumor.runs.folder import RunFolder
from experiments.findings import FRONT, Blocks, Findings

README = Path(__file__).with_name("README.md")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    kept = RunFolder(README.parent)
    records = {
        path.stem: benchmark_file(path.name).read(kept)
        for path in sorted(README.parent.glob("*.json"))
    }
    prepare = records["prepare"]
    repeated = {contest.name for contest in prepare.contests}
    contests = [one for one in records["benchmark"].contests if one.name not in repeated]
    records["benchmark"] = complete = replace(records["benchmark"], contests=tuple(contests))
    ratios = "\n\n".join(to_markdown(ratio_table(one)).strip() for one in (complete, prepare))
    own = {name: speed_markdown(record) for name, record in records.items()}
    return {README: own, FRONT: {"speed": ratios}}
