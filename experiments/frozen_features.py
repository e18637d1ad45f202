"""What the transfer model's frozen layers make of every kept scan, worked out once.

    python -m experiments.frozen_features WEIGHTS        (BRAIN_TUMOR_DATA=FOLDER)

Nothing but the head of the transfer model is trained, and these features are all that it sees. All
kept scans are gone through: once as they are, and `PASSES` times augmented, as the report's recipe
augments them in its first epochs with seed 0. `heads.py` trains heads on them.

WEIGHTS is a file as for `model.weights`. Features stay in `data/frozen_features`, a pass a file, so
that work that was stopped goes on. Each file has `(N, 1280)` float32, in the order of the prepared
set.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brain_tumor.engine.allocator import keep_freed_memory

keep_freed_memory()  # before torch is imported

import hydra  # noqa: E402
import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
import torch  # noqa: E402
from omegaconf import DictConfig  # noqa: E402
from torch import Tensor  # noqa: E402

from brain_tumor.cli.command import conf_folder, register_resolvers  # noqa: E402
from brain_tumor.config.data import build_prepared  # noqa: E402
from brain_tumor.config.data_settings import data_settings  # noqa: E402
from brain_tumor.data.datamodule import ScanDataModule  # noqa: E402
from brain_tumor.data.prepared.prepared_set import PreparedSet  # noqa: E402
from brain_tumor.data.split import Rows, Split  # noqa: E402
from brain_tumor.models.classifier import TrainingSettings  # noqa: E402
from brain_tumor.train.build import build_classifier, build_datamodule  # noqa: E402
from experiments.with_path import run_with_path  # noqa: E402

PASSES = 5  # as many as `experiment=leakage` has epochs; each takes a core a minute or two
KEPT = Path("data/frozen_features")


@dataclass(frozen=True)
class FrozenFeatures:
    """Features of all kept scans.

    Attributes:
        prepared: The scans.
        plain: Of the scans as they are, `(N, 1280)`, float32.
        augmented: Of augmented scans, `(PASSES, N, 1280)`, float32; where no pass was asked for
            those of the scans as they are, `(1, N, 1280)`.
    """

    prepared: PreparedSet
    plain: Tensor
    augmented: Tensor


def composed(*words: str) -> DictConfig:
    """Compose a training's configuration from the words that one would type."""
    register_resolvers()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return hydra.compose("train", [*words, "run_folder=."])


def features_folder(prepared: PreparedSet, weights: str, *names: str) -> Path:
    """Give the folder of features that one network makes of one prepared set; it is made."""
    folder = KEPT.joinpath(f"{prepared.folder.name}-{Path(weights).stem}", *names)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def write_array(path: Path, made: npt.NDArray[Any]) -> None:
    """Write an array whole or not at all, and tell where."""
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        np.save(file, made)
    half.replace(path)
    print(path, flush=True)


def frozen_network(weights: str, *words: str) -> tuple[PreparedSet, ScanDataModule, Any]:
    """Give all kept scans, what serves them as training scans, and the network.

    Args:
        weights: Of the network, as `model.weights`.
        words: What else one would type.
    """
    config = composed("experiment=report_mobilenetv2", f"model.weights={weights}", *words)
    prepared = build_prepared(data_settings(config.data))
    everything: Rows = np.arange(len(prepared.images))
    split = Split(everything, everything[:0], everything[:0])
    datamodule = build_datamodule(config, prepared, split)
    network: Any = build_classifier(config, datamodule, TrainingSettings()).network
    network.eval()
    return prepared, datamodule, network


def frozen_features(weights: str, *words: str, passes: int = PASSES) -> FrozenFeatures:
    """Work out the features of all kept scans, or read them where they are kept.

    Args:
        weights: Of the network, as `model.weights`.
        words: What else one would type, for scans prepared otherwise: `data/harmonise=all`.
        passes: How many times the scans are augmented.
    """
    prepared, datamodule, network = frozen_network(weights, *words)
    folder = features_folder(prepared, weights, "all_scans")

    def one_pass(epoch: int | None) -> Tensor:
        path = folder / f"{'plain' if epoch is None else epoch}.npy"
        if not path.exists():
            made = []
            for batch in datamodule.part_dataloader("train"):
                shown = batch if epoch is None else datamodule.augmented(batch, epoch)
                made.append(network.pool(shown.images))
            write_array(path, torch.cat(made).numpy())
        return torch.from_numpy(np.load(path))

    plain = one_pass(None)
    augmented = torch.stack([*map(one_pass, range(passes))] or [plain])
    return FrozenFeatures(prepared, plain, augmented)


if __name__ == "__main__":
    run_with_path(frozen_features, __doc__)
