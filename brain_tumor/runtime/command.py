"""What makes a function a command: a composed configuration in, one sentence out if it fails."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from brain_tumor.errors import BrainTumorError
from brain_tumor.runtime.allocator import keep_freed_memory


def conf_folder() -> Path:
    """Find the configuration groups: in the package once installed, in a checkout beside it."""
    package = Path(__file__).resolve().parents[1]
    shipped = package / "conf"
    return shipped if shipped.is_dir() else package.parent / "conf"


def register_resolvers() -> None:
    """Teach OmegaConf `${run_id:}`, six random characters that stay the same within a process."""
    OmegaConf.register_new_resolver("run_id", lambda: uuid4().hex[:6], replace=True, use_cache=True)


def command(config_name: str) -> Callable[[Callable[[DictConfig], None]], Callable[[], None]]:
    """Make a function of a configuration runnable from the command line by Hydra.

    Errors that a user can cause end with their sentence on stderr and exit status 2; Ctrl-C ends
    with status 130. With HYDRA_FULL_ERROR=1 every error shows its traceback. Where the
    configuration has `keep_freed_memory`, it is heeded first.

    Args:
        config_name: The file in `conf/` that composes the command's configuration.
    """
    register_resolvers()

    def decorate(task: Callable[[DictConfig], None]) -> Callable[[], None]:
        @functools.wraps(task)
        def guarded(config: DictConfig) -> None:
            if config.get("keep_freed_memory"):
                keep_freed_memory()  # before the task imports torch
            try:
                task(config)
            except (BrainTumorError, OmegaConfBaseException) as error:
                _drop_empty_run_folder()
                if os.environ.get("HYDRA_FULL_ERROR") == "1":
                    raise
                sentence = " ".join(str(error).split("\n    full_key")[0].split())
                if isinstance(error, MissingMandatoryValue):
                    sentence = f"{error.full_key} is not given: add {error.full_key}=VALUE."
                print(f"brain_tumor: {sentence}", file=sys.stderr)
                raise SystemExit(2) from None
            except KeyboardInterrupt as interrupt:
                _drop_empty_run_folder()
                what_stays = f"; {interrupt}" if str(interrupt) else ""
                print(f"brain_tumor: stopped by the keyboard{what_stays}.", file=sys.stderr)
                raise SystemExit(130) from None

        main: Callable[[], None] = hydra.main(
            version_base="1.3", config_path=str(conf_folder()), config_name=config_name
        )(guarded)
        return main

    return decorate


def _drop_empty_run_folder() -> None:
    """Remove the run folder that Hydra made, and its parents, as far as they are empty."""
    folder, here = Path(HydraConfig.get().runtime.output_dir).resolve(), Path.cwd()
    with contextlib.suppress(OSError):
        while folder != here and here in folder.parents:
            folder.rmdir()  # refuses a folder that holds anything
            folder = folder.parent
