import platform
import subprocess
import sys

import pytest

from brain_tumor.engine import allocator

STEPS = """
import resource, sys
if sys.argv[1] == "keep":
    from brain_tumor.engine.allocator import keep_freed_memory
    assert keep_freed_memory()
import torch
from brain_tumor.models.gbmnet import GBMnet
network = GBMnet(width=64)
for step in range(6):
    if step == 3:  # the first steps fill the heap
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    network(torch.zeros(16, 1, 256, 256)).sum().backward()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults)
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_training_steps_do_not_fault_their_memory_in_again() -> None:
    faults = {
        mode: int(
            subprocess.run(
                [sys.executable, "-c", STEPS, mode], capture_output=True, text=True, check=True
            ).stdout
        )
        for mode in ("keep", "default")
    }
    assert faults["keep"] < 0.3 * faults["default"]


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert allocator.keep_freed_memory() is False
