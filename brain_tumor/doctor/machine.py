"""What is examined: this machine, for one configured training."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from brain_tumor.doctor.child import Answer, ask

if TYPE_CHECKING:  # the doctor has something to say where OmegaConf does not import, too
    from omegaconf import DictConfig

_HERE = "brain_tumor.doctor"


class Machine:
    """Answers of the processes that are asked, each asked once, when a check wants it first.

    Args:
        config: As `conf/doctor.yaml` composes it.
    """

    def __init__(self, config: DictConfig) -> None:
        self.config = config

    @cached_property
    def torch(self) -> Answer:
        """Steps `torch`, `torchvision`, `device`, `network` and `weights` of `torch_child`."""
        from omegaconf import OmegaConf

        asked = {
            "accelerator": str(self.config.trainer.accelerator),
            "network": OmegaConf.to_container(self.config.model, resolve=True),
            "classes": len(self.config.data.classes),
        }
        return ask(f"{_HERE}.torch_child", asked, self.config.patience)

    @cached_property
    def opencv(self) -> Answer:
        """Step `opencv` of `opencv_child`."""
        return ask(f"{_HERE}.opencv_child", {}, self.config.patience)

    @cached_property
    def plugins(self) -> Answer:
        """Step `plugins` of `plugin_child`."""
        return ask(f"{_HERE}.plugin_child", {}, self.config.patience)

    @cached_property
    def loader(self) -> Answer:
        """Step `batches` of `loader_child`."""
        asked = {"workers": self.config.workers, "patience": self.config.patience}
        return ask(f"{_HERE}.loader_child", asked, self.config.patience)
