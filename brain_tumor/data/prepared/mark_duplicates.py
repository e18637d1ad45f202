"""Mark in manifest entries which scans repeat another, exactly or nearly."""

from collections import Counter
from collections.abc import Sequence

from brain_tumor.data.groups.near_duplicates import cluster
from brain_tumor.data.groups.pairs import Pair
from brain_tumor.data.prepared.exact_duplicates import find_duplicates, steps_of
from brain_tumor.data.prepared.manifest import DUPLICATE, KEPT, UNUSABLE
from brain_tumor.data.prepared.read_and_crop import KNOWN, Entry


def mark_duplicates(entries: Sequence[Entry], parts: Sequence[str]) -> dict[str, int]:
    """Mark what the report drops of what is kept so far; give how many scans each step drops."""
    digests = [entry["pixel_md5"] if entry["status"] == KEPT else None for entry in entries]
    duplicates = find_duplicates(digests, parts)
    for duplicate in duplicates:
        entry, original = entries[duplicate.position], entries[duplicate.original]
        entry |= {
            "status": DUPLICATE,
            "reason": f"duplicate ({duplicate.step})",
            "duplicate_of": original["path"],
        }
        if not original["patient"]:  # the same pixels are the same slice
            original |= {name: entry[name] for name in KNOWN}
    steps = dict.fromkeys(steps_of(parts), 0)
    return steps | Counter(duplicate.step for duplicate in duplicates)


def mark_clusters(entries: Sequence[Entry], pairs: Sequence[Pair], same_slice: float) -> None:
    """Number the clusters of scans of the same slice, and of related ones.

    Two scans that are merely alike are not joined where a table names their patients and these
    differ: it knows better. The same slice is joined even then, so that a faulty table shows. A
    file without pixels is in no cluster.
    """
    number = len(entries)
    same = [pair for pair in pairs if pair.similarity >= same_slice]
    joined = [
        pair
        for pair in pairs
        if pair.similarity >= same_slice or not _other_patients(entries, pair)
    ]
    clusters = cluster(same, number).tolist(), cluster(joined, number).tolist()
    for entry, *numbers in zip(entries, *clusters, strict=True):
        if entry["status"] != UNUSABLE:
            entry["cluster"], entry["related"] = numbers


def _other_patients(entries: Sequence[Entry], pair: Pair) -> bool:
    one, other = (entries[end]["patient_group"] for end in (pair.first, pair.second))
    return bool(one and other and one != other)
