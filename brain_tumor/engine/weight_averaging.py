"""Averaged weights: what is scored and kept is smoother than the weights of the last step."""

from typing import Annotated

from lightning.pytorch.callbacks import WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn

from brain_tumor.settings import Range


class AveragedWeights(WeightAveraging):
    """Keeps an exponential moving average of all weights, with every step.

    Validation scores it, checkpoints hold it, and it is what is left at the end (Polyak and
    Juditsky, 1992, doi 10.1137/0330046). Not by Lightning's `EMAWeightAveraging`, whose sum of two
    shares moves frozen weights by rounding: here what does not change stays as it is, to the bit.

    Args:
        decay: Share of the average that stays with every step, above 0 and below 1: 0.99 is over
            the last hundred steps or so.
    """

    def __init__(self, decay: Annotated[float, Range(0, 1, without=(0, 1))] = 0.99) -> None:
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        super().__init__(multi_avg_fn=average)
