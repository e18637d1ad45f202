"""Tables of the benchmarks kept here.

Each `<name>.json` is the `benchmark.json` of a run, and its tables are the block of that name.
`prepare.json` repeats rows of `benchmark.json` that other work on the machine had disturbed, and
stands in their place.
"""

import json
from pathlib import Path

from benchmarks.tables import speed_markdown
from experiments.findings import Blocks, Findings

README = Path(__file__).with_name("README.md")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    records = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(README.parent.glob("*.json"))
    }
    complete, prepare = records["benchmark"], records["prepare"]
    repeated = {contest["name"] for contest in prepare["contests"]}
    complete["contests"] = [one for one in complete["contests"] if one["name"] not in repeated]
    own = {name: speed_markdown(record) for name, record in records.items()}
    return {README: own}
