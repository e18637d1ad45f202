"""An audit is read as it was written; older files are read too, others refused in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_audit import AUDIT

from brain_tumor.audit.results.audit import AUDIT as FILE
from brain_tumor.audit.results.audit import Audit
from brain_tumor.errors import DataError
from brain_tumor.runs.folder import RunFolder

KEPT = Path(__file__).parents[3] / "experiments" / "leakage" / FILE.name


@pytest.fixture
def path(tmp_path: Path) -> Path:
    FILE.write(RunFolder(tmp_path), AUDIT)
    return tmp_path / FILE.name


def read(path: Path) -> Audit:
    return FILE.read(RunFolder(path.parent))


def content(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    found = content(path)
    change(found)
    path.write_text(json.dumps(found), encoding="utf-8")
    return path


def test_an_audit_is_read_as_it_was_written(path: Path) -> None:
    assert content(path)["version"] == FILE.version
    assert read(path) == AUDIT


def test_the_keys_are_those_of_the_committed_audit(path: Path) -> None:
    # Scripts of other people read them.
    kept, found = content(KEPT), content(path)
    assert found.keys() == {"version", *kept}
    for name in ("data", "files", "exact", "near", "patients", "lookalikes", "provenance"):
        assert found[name].keys() == kept[name].keys(), name
    for name in ("leakage", "shortcuts"):
        assert found[name][0].keys() == kept[name][0].keys(), name


def test_the_committed_audit_is_read(tmp_path: Path) -> None:
    assert "version" not in content(KEPT)
    audit = read(KEPT)
    assert (audit.files.raw, len(audit.leakage), len(audit.shortcuts)) == (7023, 11, 42)
    FILE.write(RunFolder(tmp_path), audit)
    written = content(tmp_path / FILE.name)
    assert written.pop("version") == FILE.version
    assert written == content(KEPT)


def of_0_6(found: dict[str, Any]) -> None:
    """Bring the content of an audit to the form of version 0.6."""
    del found["version"], found["lookalikes"]
    near, made = found["near"], found["provenance"]
    near["thresholds"] = {"frame": 0.98, "head": 0.96}
    near["pairs_by_view"] = {"frame and head": 5, "frame only": 2, "head only": 1}
    del near["related_pairs"], near["related_groups"], near["pairs_by_similarity"]
    for clusters in near["per_class"].values():
        del clusters["related"]
    for variant in found["leakage"]:
        del variant["lookalikes"]
    del made["hardware"], made["git_dirty"]


def test_an_audit_of_0_6_is_read(path: Path) -> None:
    audit = read(changed(path, of_0_6))
    assert audit.near.thresholds is None and audit.lookalikes is None
    assert audit.near.clusters == AUDIT.near.clusters
    assert audit.leakage == AUDIT.leakage


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda found: found.pop("near"), "near is missing"),
        (lambda found: found.update(more=1), "more is unknown"),
        (lambda found: found["files"].update(raw="7,023"), "files.raw must be a whole number: '7,"),
        (lambda found: found["near"].update(across_labels={}), "near.across_labels must be a list"),
        (lambda found: found["leakage"][1].update(test=None), r"leakage\[1\].test must be a whole"),
        (lambda found: found["shortcuts"][0].update(kind="a"), "kind must be probe or classifier"),
        (lambda found: found["near"]["thresholds"].update(related=2.0), "related must be a number"),
        (lambda found: found.update(version="1"), "version is '1'"),
        (lambda found: found.update(version=0, near=[], leakage=[3], provenance=None), "near must"),
    ],
)
def test_a_damaged_audit_is_refused_with_the_field_named(
    path: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    with pytest.raises(DataError, match=f"is damaged .*{reason}.*make the audit"):
        read(changed(path, change))


@pytest.mark.parametrize("text", ["", "[1", "[1]", "{}", '{"model": "gbmnet"}', "[" * 100_000])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE.name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"(cannot be read|is damaged) .*: make the audit again"):
        read(tmp_path / FILE.name)


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(DataError, match=r"(cannot be read|is damaged) .*: make the audit again"):
        read(tmp_path / FILE.name)
    with pytest.raises(DataError, match="No such file"):
        read(tmp_path / "gone" / FILE.name)


def test_a_later_version_is_refused_with_what_to_do(path: Path) -> None:
    with pytest.raises(DataError, match=r"later brain-tumor .*: update brain-tumor"):
        read(changed(path, lambda found: found.update(version=FILE.version + 1)))
