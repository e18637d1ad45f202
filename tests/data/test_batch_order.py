from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from brain_tumor.data.batch_order import BatchOrder


def test_order_depends_on_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        batches = BatchOrder(np.arange(50), 8, seed, epoch=lambda: epoch)
        return np.concatenate([share.rows for share in batches]).tolist()

    assert order(1, 4) == order(1, 4)
    assert sorted(order(1, 4)) == list(range(50))
    assert len({tuple(order(s, e)) for s in (0, 1) for e in (0, 1)}) == 4


@given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 5), st.sampled_from([None, 0, 7]))
def test_processes_share_the_batches_of_one(
    scans: int, batch_size: int, processes: int, seed: int | None
) -> None:
    rows = np.arange(100, 100 + scans)
    whole = [share.rows.tolist() for share in BatchOrder(rows, batch_size, seed)]
    shared = [
        list(BatchOrder(rows, batch_size, seed, rank, processes)) for rank in range(processes)
    ]
    assert {len(shares) for shares in shared} == {len(whole)}
    for batch, shares in zip(whole, zip(*shared, strict=True), strict=True):
        assert [row for share in shares for row in share.rows.tolist()] == batch
        assert {share.global_batch_size for share in shares} == {len(batch)}
        sizes = [len(share.rows) for share in shares]
        assert max(sizes) - min(sizes) <= 1


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.integers(1, 20),
    st.integers(1, 3),
    st.integers(0, 3),
)
def test_a_balanced_epoch_shows_every_class_equally_often(
    classes: list[int], batch_size: int, processes: int, epoch: int
) -> None:
    rows, labels = np.arange(100, 100 + len(classes)), np.array(classes)
    orders = [
        BatchOrder(rows, batch_size, 5, rank, processes, labels, lambda: epoch)
        for rank in range(processes)
    ]
    shards = [shard for shards in zip(*map(list, orders), strict=True) for shard in shards]
    shown = np.concatenate([shard.rows for shard in shards])
    turns = np.concatenate([shard.turns for shard in shards if shard.turns is not None])
    by_class = Counter(labels[shown - 100].tolist())
    assert len(set(by_class.values())) == 1 and set(by_class) == set(classes)
    assert len(rows) <= len(shown) < len(rows) + len(by_class)
    for own in (shown[labels[shown - 100] == one] for one in by_class):
        often = Counter(own.tolist())  # none waits while another comes again
        assert max(often.values()) - min(often.values()) <= 1
    # Each time a scan comes it is another turn, so that it is augmented by other draws.
    assert len(set(zip(shown.tolist(), turns.tolist(), strict=True))) == len(shown)
    assert turns.max() < orders[0].most_turns
    assert len(orders[0]) == len(shards) // processes
