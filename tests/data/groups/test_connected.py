import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from brain_tumor.data.groups.connected import connected, group_scans

EDGES = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25)
IDENTITY = st.one_of(st.none(), st.sampled_from("abcdefgh"))


@settings(deadline=None)  # a busy machine is no failure
@given(EDGES)
def test_groups_are_networkx_s_connected_components(joined: list[tuple[int, int]]) -> None:
    graph = nx.Graph(joined)
    graph.add_nodes_from(range(20))
    groups = connected(joined, 20).tolist()
    expected = {frozenset(members) for members in nx.connected_components(graph)}
    assert {frozenset(i for i in range(20) if groups[i] == g) for g in groups} == expected
    assert [groups.index(g) for g in range(max(groups) + 1)] == sorted(
        groups.index(g) for g in range(max(groups) + 1)
    )  # numbered in order of first member


@given(st.lists(st.tuples(IDENTITY, IDENTITY), min_size=1, max_size=30))
def test_scans_that_share_anything_are_in_one_group(known: list[tuple]) -> None:
    patients, slices = zip(*known, strict=True)
    groups = group_scans(patients, slices)
    for identity in (patients, slices):
        for i, value in enumerate(identity):
            for j in range(i):
                if value is not None and identity[j] == value:
                    assert groups[i] == groups[j]
    nothing_known = [i for i, pair in enumerate(known) if pair == (None, None)]
    assert all((groups == groups[i]).sum() == 1 for i in nothing_known)
