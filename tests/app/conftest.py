"""Sites served from threads, and a browser to look at them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import uvicorn
from browser import Browser
from starlette.applications import Starlette

from brain_tumor.app.serve import listening


@pytest.fixture
def serve() -> Iterator[Callable[[Starlette], int]]:
    """Serve sites until the test ends; give the port of each."""
    with ExitStack() as stack:

        def served(site: Starlette) -> int:
            server = uvicorn.Server(uvicorn.Config(site, log_level="warning"))
            listener = stack.enter_context(listening(0))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            stack.callback(thread.join, timeout=20)
            stack.callback(setattr, server, "should_exit", True)
            return int(listener.getsockname()[1])

        yield served


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()
