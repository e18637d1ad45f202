"""The graph that is exported: scans in, calibrated probabilities and features out."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from brain_tumor.models.folding import folded
from brain_tumor.models.network import Network
from brain_tumor.trained.network import Trained

INPUT, OUTPUTS = "scans", ("probabilities", "features")

Scans = npt.NDArray[np.uint8]  # `(N, 1, size, size)`, 0-255
Values = npt.NDArray[np.float32]
Run = Callable[[Scans], tuple[Values, Values]]  # of an exported file: to probabilities and features


class Deployed(nn.Module):
    """A copy of a network for evaluation alone, folded, with temperature and softmax behind it."""

    def __init__(self, network: Network, temperature: float | None) -> None:
        super().__init__()
        self.network = folded(network)
        self.temperature = temperature
        self.eval()

    def forward(self, scans: Tensor) -> tuple[Tensor, Tensor]:
        """Classify scans `(N, 1, size, size)`, uint8, 0-255.

        Gives probabilities `(N, classes)`, float32, and means of the last feature maps `(N, F)`,
        float32, for the out-of-distribution detector.
        """
        features = self.network.forward_features(scans)
        logits = self.network.forward_head(features).float()
        if self.temperature is not None:
            logits = logits / self.temperature
        return torch.softmax(logits, 1), self.network.pool_features(features).float()


def trace(trained: Trained) -> ExportedProgram:
    """Trace the graph of a run, for any number of scans.

    Where the code lay that each operation came from is left out: folders bear people's names.
    """
    size = trained.crop.size
    # Two scans: an axis of one would be taken for one that is always of one.
    scans = torch.zeros((2, 1, size, size), dtype=torch.uint8)
    deployed = Deployed(trained.network, trained.chosen.temperature)
    program = torch.export.export(deployed, (scans,), dynamic_shapes=({0: Dim("N")},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program
