"""What a network costs: parameters, multiplications, memory, and seconds per scan."""

import copy
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

ScanShape = tuple[int, int, int]  # `(C, H, W)`

# A further scan is measured beside so many. Not beside none: batch normalisation of vectors refuses
# a single scan in training.
FEW = 2
LEAST_REPEATS = 3  # of a timed batch, however long one takes


@dataclass(frozen=True)
class Complexity:
    """What a network costs, whatever machine it runs on.

    Attributes:
        parameters: Number of parameters.
        trained_parameters: Those of them that training changes.
        multiply_accumulates: Multiplications, each with its addition, of the forward pass of one
            scan: those of convolutions and matrix products (linear layers, attention). Biases,
            normalisation, activations, pooling and resizing are not counted, as is usual.
        activation_bytes: What autograd keeps for the backward pass of one scan in training, without
            parameters and buffers; bytes.
    """

    parameters: int
    trained_parameters: int
    multiply_accumulates: int
    activation_bytes: int


def measure_complexity(network: nn.Module, scan_shape: ScanShape) -> Complexity:
    """Count what a network costs, from the operators that run in it.

    A copy of the network runs on the CPU, so that the network itself (its mode, its BatchNorm
    statistics, its gradients) and the global random state stay as they are. A GPU's kernels keep
    much the same, but for masks and the like.

    Args:
        network: Takes scans `(N, C, H, W)`, uint8, 0-255, and gives logits `(N, classes)`.
        scan_shape: Of each scan.

    Example:
        >>> class OneLayer(nn.Linear):
        ...     def forward(self, scans):
        ...         return super().forward(scans.flatten(1) / 255)
        >>> cost = measure_complexity(OneLayer(4, 3), (1, 2, 2))
        >>> cost.parameters, cost.multiply_accumulates, cost.activation_bytes
        (15, 12, 16)
    """
    parameters = list(network.parameters())
    copied = copy.deepcopy(network).cpu()
    with torch.random.fork_rng(devices=[]):
        few, more = (_kept_bytes(copied, _scans(n, scan_shape)) for n in (FEW, FEW + 1))
        return Complexity(
            parameters=sum(p.numel() for p in parameters),
            trained_parameters=sum(p.numel() for p in parameters if p.requires_grad),
            multiply_accumulates=_multiply_accumulates(copied, scan_shape),
            activation_bytes=more - few,
        )


def seconds_per_scan(
    network: nn.Module,
    scan_shape: ScanShape,
    device: torch.device | str,
    batch_sizes: Sequence[int] = (1, 32),
    repeats: int = 30,
    limit: float = 1.0,
) -> dict[int, float]:
    """Time the forward pass of a copy of a network, in evaluation mode and without gradients.

    The scans lie on the device before the clock starts. The first pass, in which memory is fetched
    and kernels are chosen, is not timed; the clock waits until the device has finished.

    Args:
        network: Takes scans `(N, C, H, W)`, uint8, 0-255.
        scan_shape: Of each scan.
        device: Where it runs.
        batch_sizes: Scans per pass, each at least 1.
        repeats: Timed passes per batch size, at least 3.
        limit: Seconds after which no further pass of a batch size begins, once there are 3.

    Returns:
        Per batch size the median over the passes, in seconds per scan.
    """
    copied = copy.deepcopy(network).to(device).eval()
    return {
        size: _median_seconds(copied, _scans(size, scan_shape).to(device), repeats, limit) / size
        for size in batch_sizes
    }


def _scans(number: int, scan_shape: ScanShape) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (number, *scan_shape), dtype=torch.uint8, generator=generator)


def _multiply_accumulates(network: nn.Module, scan_shape: ScanShape) -> int:
    network.eval()
    # Not inference_mode, in which a linear layer is one operator that the counter does not know.
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(_scans(1, scan_shape))
    return int(counter.get_total_flops()) // 2


def _storage_key(tensor: Tensor) -> int:
    # Several tensors may be views of one storage, whose address no other has while it lives.
    return int(tensor.untyped_storage().data_ptr())


def _kept_bytes(network: nn.Module, scans: Tensor) -> int:
    """Count what autograd keeps of a forward pass in training, the loss left out."""
    network.train()
    given = (*network.parameters(), *network.buffers(), scans)
    own = {_storage_key(tensor) for tensor in given}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        key = _storage_key(tensor)
        if key not in own:
            kept[key] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.enable_grad(), saved_tensors_hooks(note, lambda tensor: tensor):
        logits = network(scans)
    del logits  # until here it held all that was noted, so that no address was used twice
    return sum(kept.values())


def _median_seconds(network: nn.Module, scans: Tensor, repeats: int, limit: float) -> float:
    seconds: list[float] = []
    with torch.inference_mode():
        for _ in range(1 + repeats):
            if len(seconds) > LEAST_REPEATS and sum(seconds[1:]) > limit:
                break
            _synchronise(scans.device)
            begun = time.perf_counter()
            network(scans)
            _synchronise(scans.device)
            seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[1:])


def _synchronise(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
