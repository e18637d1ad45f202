import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.metrics.leakage import SharedScans, leakage

NAMES = ("patient", "slice")
CLASSES = ("glioma", "meningioma", "notumor")
# Patient, slice, class, and the part: 0 training, 1 test, 2 neither.
SCANS = st.lists(
    st.tuples(st.integers(-1, 4), st.integers(-1, 6), st.integers(0, 2), st.integers(0, 2)),
    max_size=40,
)


def measured(scans: list[tuple[int, int, int, int]]) -> dict[str, SharedScans]:
    patient, slices, labels, part = np.array(scans, np.int64).reshape(-1, 4).T
    identities = {"patient": patient, "slice": slices}
    return leakage(
        identities, np.flatnonzero(part == 0), np.flatnonzero(part == 1), labels, CLASSES
    )


@given(SCANS)
def test_counts_are_those_of_a_plain_loop(scans: list[tuple[int, int, int, int]]) -> None:
    result = measured(scans)
    assert list(result) == ["patient", "slice", "any"]
    training = [scan for scan in scans if scan[3] == 0]
    for place, name in enumerate((*CLASSES, None)):
        test = [scan for scan in scans if scan[3] == 1 and (name is None or scan[2] == place)]
        shared_of = [
            [scan[i] != -1 and any(scan[i] == other[i] for other in training) for i in (0, 1)]
            for scan in test
        ]
        known_of = [[scan[i] != -1 for i in (0, 1)] for scan in test]
        known_and_shared = {
            identity: ([known[i] for known in known_of], [shared[i] for shared in shared_of])
            for i, identity in enumerate(NAMES)
        } | {"any": ([any(known) for known in known_of], [any(shared) for shared in shared_of])}
        for identity, (known, shared) in known_and_shared.items():
            found = result[identity]
            share = sum(shared) / len(test) if test else None
            if name is None:
                assert (found.known, found.shared) == (sum(known), sum(shared))
                assert found.share_of_known == (sum(shared) / sum(known) if any(known) else None)
                assert found.share_of_all == share
            else:
                assert found.per_class[name] == share


@given(SCANS)
def test_classes_add_up_to_the_whole(scans: list[tuple[int, int, int, int]]) -> None:
    counts = [sum(scan[2:] == (place, 1) for scan in scans) for place in range(3)]
    for found in measured(scans).values():
        shares = [share or 0 for share in found.per_class.values()]
        assert np.dot(shares, counts) == pytest.approx(found.shared)


def test_unknown_is_shared_with_nobody_and_zero_by_zero_is_none() -> None:
    patient = measured([(-1, 0, 0, 0), (-1, 1, 0, 1), (-1, 2, 0, 1)])["patient"]
    assert (patient.known, patient.shared) == (0, 0)
    assert patient.share_of_known is None
    assert patient.share_of_all == 0
    assert patient.per_class["notumor"] is None


def test_shares_are_of_what_their_names_say() -> None:
    # Training has patient 3; of four test scans one is unknown, one of another patient.
    scans = [(3, -1, 0, 0), (3, -1, 0, 1), (3, -1, 1, 1), (4, -1, 1, 1), (-1, -1, 1, 1)]
    patient = measured(scans)["patient"]
    assert patient.share_of_known == pytest.approx(2 / 3)
    assert patient.share_of_all == 0.5
    assert patient.per_class == {"glioma": 1, "meningioma": pytest.approx(1 / 3), "notumor": None}


def test_scans_of_neither_part_do_not_count() -> None:
    without = measured([(1, 1, 0, 0), (2, 2, 0, 1)])
    assert measured([(1, 1, 0, 0), (2, 2, 0, 1), (2, 2, 0, 2)]) == without
    assert without["any"].shared == 0
