"""From a checkpoint to a classifier: whoever wrote the file, nothing in it is run."""

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from brain_tumor.errors import BrainTumorError, WeightsError
from brain_tumor.models.classifier import TumorClassifier
from brain_tumor.models.registry import TARGET, build_network, trial_device
from brain_tumor.runs.checkpoints import load_plain
from brain_tumor.trust import advice

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def load_classifier(checkpoint: Path) -> TumorClassifier:
    """Load a classifier from a checkpoint, on the CPU and in evaluation mode.

    The file may come from anywhere: it is read as tensors and plain values alone, and what it says
    of its network is held against its tensors before any memory is taken for one. WeightsError
    where it is damaged or no checkpoint of ours, or its network is code of others that is not
    trusted.
    """
    try:
        with warnings.catch_warnings():  # of a file that is refused
            warnings.simplefilter("ignore")
            content = load_plain(checkpoint)
    except Exception as error:  # torch, pickle and zip each have their own kinds
        raise _useless(checkpoint, type(error).__name__) from error
    try:
        found = content["hyper_parameters"]
        network, classes, state = found["network"], found["classes"], content["state_dict"]
    except (KeyError, TypeError, IndexError) as error:
        raise _useless(checkpoint, "it does not say which network it holds") from error
    _check_hyperparameters(checkpoint, network, classes)
    others = advice(network.get(TARGET, ""))
    if others:
        raise WeightsError(f"{checkpoint} holds a network of {network[TARGET]}, {others}.")
    try:
        with trial_device(network):  # takes no memory, however large the network
            wanted = build_network(len(classes), **network).state_dict()
        _check_shapes(checkpoint, wanted, state)
        classifier = TumorClassifier(network, classes)
        classifier.load_state_dict(state)
    except WeightsError:
        raise
    except BrainTumorError as error:
        raise _useless(checkpoint, str(error).rstrip(".")) from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise _useless(checkpoint, type(error).__name__) from error
    return classifier.eval()


def _check_hyperparameters(checkpoint: Path, network: Any, classes: Any) -> None:
    plain = isinstance(network, dict) and all(isinstance(name, str) for name in network)
    named = isinstance(classes, (list, tuple)) and all(isinstance(one, str) for one in classes)
    # Scores take memory by the square of the classes; those of ImageNet are a thousand. A terminal
    # would obey control characters in a name.
    named = named and not any(CONTROL.search(one) for one in classes)
    if not plain or not named or not 2 <= len(set(classes)) == len(classes) <= 1000:
        raise _useless(checkpoint, "it does not say which network and classes it holds")


def _check_shapes(checkpoint: Path, wanted: Mapping[str, Any], state: Any) -> None:
    found = state if isinstance(state, dict) else {}
    for name, tensor in wanted.items():
        held = found.get(f"network.{name}")
        if not isinstance(held, torch.Tensor) or held.shape != tensor.shape:
            shape = tuple(held.shape) if isinstance(held, torch.Tensor) else "missing"
            raise _useless(checkpoint, f"{name} is {shape}, the network has {tuple(tensor.shape)}")


def _useless(checkpoint: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"The checkpoint {checkpoint} cannot be loaded ({reason}): take another checkpoint, or "
        "train again."
    )
