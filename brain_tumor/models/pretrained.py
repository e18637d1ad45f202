"""Weights that a network starts from: torchvision's, or a file of them."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.models import WeightsEnum

from brain_tumor.errors import WeightsError


def fill(part: nn.Module, prefix: str, weights: str, published: WeightsEnum) -> None:
    """Fill the pretrained part of a network; other weights, as of its classifier, are left out.

    Args:
        part: The part.
        prefix: What its keys begin with in a `state_dict` of the whole network; may be empty.
        weights: `imagenet` for `published`, which torchvision fetches once; `none` to leave the
            part at random; else the path of a `state_dict` with torchvision's keys.
        published: torchvision's own weights.

    Raises:
        WeightsError: They cannot be fetched or read, or do not fit.
    """
    if weights == "none":
        return
    found = _fetch(published) if weights == "imagenet" else _read(Path(weights).expanduser())
    named = {str(key): value for key, value in found.items()}
    own = {prefix + key for key in part.state_dict()}
    state = {key.removeprefix(prefix): value for key, value in named.items() if key in own}
    try:
        part.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:  # of other shapes, or no tensors
        network = type(published).__name__.removesuffix("_Weights").lower()
        raise WeightsError(
            f"The weights in {weights} do not fit: give a state_dict with the keys of "
            f"torchvision.models.{network}."
        ) from error


def _fetch(published: WeightsEnum) -> dict[str, Any]:
    try:
        # Without these two torch runs whatever a file in its cache tells it to.
        safely = {"check_hash": True, "weights_only": True}
        return dict(published.get_state_dict(progress=True, **safely))
    except Exception as error:  # URLError, HTTPError, a hash that differs, a read-only cache
        raise WeightsError(
            f"torchvision could not fetch the ImageNet weights {published} ({error}): connect to "
            "the network, or give a state_dict file as model.weights=PATH, or model.weights=none "
            "for random features."
        ) from error


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file {path}: weights are imagenet, none, or the path of a "
            "state_dict file."
        )
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch each have their own kinds
        raise WeightsError(
            f"The weights file {path} cannot be read: it has to be a state_dict that loads with "
            "torch.load(path, weights_only=True)."
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"The weights file {path} holds no state_dict, but {type(state)}.")
    return state
