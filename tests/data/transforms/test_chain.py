"""Transforms of other libraries: what they get, and that they repeat by their draws alone."""

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from brain_tumor.data.datamodule import ScanDataModule
from brain_tumor.data.transforms.chain import Chain
from brain_tumor.data.transforms.report import BatchAugment
from brain_tumor.errors import ConfigError


class Seen:
    """A transform of somebody's that notes what it gets, and adds noise."""

    def __init__(self) -> None:
        self.got: list[torch.Tensor] = []

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        self.got.append(images)
        return images.float() + 0.1 * torch.rand(images.shape)


def images(scans: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (scans, 1, 32, 32), dtype=torch.uint8, generator=generator)


def draws(chain: Chain, scans: int = 3) -> torch.Tensor:
    uniform = np.random.default_rng(0).random((scans, chain.draws_per_scan), np.float32)
    return torch.from_numpy(uniform)


def transforms(library: str) -> list:
    if library == "torchvision":
        return [v2.RandomAffine(30, shear=10), v2.GaussianNoise(sigma=0.1)]
    if library == "kornia":
        kornia = pytest.importorskip("kornia.augmentation")
        return [kornia.RandomAffine(degrees=30.0, p=1.0), kornia.RandomGaussianNoise(p=1.0)]
    if library == "monai":
        monai = pytest.importorskip("monai.transforms")
        return [monai.RandGaussianNoise(prob=1.0), monai.RandBiasField(prob=1.0)]
    return [Seen()]


LIBRARIES = ["torchvision", "kornia", "monai", "own"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_batch_repeats_by_its_draws_alone(library: str) -> None:
    chain = Chain(transforms(library))
    torch.manual_seed(1)
    first, state = chain(images(), draws(chain)), torch.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)  # dropout finds what it would have found
    torch.rand(5)
    assert torch.equal(chain(images(), draws(chain)), first)
    assert not torch.equal(chain(images(), draws(chain).roll(1, 0)), first)
    assert first.shape == (3, 1, 32, 32) and first.dtype == torch.float32
    assert type(first) is torch.Tensor
    assert first.min() >= 0 and 100 < first.max() <= 255


@pytest.mark.parametrize("library", ["torchvision", "monai"])
def test_what_is_applied_scan_by_scan_does_not_depend_on_the_batch(library: str) -> None:
    chain = Chain(transforms(library))
    together = chain(images(), draws(chain))
    alone = [chain(images()[n : n + 1], draws(chain)[n : n + 1]) for n in range(3)]
    assert torch.equal(together, torch.cat(alone))


def test_each_gets_its_own_kind_of_picture() -> None:
    kornia = pytest.importorskip("kornia.augmentation")
    seen = Seen()
    chain = Chain([kornia.RandomHorizontalFlip(p=1.0), seen, v2.RandomHorizontalFlip(p=1.0)])
    found = chain(images(), draws(chain))
    assert seen.got[0].dtype == torch.uint8
    assert torch.equal(seen.got[0], images().flip(3))  # back from 0-1 without a loss
    assert torch.equal(found, images().float())  # noise of 0.1 is rounded away


def test_ours_may_stand_between_others() -> None:
    ours = BatchAugment(5, [0.1, 2.0], 0.5, 30.0, 10.0, [0.9, 1.0], [0.75, 1.33])
    chain = Chain([ours, v2.Identity()])
    given = draws(chain)
    assert chain.draws_per_scan == 9
    expected = ours(images(), given[:, :8]).round()
    torch.testing.assert_close(chain(images(), given), expected)


def test_one_draw_may_be_for_a_whole_batch(datamodule: ScanDataModule) -> None:
    datamodule.augment = Chain([v2.RandomAffine(45, shear=20)], per_batch=True)
    batch = next(iter(datamodule.part_dataloader("train")))
    same = batch._replace(images=batch.images[:1].expand_as(batch.images))
    found = datamodule.augmented(same, 0).images
    assert torch.equal(found, found[:1].expand_as(found))
    datamodule.augment.per_batch = False
    found = datamodule.augmented(same, 0).images
    assert not torch.equal(found, found[:1].expand_as(found))


def test_kornia_says_itself_whether_one_draw_is_for_all() -> None:
    kornia = pytest.importorskip("kornia.augmentation")
    with pytest.raises(ConfigError, match=r"RandomAffine of Kornia .* same_on_batch: true"):
        Chain([kornia.RandomAffine(degrees=30.0)], per_batch=True)
    chain = Chain([kornia.RandomAffine(degrees=30.0, same_on_batch=True, p=1.0)], per_batch=True)
    found = chain(images()[:1].expand(3, 1, 32, 32), draws(chain))
    torch.testing.assert_close(found, found[:1].expand_as(found))


def test_nothing_to_apply_is_refused() -> None:
    with pytest.raises(ConfigError, match="augment=none"):
        Chain([])


def test_a_scan_that_comes_again_looks_otherwise(datamodule: ScanDataModule) -> None:
    datamodule.augment = Chain([v2.RandomAffine(45, shear=20)])
    datamodule._turns = 2
    batch = next(iter(datamodule.part_dataloader("train")))
    first = datamodule.augmented(batch, 0).images
    again = datamodule.augmented(batch._replace(turns=torch.zeros_like(batch.rows)), 0).images
    assert torch.equal(first, again)
    other = datamodule.augmented(batch._replace(turns=torch.ones_like(batch.rows)), 0).images
    assert not any(torch.equal(one, two) for one, two in zip(first, other, strict=True))
