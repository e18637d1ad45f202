import hashlib
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.data.prepared.exact_duplicates import find_duplicates, pixel_digest
from brain_tumor.files.source import PARTS

FOLDERS = ("Training", "Testing")


@given(st.lists(st.tuples(st.sampled_from([*"abcdef", None]), st.sampled_from(FOLDERS))))
def test_counts_follow_from_sets_and_what_is_left_is_unique(
    scans: list[tuple[str | None, str]],
) -> None:
    scans.sort(key=lambda scan: scan[1], reverse=True)  # Training first, as sources give them
    found = find_duplicates([digest for digest, _ in scans], [folder for _, folder in scans])
    inside = {f: [d for d, folder in scans if folder == f and d is not None] for f in FOLDERS}
    steps = Counter(duplicate.step for duplicate in found)
    for folder in FOLDERS:
        assert steps[folder.lower()] == len(inside[folder]) - len(set(inside[folder]))
    shared = set(inside["Training"]) & set(inside["Testing"])
    assert steps["testing_in_training"] == len(shared)

    dropped = {duplicate.position for duplicate in found}
    left = [d for i, (d, _) in enumerate(scans) if i not in dropped and d is not None]
    assert len(left) == len(set(left)) == len(set(inside["Training"]) | set(inside["Testing"]))
    for duplicate in found:
        assert scans[duplicate.position][0] == scans[duplicate.original][0]


def test_the_first_copy_stays() -> None:
    found = find_duplicates(["a", "b", "a", "a"], ["Training"] * 4)
    assert [(d.position, d.original) for d in found] == [(2, 0), (3, 0)]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([*PARTS, ""]))))
def test_of_every_part_and_none_one_copy_is_left_the_one_of_the_earliest_part(
    scans: list[tuple[str, str]],
) -> None:
    found = find_duplicates([digest for digest, _ in scans], [part for _, part in scans])
    dropped = {duplicate.position for duplicate in found}
    left = {digest: part for i, (digest, part) in enumerate(scans) if i not in dropped}
    order = [*PARTS, ""]
    assert len(left) == len(scans) - len(found)
    for digest, part in left.items():
        assert order.index(part) == min(order.index(p) for d, p in scans if d == digest)


def test_the_digest_is_md5_of_the_raw_pixels() -> None:
    scan = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert pixel_digest(scan) == hashlib.md5(bytes(range(16))).hexdigest()
    assert pixel_digest(scan) != pixel_digest(scan[:, ::-1])
