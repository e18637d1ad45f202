"""In a process of its own: do torch and torchvision work, on the device that would train?"""

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from brain_tumor.doctor.child import answer, job


def look_at_torch() -> dict[str, Any]:
    """Import torch and tell what it was built for."""
    import torch

    return {
        "version": torch.__version__,
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "threads": torch.get_num_threads(),
    }


def look_at_torchvision() -> dict[str, Any]:
    """Import torchvision and call one of its compiled operators.

    One built for another torch imports without them, or not at all.
    """
    import torch
    import torchvision
    from torchvision.ops import nms

    nms(torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([1.0]), 0.5)
    return {"version": torchvision.__version__}


def look_at_device(accelerator: str) -> dict[str, Any]:
    """Choose the device as Lightning does, and compute a little on it.

    Args:
        accelerator: `trainer.accelerator`.
    """
    import torch

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        cuda = torch.cuda.is_available()
    mps = torch.backends.mps.is_available()
    kinds = {"gpu": "cuda" if cuda or not mps else "mps", "cuda": "cuda", "mps": "mps"}
    automatic = "cuda" if cuda else "mps" if mps else "cpu"
    kind = automatic if accelerator == "auto" else kinds.get(accelerator, "cpu")
    found: dict[str, Any] = {
        "kind": kind,
        "cuda_available": cuda,
        "mps_available": mps,
        "said": " ".join(str(warning.message) for warning in said),
    }
    if not {"cuda": cuda, "mps": mps, "cpu": True}[kind]:
        return found
    if kind == "cuda":
        found["name"], found["count"] = torch.cuda.get_device_name(), torch.cuda.device_count()
        found["memory"] = torch.cuda.mem_get_info()[0]
    # float32 sums in another order, and TF32 on some cards, are far nearer than this.
    found["difference"] = max(
        float((there.cpu() - here).abs().max())
        for here, there in zip(_a_little("cpu"), _a_little(kind), strict=True)
    )
    return found


def _a_little(device: str) -> list[Any]:
    """Convolve, pool, warp and differentiate as augmentation and network do."""
    import torch
    import torch.nn.functional as F

    generator = torch.Generator().manual_seed(0)  # drawn on the CPU: the same numbers everywhere
    scans = torch.rand((2, 1, 16, 16), generator=generator).to(device)
    weights = torch.rand((4, 1, 3, 3), generator=generator).to(device).requires_grad_()
    turn = torch.tensor([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0]]).to(device).expand(2, 2, 3)
    warped = F.grid_sample(scans, F.affine_grid(turn, [2, 1, 16, 16], False), align_corners=False)
    pooled = F.max_pool2d(F.conv2d(warped, weights, padding=1), 2)
    (gradient,) = torch.autograd.grad(pooled.square().mean(), weights)
    return [warped, pooled.detach(), gradient]


def look_at_network(network: Mapping[str, Any], classes: int) -> dict[str, Any]:
    """Build the configured network with random weights, and count its parameters."""
    built = _build(network, classes)
    return {
        "all": sum(p.numel() for p in built.parameters()),
        "trained": sum(p.numel() for p in built.parameters() if p.requires_grad),
    }


def look_at_weights(network: Mapping[str, Any], classes: int) -> dict[str, Any]:
    """Load the configured weights; those that would be fetched are not, but looked for."""
    weights = network.get("weights")
    if weights is None or weights == "none":
        return {"needed": False}
    found: dict[str, Any] = {"needed": True, "path": str(weights)}
    if weights == "imagenet":
        found |= _in_cache()
        if not found["there"] or found["digest"] != found["expected"]:
            return found
    load: Any = _build(network, classes)
    load.load_pretrained(str(weights))
    return found


def _build(network: Mapping[str, Any], classes: int) -> Any:
    from brain_tumor.models.registry import build_network

    options = {name: value for name, value in network.items() if name != "weights"}
    return build_network(classes, **options)


def _in_cache() -> dict[str, Any]:
    """Find torchvision's file; its name ends with the first digits of its SHA-256."""
    import hashlib

    import torch
    from torchvision.models import MobileNet_V2_Weights

    name = MobileNet_V2_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    expected = path.stem.rpartition("-")[2]
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return {
        "path": str(path),
        "there": path.is_file(),
        "expected": expected,
        "digest": digest[: len(expected)],
    }


if __name__ == "__main__":
    asked = job()
    network = (asked["network"], asked["classes"])
    steps: dict[str, Callable[[], Mapping[str, Any]]] = {
        "torch": look_at_torch,
        "torchvision": look_at_torchvision,
        "device": partial(look_at_device, asked["accelerator"]),
        "network": partial(look_at_network, *network),
        "weights": partial(look_at_weights, *network),
    }
    answer(steps)
