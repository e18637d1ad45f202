"""The page of the data audit: whether a score on this data can be believed, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from brain_tumor.audit.page.blocks import Audit, Sheets
from brain_tumor.audit.page.copies import (
    EXACT_ACROSS_LABELS,
    NEAR_ACROSS_LABELS,
    NEAR_CLUSTERS,
    NEAR_MISSED,
    NEAR_WRONG,
    exact_section,
    exact_table,
    near_section,
    near_table,
)
from brain_tumor.audit.page.files import files_section, findings_table
from brain_tumor.audit.page.leakage import (
    LOOKALIKES,
    SplitLeakage,
    leakage_bars,
    leakage_notice,
    leakage_section,
    leakage_table,
    lookalike_tables,
    split_leakages,
)
from brain_tumor.audit.page.patients import CONTRADICTED, patients_section
from brain_tumor.audit.page.report import report_section
from brain_tumor.audit.page.shortcuts import (
    ACCURACY,
    probe_entries,
    shortcut_notices,
    shortcut_section,
    shortcut_table,
)
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_counted
from brain_tumor.rendering.page import Block, DataTable, Notice, Page, Paragraph, Section


def audit_page(
    audit: Mapping[str, Any], pictures: Mapping[str, bytes], folder: str | None = None
) -> Page:
    """Describe the page of an audit.

    Args:
        audit: The content of `audit.json`.
        pictures: Contact sheets as PNG files. Their names are the ids of findings on files, each
            a `contact_sheet` of the finding's files, `contradicted`, likewise, and
            `exact_across_labels`, `near_clusters` (largest first), `near_across_labels`,
            `near_wrong`, `near_missed` and `lookalikes`, each a `group_sheet`. All are made with
            the defaults for how many scans and groups are shown: the captions count the rest. One
            that is not given is not shown.
        folder: Folder where the same sheets lie as `<name>.png`, relative to the page, for links
            to them; None makes no links.

    Raises:
        ValueError: A picture has another name.
    """
    places = {finding["id"] for finding in audit["files"]["findings"]} | {
        *(EXACT_ACROSS_LABELS, NEAR_CLUSTERS, NEAR_ACROSS_LABELS, NEAR_WRONG, NEAR_MISSED),
        CONTRADICTED,
        LOOKALIKES,
    }
    strays = sorted(pictures.keys() - places)
    if strays:
        raise ValueError(f"no place on the page for pictures {strays}: give {sorted(places)}")
    sheets = Sheets(pictures, folder)
    data, provenance = audit["data"], audit["provenance"]
    return Page(
        f"Data audit: {data['name']}",
        "What is wrong with these scans, and whether a score on them says anything about new "
        "patients. For research and teaching, not for diagnosis.",
        [
            _summary(audit),
            files_section(audit, sheets),
            exact_section(audit, sheets),
            near_section(audit, sheets),
            patients_section(audit, sheets),
            leakage_section(audit, sheets),
            shortcut_section(audit),
            report_section(audit),
            _made(audit),
        ],
        [
            ("data", f"{data['name']}, fingerprint {data['fingerprint']}"),
            ("code", f"commit {provenance['git'] or 'unknown'}"),
            ("made", str(provenance["started"])),
        ],
    )


def audit_summary(audit: Mapping[str, Any]) -> list[DataTable]:
    """Describe the tables of an audit for the terminal, the shortest account of it.

    Args:
        audit: The content of `audit.json`.
    """
    files, found = audit["files"], findings_table(audit)
    counts = [["raw", format_count(files["raw"])], ["kept", format_count(files["kept"])]]
    entries = probe_entries(audit)
    return [
        DataTable("Files", found.columns, [*counts, *found.rows]),
        exact_table(audit),
        near_table(audit),
        leakage_table(split_leakages(audit)),
        *lookalike_tables(split_leakages(audit)),
        *(
            shortcut_table(entries, task, ACCURACY)
            for task in dict.fromkeys(entry.task for entry in entries)
        ),
    ]


def _summary(audit: Audit) -> Section:
    splits = split_leakages(audit)
    files, near = audit["files"], audit["near"]
    blocks: list[Block] = [
        Paragraph(_answer(splits, audit["patients"] is not None)),
        leakage_bars(splits),
        *(leakage_notice(split) for split in splits),
        *shortcut_notices(probe_entries(audit)),
    ]
    wrong = len(audit["patients"]["contradicted"]) if audit["patients"] else 0
    if wrong:
        labels = f"{format_counted(wrong, 'label')} contradict the source of the scans."
        blocks.append(Notice("warning", labels))
    blocks.append(
        Paragraph(
            f"Of {format_counted(files['raw'], 'raw file')}, {format_count(files['kept'])} are "
            "kept when exact "
            f"copies are dropped. {format_count(near['scans_with_a_near_duplicate'])} of the "
            "raw scans "
            "have a near-duplicate or an exact copy: counted once each, there are "
            f"{format_count(near['clusters'])} different scans."
        )
    )
    return Section("summary", "Summary", blocks)


def _answer(splits: Sequence[SplitLeakage], patients_known: bool) -> str:
    apart = [split for split in splits if split.apart]
    mixed = [split for split in splits if not split.apart]
    if not splits:
        return "No split was looked at, so nothing can be said about a score."
    if not mixed:
        kept = "Every split looked at keeps what is known to belong together on one side."
        if not patients_known:
            return f"{kept} {_NO_PATIENTS}"
        return (
            f"{kept} A score can say something about new patients, as far as the shortcuts below "
            "allow."
        )
    seen = (
        f"Under {_listed(mixed)} the training part holds relatives of the test scans, so a score "
        "there measures in part how well a scan is recognised that was seen before."
    )
    if apart and not patients_known:
        return f"Only {_listed(apart)} keeps related scans on one side. {_NO_PATIENTS} {seen}"
    if not apart:
        return f"No split looked at says what a classifier does on new patients. {seen}"
    return (
        f"Of the splits looked at, only {_listed(apart)} can say what a classifier does on new "
        f"patients, as far as the shortcuts below allow. {seen}"
    )


_NO_PATIENTS = (
    "No patient is known here, so patients may still stand on two sides: no score can be said to "
    "hold for new ones."
)


def _listed(splits: Sequence[SplitLeakage]) -> str:
    names = [split.phrase for split in splits]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _made(audit: Audit) -> Section:
    data, provenance = audit["data"], audit["provenance"]
    seconds, memory = provenance["seconds"], provenance["peak_memory_bytes"]
    rows = [
        ["command", " ".join(provenance["command"])],
        ["raw folder", data["root"]],
        ["prepared set", data["prepared"]],
        ["fingerprint of the data", data["fingerprint"]],
        ["git commit", provenance["git"] or UNKNOWN],
        ["machine", provenance["machine"]],
        ["started", str(provenance["started"])],
        *([f"seconds, {part}", f"{took:,.1f}"] for part, took in seconds.items()),
        ["seconds, near-duplicates alone", _seconds(audit["near"]["seconds"])],
        ["peak memory", UNKNOWN if memory is None else f"{memory / 2**30:.2f} GiB"],
        *([name, found or UNKNOWN] for name, found in provenance["versions"].items()),
    ]
    return Section(
        "made",
        "How this was made",
        [
            Paragraph(
                "Everything on this page is in audit.json beside it, and what became of each file "
                "in the manifest.csv of the prepared set."
            ),
            DataTable("Provenance", ["what", "value"], rows, text_columns=2),
        ],
    )


def _seconds(took: float | None) -> str:
    return UNKNOWN if took is None else f"{took:,.1f}"
