import pytest

from brain_tumor.data.prepared.fingerprint import fingerprint_of, scan_facts
from brain_tumor.files.source import Scan

PLAIN = [Scan("Training/a/1.png", "a", "Training"), Scan("Testing/b/in/2.png", "b", "Testing")]
FLAT = [Scan("a/1.png", "a"), Scan("b/2.png", "b")]


@pytest.mark.parametrize("scans", [PLAIN, FLAT])
def test_what_the_folders_say_counts_by_the_paths_alone(scans: list[Scan]) -> None:
    # So that sets which were prepared before sources could say more keep their names.
    assert scan_facts(scans) is None
    content = {scan.name: "digest" for scan in scans}
    assert fingerprint_of(content, {}, None) == fingerprint_of(content, {}, None, facts=None)


@pytest.mark.parametrize(
    "other",
    [
        Scan("a/1.png", "b"),
        Scan("a/1.png", "a", "Training"),
        Scan("a/1.png", "a", patient="P1"),
        Scan("a/1.png", "a", slice_id="1"),
        Scan("1.png", "a"),
        Scan("train/a/1.png", "a", "Training"),
    ],
)
def test_whatever_else_a_source_says_counts(other: Scan) -> None:
    facts = scan_facts([other, FLAT[1]])
    assert facts is not None
    content = {other.name: "digest", FLAT[1].name: "digest"}
    assert fingerprint_of(content, {}, None, facts=facts) != fingerprint_of(content, {}, None)
