from types import SimpleNamespace

import numpy as np
import pytest
import torch

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.resident import ResidentScans, has_room

CPU = torch.device("cpu")


def test_every_scan_is_copied(datamodule: ScanDataModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brain_tumor.data.resident._CHUNK", 7)  # several parts, the last one short
    prepared = datamodule.prepared
    scans = ResidentScans(prepared, CPU)
    np.testing.assert_array_equal(scans.images[:, 0], prepared.images)
    np.testing.assert_array_equal(scans.labels, prepared.labels)
    assert scans.images.dtype == torch.uint8


@pytest.mark.parametrize(("free", "fits"), [(2000, True), (1999, False)])
def test_half_of_the_free_memory_is_theirs(
    monkeypatch: pytest.MonkeyPatch, free: int, fits: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 10**9))
    prepared = SimpleNamespace(images=np.zeros((10, 10, 10), np.uint8))
    assert has_room(torch.device("cuda"), prepared) is fits
    assert not has_room(CPU, prepared)
    assert not has_room(torch.device("mps"), prepared)
