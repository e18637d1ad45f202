"""Where the configuration groups lie."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hydra
from hydra.core.global_hydra import GlobalHydra


def conf_folder() -> Path:
    """Find the configuration groups: in the package once installed, in a checkout beside it."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"


@contextmanager
def composing() -> Iterator[None]:
    """Let `hydra.compose` read these groups, where Hydra does not run a command already."""
    if GlobalHydra.instance().is_initialized():
        yield
        return
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield
