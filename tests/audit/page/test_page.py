import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from brain_tumor.audit.page.page import answer, audit_page, audit_tables, further_lines
from brain_tumor.audit.results.audit import Audit
from brain_tumor.audit.results.scans import ContradictedLabel, FileFinding, OddFile
from brain_tumor.metrics.leakage import SharedScans
from brain_tumor.metrics.uncertainty.bootstrap import Interval
from brain_tumor.rendering.page import (
    Bars,
    DataTable,
    Heading,
    Notice,
    Page,
    Paragraph,
    Picture,
    Section,
    render,
)
from brain_tumor.rendering.terminal import to_rich


def section(page: Page, anchor: str) -> Section:
    (found,) = [section for section in page.sections if section.anchor == anchor]
    return found


def tables(page: Page, anchor: str) -> dict[str, DataTable]:
    found = [block for block in section(page, anchor).blocks if isinstance(block, DataTable)]
    return {table.title: table for table in found}


def rows(table: DataTable, key: int = 1) -> dict[Any, list[str]]:
    """Give the rows of a table by their first cells."""
    return {
        row[0] if key == 1 else tuple(row[:key]): list(row[key:]) for row in map(list, table.rows)
    }


def notices(page: Page, anchor: str) -> list[tuple[str, str]]:
    blocks = section(page, anchor).blocks
    return [(block.level, block.text) for block in blocks if isinstance(block, Notice)]


def words(page: Page, anchor: str) -> str:
    blocks = section(page, anchor).blocks
    return "\n".join(b.text for b in blocks if isinstance(b, Paragraph | Notice | Heading))


def made(audit: Audit) -> Page:
    return audit_page(audit, {})


def test_the_summary_answers_first(audit: Audit) -> None:
    page = made(audit)
    first = section(page, "summary").blocks[0]
    assert isinstance(first, Paragraph)
    assert "only split=patient can say what a classifier does on new patients" in first.text
    assert "Under the folders as published, split=official and split=report" in first.text
    said = dict((text.split(",")[0], (level, text)) for level, text in notices(page, "summary"))
    level, text = said["Under split=report (5 seeds)"]
    assert level == "bad"
    # 1,430 to 1,446 of 1,648; 1,189 of the 1,192 known ones.
    assert "86.8 to 87.7 % of the 1,648 test scans have a relative in training" in text
    assert "99.7 % have theirs in training" in text
    level, text = said["Under split=patient (4 folds)"]
    assert level == "good"
    assert "none of the 1,647 to 1,650 test scans has a relative in training" in text


def test_the_summary_draws_the_range_of_each_split(audit: Audit) -> None:
    (bars,) = [b for b in section(made(audit), "summary").blocks if isinstance(b, Bars)]
    report = bars.bars[2]
    assert report.label == "report (5 seeds)"
    assert (report.low, report.high) == (1430 / 1648, 1446 / 1648)
    assert bars.bars[0].label == "published (nothing dropped)"
    assert bars.bars[1].label == "official"
    assert (bars.bars[3].low, bars.bars[3].high) == (0, 0)


@pytest.mark.parametrize(
    ("kept", "answer"),
    [
        (["patient"], "Every split looked at keeps what is known to belong together"),
        (["report"], "No split looked at says what a classifier does on new patients"),
        ([], "No split was looked at"),
    ],
)
def test_the_answer_follows_the_splits_looked_at(
    audit: Audit, kept: list[str], answer: str
) -> None:
    leakage = tuple(variant for variant in audit.leakage if variant.split in kept)
    assert answer in words(made(replace(audit, leakage=leakage)), "summary")


def test_single_scans_across_a_split_are_a_warning(audit: Audit) -> None:
    *others, fold = audit.leakage
    one = replace(fold.overlaps["any"], shared=1, share_of_all=1 / 1650)
    fold = replace(fold, overlaps={**fold.overlaps, "any": one})
    page = made(replace(audit, leakage=(*others, fold)))
    assert "only split=patient can say" in words(page, "summary")
    assert [level for level, text in notices(page, "summary") if "split=patient (4" in text] == [
        "warning"
    ]
    # 1 of 1,650 is little, and not nothing.
    assert "0.0 to 0.1 % of the 1,647" in words(page, "summary")


def test_unknown_patients_are_never_good_news(audit: Audit) -> None:
    leakage = []
    for variant in audit.leakage:
        nothing = SharedScans(0, 0, None, 0.0, variant.overlaps["slice"].per_class)
        overlaps = {**variant.overlaps, "slice": nothing, "patient": nothing}
        leakage.append(replace(variant, overlaps=overlaps))
    page = made(replace(audit, leakage=tuple(leakage), patients=None))
    assert "keeps scans together that look like one head. But patients are not" in words(
        page, "summary"
    )
    # 0.0 % would look as if no patient were shared.
    assert set(rows(tables(page, "leakage")[SHARED])["patient"]) == {"not known"}
    (found,) = [(level, text) for level, text in notices(page, "summary") if "4 folds" in text]
    assert found[0] == "warning"
    assert "Patients are not known for this data" in found[1]
    assert rows(tables(page, "leakage")[KNOWN], 2)["official", "patient"] == ["0", "0", "–"]  # noqa: RUF001


SHARED = "Test scans that share something with a training scan"
KNOWN = "The same among the test scans whose slice or patient is known"


def test_leakage_is_shown_as_ranges_over_seeds_and_folds(audit: Audit) -> None:
    found = tables(made(audit), "leakage")
    shares = rows(found[SHARED])
    assert found[SHARED].columns[1:] == [
        "published (nothing dropped)",
        "official",
        "report (5 seeds)",
        "patient (4 folds)",
    ]
    assert shares["test scans"] == ["1,311", "1,092", "1,648", "1,647 to 1,650"]
    assert shares["slice"] == ["36.7 %", "36.6 %", "37.0 to 38.5 %", "0.0 %"]
    known = rows(found[KNOWN], 2)
    assert known["report (5 seeds)", "slice"] == ["1,192", "610 to 634", "51.2 to 53.2 %"]
    # Of every scan it is known whether it has an exact copy.
    assert ("report (5 seeds)", "exact copy") not in known
    classes = rows(found["Test scans of each class that share something with a training scan"], 2)
    assert classes["official", "slice"] == ["36.6 %"] * 3 + ["–"]  # noqa: RUF001


def test_shortcuts_name_the_best_probe_under_the_strictest_split(audit: Audit) -> None:
    page = made(audit)
    (four, binary) = notices(page, "shortcuts")
    assert four[0] == "bad"
    assert "sees only the outer 8 pixels of the cropped scan" in four[1]
    assert "0.810 (0.794 to 0.826) under split=patient" in four[1]
    assert "0.264" in four[1]
    assert "width, height and aspect" in binary[1] and "0.980 (0.964 to 0.996)" in binary[1]
    found = rows(tables(page, "shortcuts")["Accuracy, four classes"])
    # The real classifier stands last, beside its probes.
    assert list(found)[-2:] == ["the cropped scan (gbmnet)", "nothing: always the largest class"]
    assert found["the cropped scan (gbmnet)"][0] == "0.907 (0.891 to 0.923)"


def test_a_probe_that_learns_nothing_is_good_news(audit: Audit) -> None:
    chance = Interval(0.27, 0.25, 0.29)
    scores = tuple(replace(one, accuracy=chance, majority=0.264) for one in audit.shortcuts)
    page = made(replace(audit, shortcuts=scores))
    assert [level for level, _ in notices(page, "shortcuts")] == ["good", "good"]


def test_what_is_not_there_is_said_in_a_sentence(audit: Audit) -> None:
    audit = replace(
        audit,
        patients=None,
        report=None,
        near=replace(audit.near, truth=None),
        files=replace(audit.files, known_version=None),
        provenance=replace(audit.provenance, git=None, peak_memory_bytes=None),
        shortcuts=(),
    )
    page = made(audit)
    assert "No table names the patients" in words(page, "patients")
    assert "No table names the slices" in words(page, "near")
    assert "No probe" in words(page, "shortcuts")
    assert len(page.sections) == 8
    assert render(page).count("<section") == 8


def test_files_that_were_found_are_named_and_those_left_out_counted(audit: Audit) -> None:
    page = made(audit)
    found = tables(page, "files")
    assert "5 files" in found and "0 files" not in found
    assert found["5 files"].note == ""
    assert len(found["431 files"].rows) == 12
    assert found["431 files"].note == "The first 12 of 431. audit.json names 50."
    balance = rows(found["Scans per class and folder"])
    assert balance["glioma"] == ["1,321", "1,321", "300", "299", "1,620", "24.6 %"]
    assert balance["all"][:5] == ["5,712", "5,497", "1,311", "1,092", "6,589"]
    assert "434 dropped as duplicates" in words(page, "files")


def test_scans_of_one_folder_are_counted_once(audit: Audit) -> None:
    flat = {"": audit.files.balance["Training"]}
    page = made(replace(audit, files=replace(audit.files, balance=flat)))
    table = tables(page, "files")["Scans per class and folder"]
    assert list(table.columns) == ["class", "raw", "kept", "share of kept"]
    assert all(len(row) == 4 for row in table.rows)
    assert rows(table)["glioma"][:2] == ["1,321", "1,321"]


