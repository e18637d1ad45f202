"""Grad-CAM: where in a scan a network sees what speaks for a class.

Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
localization", 2017, arXiv 1610.02391. Each place is weighted by its own gradient (HiResCAM:
Draelos and Carin, 2020, arXiv 2011.08891), not by their mean. Where a network averages its last
maps before it classifies, the gradient is the same everywhere, and the two are one.
GBMnet's fully connected layer sees each place by itself, and a mean gradient loses what it weighs
there: the map's peak lay in the mass of 42 % of drawn scans, and of 98 % with each place's own.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from brain_tumor.errors import ConfigError
from brain_tumor.models.network import Network


def gradcam(network: Network, scans: Tensor, class_numbers: Tensor) -> Tensor:
    """Map what speaks for a class in each scan.

    The last feature maps are added up, weighted by the gradient of the class's logit with respect
    to them; what speaks against the class is cut off at 0. Only the layers behind those maps are
    differentiated, so it makes no difference whether the features are frozen. The network's
    parameters, their gradients and its mode stay as they are, and several threads may share it.

    Args:
        network: In evaluation mode.
        scans: `(N, 1, S, S)`, uint8, 0-255, on the network's device.
        class_numbers: The class to explain for each scan, `(N,)`, int64.

    Returns:
        `(N, S, S)`, float32, each with a maximum of 1; all 0 where nothing speaks for the class.

    Raises:
        ConfigError: The network has no feature maps.
        ValueError: There is not one class for each scan.
    """
    if class_numbers.shape != scans.shape[:1]:
        raise ValueError(
            f"{tuple(scans.shape)} scans need ({len(scans)},) classes, not "
            f"{tuple(class_numbers.shape)}"
        )
    no_maps = ConfigError(
        f"Grad-CAM needs feature maps, which {network.name or type(network).__name__} does not "
        "have: leave overlays out."
    )
    if not network.has_maps:
        raise no_maps
    # Whatever the caller's mode is: tensors of inference mode cannot be differentiated.
    with torch.inference_mode(False):
        with torch.enable_grad():
            maps, logits = network.maps_to_explain(scans)
            if maps.ndim != 4:
                raise no_maps
            # Scans do not mix in evaluation mode, so the sum's gradients are those of each.
            chosen = logits.gather(1, class_numbers.clone().unsqueeze(1)).sum()
            (slopes,) = torch.autograd.grad(chosen, maps)
        with torch.no_grad():
            found = F.relu((slopes * maps).sum(dim=1, keepdim=True)).float()
            side = scans.shape[2:]
            found = F.interpolate(found, side, mode="bilinear", align_corners=False).squeeze(1)
            most = found.amax(dim=(1, 2), keepdim=True)
            return torch.where(most > 0, found / most, torch.zeros_like(found))
