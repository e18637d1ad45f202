"""The page and what it asks: nothing that it is given is kept, and only this machine is heard."""

import asyncio
import secrets
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from brain_tumor.app.answer import Answer
from brain_tumor.dataclass_json import to_plain
from brain_tumor.errors import BrainTumorError
from brain_tumor.rendering.page import open_template

# Another site that points its own name at this machine is not heard (DNS rebinding).
HOSTS = ["127.0.0.1", "localhost", "[::1]"]
# A form of another site cannot send this kind without asking first, and is never answered.
BYTES = "application/octet-stream"
UPLOADS = 2  # files that are held at once: one is answered while the next arrives
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_site(
    answer: Callable[[bytes], Answer],
    title: str,
    classes: tuple[str, ...],
    max_bytes: int,
    patience: float = 20,
) -> Starlette:
    """Make the site: `answer` gives what is shown of a file's bytes, or why not as BrainTumorError.

    `patience` is the seconds for a file to arrive.
    """
    uploads = asyncio.Semaphore(UPLOADS)
    template = open_template("app.html.j2", "brain_tumor.app")

    async def page(request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; img-src data:; style-src 'nonce-{nonce}'; "
            f"script-src 'nonce-{nonce}'; connect-src 'self'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        )
        text = template.render(title=title, classes=classes, nonce=nonce, max_mib=max_bytes >> 20)
        return HTMLResponse(text, headers=HEADERS | {"Content-Security-Policy": policy})

    async def scan(request: Request) -> Response:
        if request.headers.get("content-type") != BYTES:
            return _refusal(415, "Send the bytes of one file.")
        async with uploads:  # others wait in their browsers, not in memory
            try:
                content = await asyncio.wait_for(_content(request, max_bytes), patience)
            except ClientDisconnect:  # nobody is there to be answered
                return Response(status_code=400)
            except asyncio.TimeoutError:
                return _refusal(408, "This file did not arrive in time: send it again.")
            if content is None:
                return _refusal(
                    413, f"This file has more than {max_bytes >> 20} MiB: give a smaller one."
                )
            if not content:
                return _refusal(400, "This file is empty.")
            try:
                found = await run_in_threadpool(answer, content)
                return JSONResponse(to_plain(found), headers=HEADERS)
            except BrainTumorError as error:
                return _refusal(422, str(error))

    return Starlette(
        routes=[Route("/", page), Route("/scan", scan, methods=["POST"])],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
    )


async def _content(request: Request, max_bytes: int) -> bytes | None:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > max_bytes:
            return None
    return bytes(content)


def _refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status_code=status, headers=HEADERS)
