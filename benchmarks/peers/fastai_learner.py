"""Training with fastai's Learner on torchvision's network, as its vision_learner builds it."""

import tempfile
import time
from typing import Any

from fastai.callback.core import Callback
from fastai.callback.tracker import SaveModelCallback
from fastai.data.transforms import Normalize
from fastai.learner import Learner
from fastai.metrics import accuracy
from fastai.torch_core import set_seed
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageDataLoaders
from fastai.vision.learner import create_vision_model, default_split
from torchvision.models import mobilenet_v2

from benchmarks.turns import Turns


class WholeEpochs(Callback):  # type: ignore[misc]  # fastai has no types
    """Holds the learner before each epoch until it is its turn, and times the epoch.

    Args:
        turns: Tell when.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self._begun = 0.0

    def before_epoch(self) -> None:
        """Wait."""
        self.turns.wait()
        self._begun = time.perf_counter()

    def after_epoch(self) -> None:
        """Tell what the epoch took, validation included."""
        seconds = time.perf_counter() - self._begun
        scans = len(self.learn.dls.train_ds)
        self.turns.done(seconds, scans, first=self.turns.first(seconds))


def train(job: dict[str, Any], turns: Turns) -> None:
    """Train from raw files, a whole epoch per turn.

    Args:
        job: As for `lightning_template.train`.
        turns: Tell when.
    """
    set_seed(0)
    ranges, side = job["ranges"], job["model"]["input_size"]
    loaders = ImageDataLoaders.from_folder(
        job["folder"],
        train="Training",
        valid="Testing",
        item_tfms=Resize(side),
        batch_tfms=[
            *aug_transforms(max_rotate=ranges["rotation_degrees"], size=side),
            Normalize.from_stats((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ],
        bs=job["batch_size"],
        num_workers=job["num_workers"],
        device="cpu",
    )
    # vision_learner itself forgets where to cut the network (fastai 2.8).
    head = {"lin_ftrs": [job["model"]["width"]], "ps": job["model"]["dropout"]}
    learner = Learner(
        loaders,
        create_vision_model(mobilenet_v2, job["classes"], pretrained=False, cut=-1, **head),
        splitter=default_split,
        train_bn=False,  # else it would go back through all features
        metrics=accuracy,
        path=tempfile.mkdtemp(dir=job["scratch"]),
    )
    learner.freeze()
    cbs = [SaveModelCallback(monitor="accuracy"), WholeEpochs(turns)]
    learner.fit(job["turns"], lr=job["lr"], cbs=cbs)
