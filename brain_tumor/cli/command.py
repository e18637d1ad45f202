"""What makes a function a command: a composed configuration in, one sentence out if it fails."""

import contextlib
import functools
import io
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from brain_tumor.cli.exit_status import end_with, ended_in_one_sentence, user_message
from brain_tumor.cli.hydra_errors import REFUSALS, refusal
from brain_tumor.cli.hydra_targets import foreign_folders, guard_hydra
from brain_tumor.cli.last_run import fill_last
from brain_tumor.cli.options import check_options, options_first
from brain_tumor.cli.sweep.launchers import check_launcher
from brain_tumor.cli.sweep.record import NotedSweep, noted, this_job
from brain_tumor.cli.words import choices, expand, expanded, whole_help
from brain_tumor.config.conf_folder import conf_folder as conf_folder
from brain_tumor.config.joined import data_sets
from brain_tumor.engine.allocator import keep_freed_memory
from brain_tumor.engine.interrupt import handle_sigterm
from brain_tumor.engine.ranks import check_single_run, follow_leader, rank
from brain_tumor.errors import ConfigError
from brain_tumor.trust import trusting

TRACEBACKS = "HYDRA_FULL_ERROR"  # Hydra's variable; 1 asks for them


def register_resolvers() -> None:
    """Teach OmegaConf what configurations ask for.

    `${run_id:}` gives six random characters that stay the same within a process,
    `${fast_precision:ACCELERATOR}` the precision that the device is quick at,
    `${class_name:my_project.nets.MyNet}` gives `MyNet`, `${data_sets:LIST}` what joined sets are
    (`config.joined.data_sets`), `${folder_name:PATH}` the name of a folder, `${folder_name:PATH,1}`
    of the one that holds it, `${choices:model,split}` what can be chosen of groups, for `--help`.
    """
    OmegaConf.register_new_resolver("run_id", lambda: uuid4().hex[:6], replace=True, use_cache=True)
    resolvers: dict[str, Callable[..., Any]] = {
        "fast_precision": _fast_precision,
        "class_name": lambda target: str(target).rpartition(".")[2],
        "data_sets": data_sets,
        "folder_name": _folder_name,
        "choices": choices,
    }
    for name, resolver in resolvers.items():
        OmegaConf.register_new_resolver(name, resolver, replace=True)


def _folder_name(path: str, up: int = 0) -> str:
    place = Path(path).absolute()
    return (place, *place.parents)[up].name


def _fast_precision(accelerator: str) -> str:
    from brain_tumor.engine.precision import fast_precision  # torch takes seconds to import

    return fast_precision(accelerator)


# A sweep's job in a process of its own gets its configuration before it gets its task, from which
# it would learn the resolver otherwise.
register_resolvers()


def command(config_name: str) -> Callable[[Callable[[DictConfig], None]], Callable[[], None]]:
    """Make a function of a configuration runnable from the command line by Hydra.

    Errors that a user can cause end with their sentence on stderr and exit status 2; Ctrl-C ends
    with status 130, SIGTERM with 143, as shells tell it. With HYDRA_FULL_ERROR=1 every error shows
    its traceback. Where the configuration has `keep_freed_memory` and `trust`, they are heeded
    first.

    In a sweep (`-m`) whose configuration has `hydra.callbacks.sweep` a job that fails does not stop
    the others. At its end there is a table, and exit status 1 where a job failed.
    """
    asked = False  # for tracebacks, by the user

    def decorate(task: Callable[[DictConfig], None]) -> Callable[[], None]:
        @functools.wraps(task)
        def guarded(config: DictConfig) -> None:
            if isinstance(sys.stdout, io.TextIOWrapper):
                # A path may hold letters that the terminal's encoding lacks; stderr does the same.
                sys.stdout.reconfigure(errors="backslashreplace")
            # An error of ours that nobody foresaw is Hydra's to show, shortened to our own frames.
            raising = None if asked else os.environ.pop(TRACEBACKS, None)
            if config.get("keep_freed_memory") is True:
                keep_freed_memory()  # before the task imports torch
            handle_sigterm()
            number = rank(config)
            if number:
                # Not its parents: the leader may be making its own folder there at this moment.
                with contextlib.suppress(OSError):
                    Path(HydraConfig.get().runtime.output_dir).rmdir()
                follow_leader()
            job = this_job()
            try:
                with ended_in_one_sentence(asked, number), ExitStack() as held:
                    if job is not None:
                        # What no job of a sweep can do is refused once, for the whole of it.
                        check_single_run(config)
                        held.enter_context(noted(job, user_message, asked))
                    held.enter_context(trusting(own_trust(config)))
                    fill_last(config_name, config)
                    task(config)
            finally:
                # Empty where a run goes on in its own folder, or was refused.
                drop_empty(Path(HydraConfig.get().runtime.output_dir).resolve())
            if raising is not None:
                os.environ[TRACEBACKS] = raising  # for the next job of a sweep

        run: Callable[[], None] = hydra.main(
            version_base="1.3", config_path=str(conf_folder()), config_name=config_name
        )(guarded)

        @functools.wraps(task)
        def main() -> None:
            nonlocal asked
            for name in ("stdout", "stderr"):
                if getattr(sys, name) is None:  # closed, as by >&-
                    setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
            asked = os.environ.get(TRACEBACKS) == "1"
            # So that Hydra raises what it refuses, where it would print several lines of its own.
            os.environ[TRACEBACKS] = "1"
            sys.argv[1:] = [expanded(word) for word in sys.argv[1:]]
            sys.argv[1:] = whole_help(expand(config_name, options_first(sys.argv[1:])))
            handle_sigterm()
            guard_hydra()
            try:
                with ended_in_one_sentence(asked):
                    check_options(sys.argv[1:], config_name)
                    check_launcher(sys.argv[1:])
                    try:
                        _run(run)
                    except REFUSALS as error:
                        if asked:
                            raise
                        end_with(refusal(error, config_name, sys.argv[1:]))
            finally:
                if not asked:
                    os.environ.pop(TRACEBACKS, None)

        return main

    return decorate


def own_trust(config: DictConfig) -> Any:
    """Give the configured `trust`, which counts where it was typed or stands in our `conf`.

    ConfigError where it comes from another folder, which may be somebody else's.
    """
    trust, hydra_config = config.get("trust"), HydraConfig.get()
    others = foreign_folders(hydra_config)
    # As typed: a word may hold an interpolation that leads nowhere.
    words: Any = OmegaConf.to_container(hydra_config.overrides.task, resolve=False)
    typed = any(word.lstrip("+").startswith("trust=") for word in words)
    if trust and others and not typed:
        raise ConfigError(
            f"trust is not taken from {' or '.join(others)}: if you trust that code, type it as "
            f"trust={trust if isinstance(trust, str) else ','.join(map(str, trust)).join('[]')}"
        )
    return trust


def _run(run: Callable[[], None]) -> None:
    """Let Hydra run, and end the sweep that it may have been, also where that was cut short."""
    failed = False
    try:
        run()
    finally:
        if NotedSweep.folder is not None:
            from brain_tumor.cli.sweep.ending import end_sweep

            failed = end_sweep(NotedSweep.folder)
    if failed:
        raise SystemExit(1)


def drop_empty(folder: Path) -> None:
    """Remove a folder below this one, and its parents, as far as they are empty."""
    here = Path.cwd()
    with contextlib.suppress(OSError):
        while folder != here and here in folder.parents:
            if folder.exists():
                folder.rmdir()  # refuses a folder that holds anything
            folder = folder.parent
