from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.audit.measures.copies import find_copies

SCANS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.sampled_from("TS"), st.sampled_from("xy")),
    min_size=1,
    max_size=20,
)


@given(SCANS)
def test_groups_hold_all_scans_of_a_digest(scans: list[tuple[str, str, str]]) -> None:
    digests, folders, labels = zip(*scans, strict=True)
    found, across = find_copies(digests, folders, labels)
    counts = Counter(digest for digest in digests if digest)
    positions = {digest: [i for i, d in enumerate(digests) if d == digest] for digest in counts}
    assert found.groups == sum(number > 1 for number in counts.values())
    assert found.copies == sum(counts.values()) - len(counts)
    for folder in set(folders):
        own = [d for d, f in zip(digests, folders, strict=True) if f == folder and d]
        assert found.within[folder] == len(own) - len(set(own))
    assert sorted(across) == sorted(
        tuple(own) for own in positions.values() if len({labels[i] for i in own}) > 1
    )
    assert found.across_labels == len(across)
    # What is a copy of something is so inside a folder, or across folders.
    assert (found.copies == sum(found.within.values())) == (found.across_folders == 0)
