"""`app`: open a network, and serve its page to this machine until Ctrl-C."""

import socket
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Literal

from omegaconf import DictConfig
from rich.console import Console

from brain_tumor.app.answer import Answer, answer
from brain_tumor.config.arguments import parse_settings
from brain_tumor.config.values import check_values
from brain_tumor.engine.quiet import hush_lightning
from brain_tumor.errors import ConfigError
from brain_tumor.evaluate.predictions import scoring_trainer
from brain_tumor.predict.model import Model, open_model
from brain_tumor.predict.place import run_place
from brain_tumor.settings import Range, Settings
from brain_tumor.trained.abstention import Abstention
from brain_tumor.trust import Modules

if TYPE_CHECKING:
    from starlette.applications import Starlette

HOST = "127.0.0.1"
ENDING = 2  # seconds that an answer gets to be sent when the server is stopped


@dataclass(frozen=True)
class AppSettings(Settings):
    """What stands at the top of `conf/app.yaml`, as it says there."""

    run: str
    port: Annotated[int, Range(0, 65_535)]
    checkpoint: Literal["best", "last"] | None
    abstention: Abstention
    max_mib: Annotated[int, Range(1, 256)]  # as `data.bounded_file`
    accelerator: str
    trusted: bool
    keep_freed_memory: bool = True
    trust: Modules = ()


def serve(config: DictConfig) -> None:
    """Serve the page of a network on this machine until it is stopped."""
    hush_lightning()
    settings = app_settings(config)
    try:
        import uvicorn  # noqa: F401 (before the network is opened)

        from brain_tumor.app.site import make_site
    except ImportError as error:
        raise ConfigError(
            f"The page needs {error.name}: pip install 'brain-tumor[app]'."
        ) from error
    with listening(settings.port) as listener:  # first: `run=demo` may take minutes
        model = open_model(
            run_place(settings.run, settings.accelerator),
            settings.abstention,
            settings.checkpoint,
            settings.accelerator,
            settings.trusted,
        )
        site = make_site(
            partial(_one_at_a_time, Lock(), model),
            model.name,
            model.classes,
            settings.max_mib << 20,
        )
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        console = Console(highlight=False, markup=False)
        console.print(f"{model.name}: open {address} in a browser. Ctrl-C ends it.")
        console.print("For research, not for diagnosis. Nothing that is shown to it is kept.")
        run_server(site, listener)


def run_server(site: "Starlette", listener: socket.socket) -> None:
    """Serve a site until Ctrl-C or SIGTERM; an upload that stalls then is cut off."""
    import uvicorn

    # Neither a log of who asked for what, nor a header that names the server.
    config = uvicorn.Config(
        site,
        log_level="critical",  # below it is what a browser that goes away leaves
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=ENDING,
    )
    uvicorn.Server(config).run(sockets=[listener])


def app_settings(config: DictConfig) -> AppSettings:
    """Read what is served; no file is read."""
    settings = parse_settings(AppSettings, check_values(config, "app"))
    scoring_trainer(settings.accelerator)
    return settings


def _one_at_a_time(lock: Lock, model: Model, content: bytes) -> Answer:
    with lock:  # so that many large files at once do not take all memory
        return answer(model, content)


def listening(port: int) -> socket.socket:
    """Take a port of this machine that no other machine reaches; 0 takes any that is free."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise ConfigError(
            f"port={port} cannot be had ({error.strerror}): give another one; port=0 takes any "
            "that is free."
        ) from error
