"""Two processes against one, in double precision: there a ReLU at zero does not flip."""

import copy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F

from brain_tumor.engine.sync_batchnorm import GlobalBatchNorm2d, GlobalBatchNorms
from brain_tumor.models.gbmnet import GBMnet
from brain_tumor.models.mobilenetv2 import GBMMobileNetV2net


def compare(rank: int, store: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    torch.manual_seed(0)
    network = GBMnet(4, 16, 0.0)
    network.preprocess = torch.nn.Identity()
    one = copy.deepcopy(network.double())
    scans, labels = torch.rand(3, 1, 256, 256).double(), torch.tensor([0, 1, 2])
    mine = (slice(0, 3), slice(3, 3)) if rank == 0 else (slice(3, 3), slice(0, 3))
    for share, whole in ((mine[0], 3), (mine[1], 3)):  # the one or the other has nothing
        one.zero_grad()
        F.cross_entropy(one(scans), labels).backward()
        shared = GlobalBatchNorms().apply(network)
        shared.zero_grad()
        loss = F.cross_entropy(shared(scans[share]), labels[share], reduction="sum") * (2 / whole)
        loss.backward()
        for parameter, expected in zip(shared.parameters(), one.parameters(), strict=True):
            dist.all_reduce(parameter.grad)
            torch.testing.assert_close(parameter.grad / 2, expected.grad, atol=1e-10, rtol=1e-8)
        for buffer, expected in zip(shared.buffers(), one.buffers(), strict=True):
            torch.testing.assert_close(buffer, expected, atol=1e-10, rtol=1e-8)
    plain = GlobalBatchNorms().revert(shared)
    assert {type(m) for m in plain.modules()} == {type(m) for m in one.modules()} | {
        torch.nn.Identity
    }
    dist.destroy_process_group()


@pytest.mark.parametrize("frozen", [True, False])
def test_statistics_that_follow_batches_count_over_all_processes(frozen: bool) -> None:
    with torch.device("meta"):
        network = GBMMobileNetV2net(unfreeze=2, frozen_statistics=frozen)
    GlobalBatchNorms().apply(network.train())
    counted = {
        int(name.split(".")[1])
        for name, module in network.named_modules()
        if isinstance(module, GlobalBatchNorm2d)
    }
    assert counted == set(range(17 if frozen else 0, 19))


@pytest.mark.slow
def test_shares_give_the_gradient_of_the_whole_batch(tmp_path: Path) -> None:
    context = torch.multiprocessing.get_context("fork")
    both = [context.Process(target=compare, args=(r, str(tmp_path / "store"))) for r in (0, 1)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
