"""What a prepared set is named by: the content of its files, and what was done to them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from brain_tumor.data.groups.patients import Table
from brain_tumor.files.parallel import each
from brain_tumor.files.read import ScanReader
from brain_tumor.files.scans import ScanError
from brain_tumor.files.source import Scan

# Part of every fingerprint: raise it when the same scans would give another prepared set than in
# the version released last. 4 is the format of 0.7, whose reader brings 16 bits, floats and EXIF
# orientations to grey otherwise than 0.6; no prepared set of 0.6 is opened in its place.
FORMAT = 4
BEFORE = 3  # that of 0.6, whose near-duplicates were found by correlating grey values


Facts = Sequence[tuple[str, ...]]


def fingerprint_of(
    digests: Mapping[str, str],
    settings: Mapping[str, Any],
    table: Table | None,
    form: int = FORMAT,
    facts: Facts | None = None,
) -> str:
    """Give the hexadecimal fingerprint of a prepared set.

    From the MD5 of each file's bytes, by name and in raw order (not its date: a copied or
    downloaded set is the same set), from what is done to the scans, as plain values without
    `patients`, and from what a table and the source say of them.
    """
    content = list(digests.items())
    found = [None if table is None else table.find(*file) for file in content]
    patients = [None if known is None else vars(known) for known in found]
    made_by = {name: value for name, value in settings.items() if name != "patients"}
    made_of = json.dumps([form, made_by, content, patients, *([facts] if facts else [])])
    return hashlib.sha256(made_of.encode()).hexdigest()


def scan_facts(scans: Sequence[Scan]) -> Facts | None:
    """Give part, label, patient, slice and, where it is another, group of every scan.

    None where its folders say it all, as in `Training/glioma/1.jpg` or `glioma/1.jpg`: the paths
    count in a fingerprint anyhow.
    """
    facts: list[tuple[str, ...]] = [
        (
            *(scan.part, scan.label, scan.patient, scan.slice_id),
            *(() if scan.patient_group == "" else (str(scan.patient_group),)),
        )
        for scan in scans
    ]
    by_folder = [_by_folder(scan) for scan in scans]
    return None if facts == by_folder else facts


def digest_files(root: Path, scans: Sequence[Scan]) -> dict[str, str]:
    """Give the MD5 of each scan's bytes (`RawScan.digest`), by name, in the order of the scans.

    Of one that cannot be read it is empty: once it can be, the fingerprint is another.
    """
    reader = ScanReader(root)

    def digest(scan: Scan) -> str:
        try:
            return reader.read(scan).digest
        except ScanError:
            return ""

    return dict(zip((scan.name for scan in scans), each(digest, scans), strict=True))


def _by_folder(scan: Scan) -> tuple[str, ...]:
    folders = PurePosixPath(scan.path).parts[:-1][: 2 if scan.part else 1]
    return (*folders, "", "") if scan.part else ("", *folders, "", "")
