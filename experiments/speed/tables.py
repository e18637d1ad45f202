"""Tables of the benchmarks kept here.

Each file of `BENCHMARKS` is the `benchmark.json` of a run, and its tables are the block of that
name; `precision.json` is what `precision_steps.py` wrote, `beside_earlier.json` what
`beside_earlier.py` wrote.
"""

import json
from pathlib import Path
from typing import Any

from benchmarks.results import benchmark_file
from benchmarks.tables import speed_markdown
from brain_tumor.metrics.timing import spread
from brain_tumor.rendering.numbers import format_counted
from brain_tumor.rendering.page import DataTable, to_markdown
from brain_tumor.runs.folder import RunFolder
from experiments.findings import Blocks, Findings

README = Path(__file__).with_name("README.md")
BENCHMARKS = ("prepare", "epochs", "growth")


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    kept = RunFolder(README.parent)
    own = {name: speed_markdown(benchmark_file(f"{name}.json").read(kept)) for name in BENCHMARKS}
    others = {"precision": precision_table, "beside_earlier": beside_earlier_table}
    for name, table in others.items():
        content = json.loads(README.with_name(f"{name}.json").read_text(encoding="utf-8"))
        own[name] = to_markdown(table(content))
    return {README: own}


def beside_earlier_table(content: dict[str, Any]) -> DataTable:
    """Lay out what preparing takes today and took in an earlier version."""
    rows = []
    for name, side in content.items():
        called = f"{name} ({side['commit']})"
        spreads = [spread(side[kind]) for kind in ("clock", "processor")]
        rows.append([called, *(f"{s.median:.1f} ({s.low:.1f} to {s.high:.1f})" for s in spreads)])
    columns = ("commit", "seconds by the clock", "processor time of all cores (s)")
    rounds = format_counted(len(next(iter(content.values()))["clock"]), "round")
    note = f"All raw scans, start of Python included; {rounds}, in turns."
    return DataTable("Preparing, today and before", columns, rows, note, 1)


def precision_table(content: dict[str, Any]) -> DataTable:
    """Lay out what bf16 gains or costs, as `precision_steps.py` measured it."""
    rows = []
    for kind, networks in content["seconds"].items():
        for trained, seconds in networks.items():
            full, half = seconds["32-true"], seconds["bf16-mixed"]
            cells = (f"{1000 * full:,.0f}", f"{1000 * half:,.0f}", f"{half / full:.2f}")
            rows.append([kind, trained, *cells])
    columns = ("bf16 instructions", "MobileNetV2", "32-true (ms)", "bf16-mixed (ms)", "ratio")
    note = (
        f"Processor time of a training step of {content['batch']} scans, one thread, median of "
        f"{content['rounds']}; torch {content['torch']}."
    )
    return DataTable("A step in either precision", columns, rows, note, 2)
