"""A network around any module of torch: what it does not say has a default."""

from collections.abc import Sequence
from typing import Any, Literal, cast

from torch import Tensor, nn

from brain_tumor.errors import ConfigError, WeightsError, suggest
from brain_tumor.models.adapters.blocks import block_names, frozen_blocks
from brain_tumor.models.network import Network, described
from brain_tumor.models.options import ChannelMean, ChannelStd, InputSize, Unfreeze
from brain_tumor.models.preprocess import ImageNetInput
from brain_tumor.models.pretrained import fit, read_state


class PlainNetwork(Network):
    """A network around any module that takes pictures and gives logits.

    Where the module has `forward_features` and `forward_head`, as timm's networks do, these are
    used. Else its logits stand in place of its features, for the out-of-distribution detector too,
    and Grad-CAM explains the output of its last convolution. It learns at one rate.

    Args:
        module: Takes `(N, in_chans, H, W)`, float, and gives logits `(N, classes)`.
        in_chans: Channels that it takes, 1 or 3; None for those of its first convolution, or 1
            where it has none.
        input_size: Side in pixels that scans are resized to; None leaves them as they are.
        input_mean: Per-channel mean, on the 0-1 scale, that is taken away; None for 0.
        input_std: Per-channel standard deviation that is divided by; None for 1.
        cam_layer: Dotted name of the part whose output, `(N, C, h, w)`, Grad-CAM explains; None
            for its last convolution.
        unfreeze: How many blocks are trained, counted from the last: `all`, or a number.

    Raises:
        ValueError: Its first convolution takes neither 1 nor 3 channels, or it has not as many
            blocks, or no such part.
    """

    module: Any

    def __init__(
        self,
        module: nn.Module,
        in_chans: Literal[1, 3] | None = None,
        input_size: InputSize | None = None,
        input_mean: ChannelMean | None = None,
        input_std: ChannelStd | None = None,
        cam_layer: str | None = None,
        unfreeze: Unfreeze = "all",
    ) -> None:
        super().__init__()
        convolutions = [name for name, one in module.named_modules() if isinstance(one, nn.Conv2d)]
        channels = in_chans or _channels(module, convolutions)
        mean, std = input_mean or (0.0,) * 3, input_std or (1.0,) * 3
        self.preprocess = ImageNetInput(input_size, mean, std, channels)
        self.module = module
        self.is_parted = hasattr(module, "forward_features") and hasattr(module, "forward_head")
        names = dict(module.named_modules())
        if cam_layer is not None and cam_layer not in names:
            raise ValueError(f"model.cam_layer is {cam_layer!r}: {suggest(cam_layer, names)}")
        self.cam_layer = cam_layer or (convolutions[-1] if convolutions else None)
        self.has_maps = self.is_parted or self.cam_layer is not None
        blocks = block_names(module)
        self.frozen_blocks = frozen_blocks(blocks, unfreeze, type(module).__name__)
        self.freeze()

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Give the blocks that are not trained."""
        return [self.module.get_submodule(name) for name in self.frozen_blocks]

    def forward_features(self, scans: Tensor) -> Tensor:
        """Take scans as `forward` does; give the module's features, or its logits."""
        first = self.module.forward_features if self.is_parted else self.module
        return cast(Tensor, first(self.preprocess(scans)))

    def forward_head(self, features: Tensor) -> Tensor:
        """Take what `forward_features` gives; give logits `(N, classes)`."""
        return cast(Tensor, self.module.forward_head(features)) if self.is_parted else features

    def maps_to_explain(self, scans: Tensor) -> tuple[Tensor, Tensor]:
        """Give the output of `cam_layer`, and the logits.

        Raises:
            ConfigError: The layer gives no maps, or logits do not depend on it.
        """
        if self.is_parted and self.cam_layer is None:
            return super().maps_to_explain(scans)
        found: list[Tensor] = []

        def cut(_: nn.Module, __: Any, output: Any) -> Any:
            if not isinstance(output, Tensor) or output.ndim != 4:
                raise ConfigError(
                    f"model.cam_layer is {self.cam_layer}, which gives no maps (N, C, h, w): name "
                    "another part of the network."
                )
            found.append(output.detach().requires_grad_())
            return found[-1].clone()  # the next layer may be one that works in place

        layer = self.module.get_submodule(cast(str, self.cam_layer))
        handle = layer.register_forward_hook(cut)
        try:
            logits = self(scans)
        finally:
            handle.remove()
        if not found:
            raise ConfigError(
                f"model.cam_layer is {self.cam_layer}, which was not called: name another part of "
                "the network."
            )
        return found[-1], logits

    def load_pretrained(self, weights: str) -> None:
        """Fill the module; its last linear layer stays at random where the file has other classes.

        Raises:
            WeightsError: They cannot be read or do not fit, or are asked for by name.
        """
        if weights == "none":
            return
        name = type(self.module).__name__
        if weights == "imagenet":
            raise WeightsError(
                f"Of {name} no weights are published that are known here: give a state_dict file "
                "as model.weights=PATH, or leave model.weights out."
            )
        own, state = self.module.state_dict(), read_state(weights)
        layers = self.module.named_modules()
        last = [layer for layer, one in layers if isinstance(one, nn.Linear)][-1:]
        for key in (f"{layer}.{part}".lstrip(".") for layer in last for part in ("weight", "bias")):
            if key in own and getattr(state.get(key), "shape", None) != own[key].shape:
                state[key] = own[key]
        fit(self.module, state, weights, name)

    def describe(self) -> str:
        """Say what the module is, for the model card."""
        return described(self.module)


def _channels(module: nn.Module, convolutions: list[str]) -> int:
    if not convolutions:
        return 1
    channels = cast(nn.Conv2d, module.get_submodule(convolutions[0])).in_channels
    if channels not in (1, 3):
        raise ValueError(
            f"its first convolution takes {channels} channels, not 1 or 3 (if another is its "
            "first, say model.in_chans=1 or 3)"
        )
    return channels
