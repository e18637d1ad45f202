"""What a prepared set is named by: the content of its files, and what was done to them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from brain_tumor.data.files.parallel import each
from brain_tumor.data.files.scans import Scan, UnreadableScanError, read_scan
from brain_tumor.data.groups.patients import PatientTable

# Part of every fingerprint: raise it when the same scans would give another prepared set.
FORMAT = 4
BEFORE = 3  # that of 0.6, whose near-duplicates were found by correlating grey values


def fingerprint_of(
    digests: Mapping[str, str],
    settings: Mapping[str, Any],
    table: PatientTable | None,
    form: int = FORMAT,
) -> str:
    """Give the hexadecimal fingerprint of a prepared set.

    Args:
        digests: MD5 of each file's bytes, by name, in raw order. Not its date: a copied or
            downloaded set is the same set.
        settings: What is done to the scans, as plain values; `patients` is left out.
        table: What is known of the files; what it says of them counts, not where it lies.
        form: Of the prepared set.
    """
    content = list(digests.items())
    found = [None if table is None else table.find(*file) for file in content]
    patients = [None if known is None else vars(known) for known in found]
    made_by = {name: value for name, value in settings.items() if name != "patients"}
    made_of = json.dumps([form, made_by, content, patients])
    return hashlib.sha256(made_of.encode()).hexdigest()


def digest_files(root: Path, scans: Sequence[Scan]) -> dict[str, str]:
    """Give the MD5 of each file's bytes, by name, in the order of the scans.

    Of a file that cannot be read it is empty: once it can be, the fingerprint is another.
    """

    def digest(scan: Scan) -> str:
        try:
            return md5(read_scan(root, scan))
        except UnreadableScanError:
            return ""

    return dict(zip((scan.name for scan in scans), each(digest, scans), strict=True))


def md5(content: bytes | memoryview) -> str:
    """Give the MD5 of some bytes as hexadecimal text."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
