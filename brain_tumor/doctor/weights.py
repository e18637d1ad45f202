"""The configured network and its pretrained weights."""

from collections.abc import Iterator

from brain_tumor.doctor.finding import Finding, broken, ok, warning
from brain_tumor.doctor.machine import Machine

_OTHERWISE = "model.weights=PATH of a state_dict, or model.weights=none for random features"


def network(machine: Machine) -> Iterator[Finding]:
    """See whether the network can be built."""
    name = str(machine.config.model.get("name"))
    error = machine.torch.error("network")
    if error:
        yield broken("model", f"{name} cannot be built: {_sentence(error)}", "mend model=...")
        return
    found = machine.torch.steps["network"]
    yield ok("model", f"{name}: {found['all']:,} parameters, {found['trained']:,} trained")


def weights(machine: Machine) -> Iterator[Finding]:
    """See whether pretrained weights are there and load; nothing is downloaded."""
    error = machine.torch.error("weights")
    if error:
        yield broken("weights", _sentence(error), _OTHERWISE)
        return
    found = machine.torch.steps["weights"]
    if not found["needed"]:
        yield ok("weights", "none are needed")
    elif not found.get("there", True):
        yield warning(
            "weights",
            f"the first run downloads them (14 MB) to {found['path']}",
            f"without a network: {_OTHERWISE}",
        )
    elif found.get("digest") != found.get("expected"):
        yield broken(
            "weights",
            f"{found['path']} is damaged: its SHA-256 begins with {found['digest']}, not with "
            f"{found['expected']}",
            "delete it; the next run downloads it again",
        )
    else:
        yield ok("weights", f"{found['path']} loads")


def _sentence(error: str) -> str:
    """Leave out the name of an error whose message is for people."""
    kind, _, message = error.partition(": ")
    return message if kind in ("ConfigError", "WeightsError") else error
