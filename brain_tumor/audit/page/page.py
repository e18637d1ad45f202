"""The page of the data audit: whether a score on this data can be trusted, and why."""

from brain_tumor.audit.page.blocks import Sheets
from brain_tumor.audit.page.copies import exact_section, exact_table, near_section, near_table
from brain_tumor.audit.page.files import files_section, findings_table
from brain_tumor.audit.page.leakage import (
    leakage_bars,
    leakage_notice,
    leakage_section,
    leakage_table,
    lookalike_tables,
    split_leakages,
)
from brain_tumor.audit.page.patients import patients_section
from brain_tumor.audit.page.shortcuts import (
    ACCURACY,
    shortcut_notices,
    shortcut_section,
    shortcut_table,
)
from brain_tumor.audit.results.audit import Audit
from brain_tumor.rendering.numbers import UNKNOWN, format_count, format_counted, listed
from brain_tumor.rendering.page import Block, DataTable, Notice, Page, Paragraph, Section


def audit_page(audit: Audit, sheets: Sheets) -> Page:
    """Describe the page of an audit, with the sheets that `audit_sheets` draws."""
    data, provenance = audit.data, audit.provenance
    return Page(
        f"Data audit: {data.name}",
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
            _made(audit),
        ],
        [
            ("data", f"{data.name}, fingerprint {data.fingerprint}"),
            ("code", f"commit {provenance.git or 'unknown'}"),
            ("made", provenance.started),
        ],
    )


def audit_tables(audit: Audit, verbose: bool = True) -> list[DataTable]:
    """Lay out, for the terminal, what test and training scans share; all tables if asked for."""
    entries, splits = audit.shortcuts, split_leakages(audit.leakage)
    if not verbose:
        return [leakage_table(splits)]
    files, found = audit.files, findings_table(audit)
    counts = [["raw", format_count(files.raw)], ["kept", format_count(files.kept)]]
    return [
        DataTable("Files", found.columns, [*counts, *found.rows]),
        exact_table(audit),
        near_table(audit),
        leakage_table(splits),
        *lookalike_tables(splits),
        *(
            shortcut_table(entries, task, ACCURACY)
            for task in dict.fromkeys(entry.task for entry in entries)
        ),
    ]


def further_lines(audit: Audit) -> list[str]:
    """Say how well a classifier does that does not look at the brain, and count the files."""
    said = [notice.text for notice in (*shortcut_notices(audit.shortcuts), *_contradicted(audit))]
    files, clusters = audit.files, format_count(audit.near.clusters)
    return [
        *said,
        f"{format_counted(files.raw, 'raw file')}, {format_count(files.kept)} kept without exact "
        f"copies; counting near-duplicates once, {clusters} different scans.",
    ]


def _contradicted(audit: Audit) -> list[Notice]:
    wrong = len(audit.patients.contradicted) if audit.patients else 0
    text = f"{format_counted(wrong, 'label')} contradict the source of the scans."
    return [Notice("warning", text)] if wrong else []


def _summary(audit: Audit) -> Section:
    splits = split_leakages(audit.leakage)
    files, near = audit.files, audit.near
    blocks: list[Block] = [
        Paragraph(answer(audit)),
        leakage_bars(splits),
        *(leakage_notice(split) for split in splits),
        *shortcut_notices(audit.shortcuts),
        *_contradicted(audit),
        Paragraph(
            f"Of {format_counted(files.raw, 'raw file')}, {format_count(files.kept)} are "
            f"kept when exact copies are dropped. {format_count(near.scans_with_a_near_duplicate)} "
            "of the raw scans have a near-duplicate or an exact copy: counted once each, there are "
            f"{format_count(near.clusters)} different scans."
        ),
    ]
    return Section("summary", "Summary", blocks)


def answer(audit: Audit) -> str:
    """Say which splits can tell what a classifier does on new patients."""
    splits, patients_known = split_leakages(audit.leakage), audit.patients is not None
    apart = [split.phrase for split in splits if split.apart]
    mixed = [split.phrase for split in splits if not split.apart]
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
    leaks = (
        f"Under {listed(mixed)} the training part has relatives of the test scans, so a score "
        "there is partly about scans that training has seen."
    )
    if apart and not patients_known:
        together = f"Only {listed(apart)} keeps scans together that look like one head."
        return f"{together} {_NO_PATIENTS} {leaks}"
    if not apart:
        return f"No split looked at says what a classifier does on new patients. {leaks}"
    return (
        f"Of the splits looked at, only {listed(apart)} can say what a classifier does on new "
        f"patients, as far as the shortcuts below allow. {leaks}"
    )


_NO_PATIENTS = (
    "But patients are not known here: training and test may still share some, and a score may be "
    "too high."
)


def _made(audit: Audit) -> Section:
    data, provenance = audit.data, audit.provenance
    seconds, memory = provenance.seconds, provenance.peak_memory_bytes
    rows = [
        ["command", " ".join(provenance.command)],
        ["raw folder", data.root],
        ["prepared set", data.prepared],
        ["fingerprint of the data", data.fingerprint],
        ["git commit", provenance.git or UNKNOWN],
        ["machine", provenance.machine],
        ["started", provenance.started],
        ["seconds, preparing", _seconds(seconds.preparing)],
        ["seconds, auditing", _seconds(seconds.auditing)],
        ["seconds, near-duplicates alone", _seconds(audit.near.seconds)],
        ["peak memory", UNKNOWN if memory is None else f"{memory / 2**30:.2f} GiB"],
        *([name, found or UNKNOWN] for name, found in provenance.versions.items()),
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


def _seconds(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{seconds:,.1f}"
