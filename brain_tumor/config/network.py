"""Does the configured network take the scans, and its weights the network?"""

import warnings
from typing import Any

import torch

from brain_tumor.errors import ConfigError, one_line
from brain_tumor.models.registry import CLASSES, TARGET, build_network, trial_device


def check_network(options: dict[str, Any], classes: int, size: int) -> None:
    """Build a network without memory, see that scans fit it, and that its weights do.

    ConfigError where an option is wrong, scans of `size` x `size` pixels do not fit, or the network
    gives no logits; WeightsError where the weights cannot be had or do not fit.
    """
    weights = options.pop("weights", None)
    name = options.pop("name", None)
    with trial_device(options):
        network = build_network(classes, name, **options)
        try:
            with torch.no_grad():
                found = network.eval()(torch.zeros((1, 1, size, size), dtype=torch.uint8))
        except ConfigError:
            raise
        except Exception as error:  # whatever a network raises over a size
            side = options.get("input_size") or size
            fix = "leave data.crop.size at 256, or choose another model"
            reason = ""
            if TARGET in options:
                reason = f" ({one_line(error)[:200]})"
                fix = "see that its layers fit together, and fit model.input_size and in_chans"
            raise ConfigError(
                f"The model {name} does not take scans of {side} x {side} pixels{reason}: {fix}."
            ) from error
    if getattr(found, "shape", None) != (1, classes):
        given = tuple(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
        fix = f"let its __init__ take the number of classes as {' or '.join(CLASSES)}"
        if isinstance(found, torch.Tensor) and found.ndim > 2:
            fix = "let its forward end with one number per class, such as a mean over all places"
        elif not isinstance(found, torch.Tensor):
            fix = "let its forward give this tensor alone"
        raise ConfigError(
            f"The model {name} gives {given} for a scan, where logits (1, {classes}) are needed: "
            f"{fix}."
        )
    if weights is not None:
        if not isinstance(weights, str):
            raise ConfigError(f"model.weights must be imagenet, none or a path: {weights!r}")
        with warnings.catch_warnings():  # nothing is copied to where there is no memory
            warnings.simplefilter("ignore")
            network.load_pretrained(weights)
