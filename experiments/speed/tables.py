"""Write the tables of this folder's README and of the project's from the benchmarks kept here.

    python experiments/speed/tables.py

Each `<name>.json` is the `benchmark.json` of a run. Its tables go into this folder's README,
between the lines `<!-- <name> -->` and `<!-- end of <name> -->`; the ratios of `benchmark.json` go
into the project's, between `<!-- speed -->` and `<!-- end of speed -->`. `prepare.json` repeats
rows of `benchmark.json` that other work on the machine had disturbed, and stands in their place.
"""

import json
from pathlib import Path

from brain_tumor.report.blocks import filled_block
from brain_tumor.report.page import to_markdown
from brain_tumor.report.speed import ratio_table, speed_markdown

HERE = Path(__file__).parent
HERE_README, FRONT_README = HERE / "README.md", HERE.parents[1] / "README.md"


def filled() -> dict[Path, str]:
    """Give both READMEs with their tables."""
    here, front = (path.read_text(encoding="utf-8") for path in (HERE_README, FRONT_README))
    records = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in HERE.glob("*.json")
    }
    whole, prepare = records["benchmark"], records["prepare"]
    repeated = {contest["name"] for contest in prepare["contests"]}
    whole["contests"] = [one for one in whole["contests"] if one["name"] not in repeated]
    for name, record in records.items():
        here = filled_block(here, name, speed_markdown(record))
    ratios = "\n\n".join(to_markdown(ratio_table(one)).strip() for one in (whole, prepare))
    return {HERE_README: here, FRONT_README: filled_block(front, "speed", ratios)}


if __name__ == "__main__":
    for place, text in filled().items():
        place.write_text(text, encoding="utf-8")
