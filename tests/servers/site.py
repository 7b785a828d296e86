"""A small web site on 127.0.0.1 whose every answer is scripted, with a log of what was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer. ``stall`` waits before the first byte; ``drip`` waits between the bytes of the
    body, ``drip_head`` between those of the head; ``cut`` closes after so many bytes of the body;
    ``blocks`` is a body made while it is sent."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stall: float = 0.0
    drip: float = 0.0
    drip_head: float = 0.0
    cut: int | None = None
    blocks: Callable[[], Iterator[bytes]] | None = None


@dataclass(frozen=True)
class Asked:
    """One request that came in; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    at: float


Script = Answer | Callable[[Asked], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are what the tests are about."""


class Site:
    """Serve scripted answers: ``site.put("/feed", Answer(...))``, ``site.put("/x", f)``.

    A list of answers is given out one by one, the last one for ever.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._scripts: dict[str, list[Script]] = {}
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=lambda: self._server.serve_forever(poll_interval=0.05), daemon=True
        )

    @property
    def port(self) -> int:
        """The port the system chose."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/") -> str:
        """Return the address of ``path``."""
        return f"http://127.0.0.1:{self.port}{path}"

    def put(self, path: str, *scripts: Script | bytes | str, **headers: str) -> str:
        """Script the answers to ``path`` (query included); return its address."""
        self._scripts[path] = [self._script(script, headers) for script in scripts]
        return self.url(path)

    def paths(self) -> list[str]:
        """Return the paths asked for so far, in order."""
        return [asked.path for asked in self.asked]

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _script(self, script: Script | bytes | str, headers: dict[str, str]) -> Script:
        if isinstance(script, str):
            script = script.encode()
        if isinstance(script, bytes):
            return Answer(script, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return script

    def _answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        scripts = self._scripts.get(asked.path)
        if not scripts:
            return Answer(b"not here", 404)
        script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        return script if isinstance(script, Answer) else script(asked)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body are two writes

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                answer = site._answer(Asked(self.command, self.path, headers, time.monotonic()))
                try:
                    self._send(answer)
                except OSError:
                    self.close_connection = True

            do_HEAD = do_POST = do_GET

            def _send(self, answer: Answer) -> None:
                site._closing.wait(answer.stall)
                lines = [f"HTTP/1.1 {answer.status} Scripted"]
                headers = dict(answer.headers)
                if answer.blocks is not None:
                    headers.setdefault("Connection", "close")
                    self.close_connection = True
                else:
                    headers.setdefault("Content-Length", str(len(answer.body)))
                lines += [f"{name}: {value}" for name, value in headers.items()]
                self._drip(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), answer.drip_head)
                if answer.status == 304:
                    return
                if answer.blocks is not None:
                    for block in answer.blocks():
                        self.wfile.write(block)
                    return
                self._drip(answer.body[: answer.cut], answer.drip)
                if answer.cut is not None:
                    self.close_connection = True

            def _drip(self, data: bytes, pause: float) -> None:
                if not pause:
                    self.wfile.write(data)
                    return
                for byte in data:
                    if site._closing.wait(pause):
                        return
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()

        return Handler
