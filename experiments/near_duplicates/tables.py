"""What altered copies the search finds, beside other searches."""

from collections.abc import Sequence
from pathlib import Path

from brain_tumor.rendering.numbers import format_count, format_percent
from brain_tumor.rendering.page import DataTable, to_markdown
from experiments.findings import Blocks, Findings
from experiments.kept_table import Line, read_table
from experiments.near_duplicates.alterations import ALTERATIONS
from experiments.near_duplicates.truth_tables import judged_table, thresholds_table

README = Path(__file__).with_name("README.md")
# How peers.csv calls thresholds: that which a search comes with, and the loosest that rarely errs.
DEFAULT, STRICT, SAME_SLICE, RELATED = "its own", "strict", "same slice", "related"
OURS = "ours"
# The CNN would fetch its own network.
SHOWN = {"imagededup CNN": "imagededup CNN, MobileNetV2"}


def blocks(found: Findings) -> Blocks:
    """Give the tables of pages, by the names of their blocks."""
    altered, peers, copies = (read(name) for name in ("altered", "peers", "peers_altered"))
    tables = (
        pairs_table(altered, peers, copies),
        recall_table(altered, copies, DEFAULT),
        recall_table(altered, copies, STRICT),
    )
    return {
        README: {
            "alterations": to_markdown(alterations_table(altered)),
            "thresholds": to_markdown(thresholds_table(read("thresholds"), read("halves"))),
            "judged": to_markdown(judged_table(read("judged"))),
            "peers": "\n\n".join(map(to_markdown, tables)),
        }
    }


def read(name: str) -> list[Line]:
    """Read a table of this folder."""
    return read_table(README.with_name(f"{name}.csv"))


def alterations_table(altered: Sequence[Line]) -> DataTable:
    """Lay out how many copies the search finds, by alteration and strength."""
    rows = []
    for name, alter in ALTERATIONS.items():
        own = sorted(of(altered, alteration=name), key=lambda line: int(line["strength"]))
        if not own:  # altered.py writes one after the other
            continue
        what = (alter.__doc__ or "").partition(".\n")[0].strip().rstrip(".")
        found = [
            " / ".join(format_percent(int(line[kind]) / int(line["scans"])) for line in own)
            for kind in (SAME_SLICE, RELATED)
        ]
        wrong = sum(int(line["other patients"]) for line in own)
        rows.append(
            [name, what, *(cell.replace(" % /", " /") for cell in found), format_count(wrong)]
        )
    columns = ["alteration", "what it does", "found as same slice", "as related", "wrong pairs"]
    scans = max((int(line["scans"]) for line in altered), default=0)
    note = (
        f"{format_count(scans)} scans of different known slices, altered in three strengths "
        "and sought "
        "among all raw scans. Of the copies, by strength: those found as the same slice as a scan "
        "of their slice, and those found as related to one. Wrong pairs join a copy to a scan of "
        "another known patient; all strengths together."
    )
    return DataTable("Altered copies found", columns, rows, note, 2)


def pairs_table(
    altered: Sequence[Line], peers: Sequence[Line], copies: Sequence[Line]
) -> DataTable:
    """Lay out which pairs of raw scans each search makes, and what it costs.

    Args:
        altered: Of our own search.
        peers: Of all.
        copies: Of the others.
    """
    rows = []
    for line in peers:
        pairs, right = int(line["pairs"]), int(line["same patient"])
        own = of(copies, peer=line["peer"], threshold=line["threshold"])
        if line["peer"] == OURS:
            found = recall(altered, line["threshold"])
            # Wrong pairs were counted among all that are related.
            own = list(altered) if line["threshold"] == RELATED else []
        else:
            found = recall([line], "copies found", "copies")
        rows.append(
            [
                SHOWN.get(line["peer"], line["peer"]),
                line["threshold"],
                format_count(pairs),
                format_percent(int(line["same slice"]) / int(line["of one slice"])),
                format_count(int(line["other patients"])),
                format_percent(right / pairs if pairs else None),
                found,
                format_count(sum(int(copy["other patients"]) for copy in own) if own else None),
                f"{float(line['processor']):.0f}",
                f"{float(line['bytes']) / 2**20:,.0f}",
            ]
        )
    columns = ["search", "threshold", "pairs", "same slices found", "false pairs", "precision"]
    columns += ["altered copies found", "false pairs of copies", "processor seconds", "peak MiB"]
    of_one_slice = max((int(line["of one slice"]) for line in peers), default=0)
    note = (
        "Pairs of raw scans whose patients are known. Same slices found: of the "
        f"{format_count(of_one_slice)} pairs that show one slice; nearly all are mirror images "
        "of each "
        "other, which these hashes cannot match. False pairs join two patients, those of copies a "
        "copy and a raw scan; precision is the share of pairs that do not. Threshold: its own is "
        "that which a search comes with; strict is the loosest at which it joins at most one of "
        "ten million pairs of raw scans of two patients. fastdup lists the two nearest of each "
        "scan at the most. Processor seconds, of all threads, and peak memory: one search of all "
        "raw scans from their files, each in a process of its own, beside other work."
    )
    return DataTable("Pairs of raw scans, and cost", columns, rows, note, 2)


def recall_table(altered: Sequence[Line], copies: Sequence[Line], threshold: str) -> DataTable:
    """Lay out how many altered copies each search finds, all strengths together.

    Args:
        altered: Of our own search.
        copies: Of the others.
        threshold: Theirs.
    """
    theirs = of(copies, threshold=threshold)
    names = list(dict.fromkeys(line["peer"] for line in theirs))
    rows = []
    for alteration in ALTERATIONS:
        mine = of(altered, alteration=alteration)
        cells = [recall(mine, SAME_SLICE), recall(mine, RELATED)]
        cells += [recall(of(theirs, alteration=alteration, peer=name), "found") for name in names]
        rows.append([alteration, *cells])
    displayed = [SHOWN.get(name, name) for name in names]
    columns = ["alteration", f"{OURS}, same slice", f"{OURS}, related", *displayed]
    fewest = min((line for line in theirs), key=lambda line: int(line["scans"]), default=None)
    few = fewest is not None and int(fewest["scans"]) < max(int(line["scans"]) for line in theirs)
    note = "Of the copies in all strengths, those paired with a raw scan of their slice."
    if few and fewest is not None:
        name = SHOWN.get(fewest["peer"], fewest["peer"])
        note += f" {name}: copies of {fewest['scans']} of the scans only."
    title = {
        DEFAULT: "Altered copies found, each search at its own threshold",
        STRICT: "Altered copies found, others at the loosest threshold of hardly a false pair",
    }
    return DataTable(title[threshold], columns, rows, note)


def recall(lines: Sequence[Line], kind: str, copies: str = "scans") -> str:
    """Write the share of copies found; unknown where there are none."""
    count = sum(int(line[copies]) for line in lines)
    return format_percent(sum(int(line[kind]) for line in lines) / count if count else None)


def of(lines: Sequence[Line], **wanted: str) -> list[Line]:
    """Give the lines that say what is wanted."""
    return [line for line in lines if wanted.items() <= line.items()]