def test_wrong_labels_are_bad_news_and_none_are_good(audit: Audit) -> None:
    page = made(audit)
    assert notices(page, "patients") == [
        ("bad", "4 scans stand under other labels than their source.")
    ]
    assert notices(page, "exact")[0][1].startswith("1 group of exact copies stands under several")
    assert rows(tables(page, "near")["Near-duplicates"])["clusters across labels"] == ["4"]
    assert audit.patients is not None
    by = {name: replace(found, across_labels=0) for name, found in audit.exact.by.items()}
    audit = replace(
        audit,
        patients=replace(audit.patients, contradicted=()),
        near=replace(audit.near, across_labels=()),
        exact=replace(audit.exact, by=by, groups=(), across_labels=0),
    )
    page = made(audit)
    for anchor in ("patients", "exact"):
        assert {level for level, _ in notices(page, anchor)} == {"good"}
    assert "contradict" not in words(page, "summary")


def test_pairs_missed_and_wrongly_joined_are_shown(audit: Audit) -> None:
    page = made(audit)
    found = tables(page, "near")
    near = rows(found["Near-duplicates"])
    assert (near["precision, 1,710 pairs"], near["recall, 1,711 pairs"]) == (["1.0000"], ["0.9994"])
    (missed,) = found["Pairs of one slice that were not found"].rows
    assert audit.near.truth is not None
    assert tuple(missed) == audit.near.truth.missed[0]
    assert ("good", "Pairs found that are no pair of one slice: none.") in notices(page, "near")


def test_sheets_are_shown_where_they_belong(
    audit: Audit, audit_sheets: dict[str, bytes], page: Page
) -> None:
    pictures = {
        block.file: (part.anchor, block.caption)
        for part in page.sections
        for block in part.blocks
        if isinstance(block, Picture)
    }
    assert set(pictures) == {f"sheets/{name}.png" for name in audit_sheets}
    anchor, caption = pictures["sheets/odd_size.png"]
    assert (anchor, caption) == ("files", "Unusual size or aspect: the first 24 of 431.")
    anchor, caption = pictures["sheets/near_clusters.png"]
    assert anchor == "near" and caption.endswith("the first 12 of 1,842.")
    assert pictures["sheets/contradicted.png"][0] == "patients"


def test_how_it_was_made_is_all_there(audit: Audit) -> None:
    page = made(audit)
    found = rows(tables(page, "made")["Provenance"])
    assert found["command"] == [" ".join(audit.provenance.command)]
    assert found["peak memory"] == ["1.22 GiB"]
    assert found["torch"] == ["2.15.0"]
    assert dict(page.footer)["data"] == "brain_tumor_mri, fingerprint 0f3a9c1d22b4"


# The fixture is frozen, so examples may share it.
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_a_file_may_have_any_name(audit: Audit, name: str) -> None:
    path = f"Training/<script>{name}"
    assert audit.patients is not None
    odd = FileFinding("odd_size", "Odd sizes", "", 1, (OddFile(path, "9 x 9"),))
    contradicted = (ContradictedLabel(path, "glioma", "notumor", "1"),)
    audit = replace(
        audit,
        files=replace(audit.files, findings=(odd,)),
        patients=replace(audit.patients, contradicted=contradicted),
    )
    html = render(made(audit))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 2


def test_the_terminal_s_summary_is_short_and_fits(audit: Audit) -> None:
    found = {table.title: table for table in audit_tables(audit)}
    assert list(found) == [
        "Files",
        "Exact duplicates",
        "Near-duplicates",
        SHARED,
        "Accuracy, four classes",
        "Accuracy, notumor against the rest",
    ]
    assert rows(found["Files"])["kept"] == ["6,589"]
    console = Console(width=80)
    with console.capture() as capture:
        for table in found.values():
            console.print(to_rich(table))
    lines = capture.get().splitlines()
    assert len(lines) < 100
    assert max(map(len, lines)) <= 80
    # No number is broken over two lines.
    assert re.search(r"0\.840 \(0\.824 to 0\.856\)", capture.get())
    assert re.search(r"37\.0 to 38\.5 %", capture.get())


def test_what_an_audit_prints_fits_a_screen(audit: Audit) -> None:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(answer(audit))
    first = capture.get().splitlines()
    with console.capture() as capture:
        for table in audit_tables(audit, verbose=False):
            console.print(to_rich(table, console.width))
        for line in further_lines(audit):
            console.print(line)
    lines = capture.get().splitlines()
    assert len(first) <= 5
    assert len(first) + len(lines) <= 34  # six more say what was found and where the page lies
    assert max(map(len, lines)) <= 80
    assert len(audit_tables(audit, verbose=True)) > 1
