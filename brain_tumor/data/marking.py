"""Mark in manifest entries which scans repeat another, exactly or nearly."""

from collections import Counter
from collections.abc import Sequence

from brain_tumor.data.cutting import KNOWN, Entry
from brain_tumor.data.dedupe import find_duplicates
from brain_tumor.data.manifest import DUPLICATE, KEPT, UNUSABLE
from brain_tumor.data.near_duplicates import cluster
from brain_tumor.data.pairs import Pair


def mark_duplicates(entries: Sequence[Entry], folders: Sequence[str]) -> Counter[str]:
    """Mark what the report drops; gives the number of scans that each step drops.

    Args:
        entries: Manifest entries; those kept so far are compared.
        folders: `Training` or `Testing`, one per entry.
    """
    digests = [entry["pixel_md5"] if entry["status"] == KEPT else None for entry in entries]
    duplicates = find_duplicates(digests, folders)
    for duplicate in duplicates:
        entry, original = entries[duplicate.position], entries[duplicate.original]
        entry |= {
            "status": DUPLICATE,
            "reason": f"duplicate ({duplicate.step})",
            "duplicate_of": original["path"],
        }
        if not original["patient"]:  # the same pixels are the same slice
            original |= {name: entry[name] for name in KNOWN}
    return Counter(duplicate.step for duplicate in duplicates)


def mark_clusters(entries: Sequence[Entry], pairs: Sequence[Pair], same_slice: float) -> None:
    """Number the clusters of scans of the same slice, and of related ones.

    Args:
        entries: Manifest entries; a file without pixels is in no cluster.
        pairs: Related scans.
        same_slice: Least similarity of a pair that shows the same slice.
    """
    number = len(entries)
    same, related = cluster(pairs, number, same_slice).tolist(), cluster(pairs, number).tolist()
    for entry, *numbers in zip(entries, same, related, strict=True):
        if entry["status"] != UNUSABLE:
            entry["cluster"], entry["related"] = numbers
