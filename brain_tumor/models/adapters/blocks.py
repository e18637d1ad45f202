"""The blocks of somebody else's network: what is trained, counted from the last."""

from collections.abc import Iterator
from typing import Literal

from torch import nn


def block_names(network: nn.Module) -> list[str]:
    """Name the blocks that have parameters, in the order in which a network registers them.

    A block is what is laid out in sequence, such as a residual block.
    """
    return [name for name, block in _blocks(network) if any(True for _ in block.parameters())]


def frozen_blocks(blocks: list[str], unfreeze: Literal["all"] | int, network: str) -> list[str]:
    """Name the blocks that are not trained: all but the last, as many as `unfreeze` says, or none.

    Raises:
        ValueError: There are not as many.
    """
    trained = len(blocks) if unfreeze == "all" else int(unfreeze)
    if trained > len(blocks):
        raise ValueError(f"model.unfreeze is {trained}, {network} has {len(blocks)} blocks")
    return blocks[: len(blocks) - trained]


def _blocks(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        if type(child) is nn.Sequential:
            yield from _blocks(child, f"{path}.")
        else:
            yield path, child
