"""Weights that a network starts from: torchvision's, or a file of them."""

from collections.abc import Mapping
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
    if weights != "none":
        state = _fetch(published) if weights == "imagenet" else read_state(weights)
        network = type(published).__name__.removesuffix("_Weights").lower()
        fit(part, state, weights, f"torchvision.models.{network}", prefix)


def fit(
    part: nn.Module, state: Mapping[str, Any], weights: str, source: str, prefix: str = ""
) -> None:
    """Fill the pretrained part of a network with tensors; those that it does not have are left out.

    The part's keys begin with `prefix` there; `weights` and `source` are for the message.

    Raises:
        WeightsError: They do not fit.
    """
    named = {str(key): value for key, value in state.items()}
    own = {prefix + key for key in part.state_dict()}
    try:
        part.load_state_dict(
            {key.removeprefix(prefix): value for key, value in named.items() if key in own}
        )
    except (RuntimeError, TypeError, AttributeError) as error:  # of other shapes, or no tensors
        raise WeightsError(
            f"The weights in {weights} do not fit: give a state_dict with the keys of {source}."
        ) from error


def cached(published: WeightsEnum) -> Path:
    """Name the file that torchvision keeps weights in once they are fetched."""
    return Path(torch.hub.get_dir(), "checkpoints", Path(published.url).name)


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


def read_state(weights: str) -> dict[str, Any]:
    """Read a `state_dict`, saved by torch or as `.safetensors`; nothing in it is run.

    Raises:
        WeightsError: There is no such file, or it is none.
    """
    path = Path(weights).expanduser()
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file {path}: weights are imagenet, none, or the path of a "
            "state_dict file."
        )
    try:
        if path.suffix == ".safetensors":
            state = _read_safetensors(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except Exception as error:  # pickle, zip and torch each have their own kinds
        raise WeightsError(
            f"The weights file {path} cannot be read: it has to be a state_dict that loads with "
            "torch.load(path, weights_only=True), or end in .safetensors and be one."
        ) from error
    if not isinstance(state, dict):
        raise WeightsError(f"The weights file {path} holds no state_dict, but {type(state)}.")
    return state


def _read_safetensors(path: Path) -> dict[str, Any]:
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise WeightsError(
            f'The weights file {path} needs safetensors: pip install "brain-tumor[timm]"'
        ) from error
    return dict(load_file(path))
