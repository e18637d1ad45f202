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
    found = find_copies(digests, folders, labels)
    counts = Counter(digest for digest in digests if digest)
    assert sorted(len(group) for group in found.groups) == sorted(
        number for number in counts.values() if number > 1
    )
    assert found.copies == sum(counts.values()) - len(counts)
    for folder in set(folders):
        own = [d for d, f in zip(digests, folders, strict=True) if f == folder and d]
        assert found.within[folder] == len(own) - len(set(own))
    for group in found.groups:
        assert len({digests[i] for i in group}) == 1
        assert (group in found.across_labels) == (len({labels[i] for i in group}) > 1)
    # What is a copy of something is so inside a folder, or across folders.
    assert (found.copies == sum(found.within.values())) == (found.across_folders == 0)
