"""Learning rates that change with every batch, for trainings of few epochs."""

import math
from collections.abc import Callable
from inspect import signature
from typing import Annotated, Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from brain_tumor.settings import Range

TOTAL_STEPS = "total_steps"  # the argument by which a schedule asks for the training's length


def steps_per_batch(make: Callable[..., LRScheduler]) -> bool:
    """Tell whether a schedule steps with every batch: it asks for the number of all batches."""
    return TOTAL_STEPS in signature(make).parameters


def make_schedule(
    make: Callable[..., LRScheduler], optimizer: Optimizer, total_steps: int
) -> LRScheduler:
    """Make a schedule for an optimizer."""
    later: dict[str, Any] = {TOTAL_STEPS: total_steps} if steps_per_batch(make) else {}
    return make(optimizer, **later)


class WarmupCosine(LambdaLR):
    """Rise evenly to the optimizer's learning rates, then fall to zero by half a cosine.

    The rise keeps the first steps from spoiling pretrained weights (Goyal et al., 2017, arXiv
    1706.02677); the fall is that of Loshchilov and Hutter (2017, arXiv 1608.03983).

    Args:
        optimizer: Whose rates it changes; each group keeps its own height.
        total_steps: Batches of the whole training.
        warmup: Share of them in which the rates rise.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_steps: int,
        warmup: Annotated[float, Range(0, 1, without=(1,))] = 0.1,
    ) -> None:
        rising = warmup * total_steps

        def share(step: int) -> float:
            if step < rising:
                return (step + 1) / (rising + 1)
            return 0.5 * (1 + math.cos(math.pi * (step - rising) / (total_steps - rising)))

        super().__init__(optimizer, share)


class OneCycle(OneCycleLR):
    """Torch's one-cycle policy (Smith and Topin, 2018, arXiv 1708.07120) for every group's rate.

    Args:
        optimizer: Whose rates and momenta it changes; each group's rate is its highest.
        total_steps: Batches of the whole training.
        warmup: Share of them in which the rates rise.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_steps: int,
        warmup: Annotated[float, Range(0, 1, without=(0, 1))] = 0.3,
    ) -> None:
        highest = [group["lr"] for group in optimizer.param_groups]
        super().__init__(optimizer, highest, total_steps=total_steps, pct_start=warmup)
