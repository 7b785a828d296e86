"""A small site on 127.0.0.1 for crawler tests: routes that can change, a request log, faults."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass
class Reply:
    """What a route answers. ``stall`` seconds pass after ``stall_after`` bytes of the body."""

    body: bytes | str = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    etag: bool = False
    stall: float = 0.0
    stall_after: int = 0
    chunked_zeros: int = 0


@dataclass(frozen=True)
class Seen:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    at: float


Route = Reply | Callable[[int], Reply]


class Newsroom:
    """A threaded server. ``routes[path]`` is a Reply, or a function of how often it was asked."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {"/robots.txt": Reply(status=404)}
        self.log: list[Seen] = []
        self._stop = threading.Event()
        room = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                room._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Newsroom:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def asked(self, path: str) -> int:
        """Return how often a path was requested."""
        return sum(seen.path == path for seen in self.log)

    def paths(self) -> list[str]:
        """Return the requested paths in order, robots.txt left out."""
        return [seen.path for seen in self.log if seen.path != "/robots.txt"]

    def serve(self, path: str, body: bytes | str, **reply: object) -> str:
        """Add a route and return its URL."""
        self.routes[path] = Reply(body, **reply)  # type: ignore[arg-type]
        return self.base + path

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        count = self.asked(handler.path)
        self.log.append(Seen(handler.path, dict(handler.headers.items()), time.monotonic()))
        path = handler.path.split("?")[0]
        route = self.routes.get(path, Reply("not here", status=404))
        reply = route(count) if callable(route) else route
        body = reply.body.encode("utf-8") if isinstance(reply.body, str) else reply.body
        headers = dict(reply.headers)
        if reply.etag:
            headers["ETag"] = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
            if handler.headers.get("If-None-Match") == headers["ETag"]:
                reply, body = Reply(status=304), b""
        try:
            self._send(handler, reply, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            handler.close_connection = True

    def _send(
        self, handler: BaseHTTPRequestHandler, reply: Reply, body: bytes, headers: dict[str, str]
    ) -> None:
        handler.send_response(reply.status)
        if reply.status != 304:
            handler.send_header("Content-Type", reply.content_type)
        if reply.chunked_zeros:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        else:
            handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if reply.chunked_zeros:
            for _ in range(reply.chunked_zeros):
                handler.wfile.write(b"<p>" + b"x" * 1_048_570 + b"</p>")
            return
        handler.wfile.write(body[: reply.stall_after] if reply.stall else body)
        if reply.stall:
            handler.wfile.flush()
            self._stop.wait(reply.stall)
            handler.wfile.write(body[reply.stall_after :])


PROSE = {
    "fr": (
        "La direction de l'entreprise a présenté mardi les résultats d'une enquête menée auprès "
        "de ses clients. Les délais de livraison restent le premier motif de plainte, devant le "
        "prix et l'accueil au téléphone. Un plan d'action doit être annoncé avant la fin du mois, "
        "selon un porte-parole qui n'a pas souhaité donner davantage de détails pour l'instant."
    ),
    "en": (
        "The company presented the results of a survey of its customers on Tuesday. Delivery "
        "times remain the first reason for complaint, ahead of price and of the help line. A "
        "plan of action is to be announced before the end of the month, said a spokesperson who "
        "did not want to give any further details about the measures for the time being."
    ),
}


def article(
    title: str,
    *,
    published: str | None = "2026-11-20T08:00:00Z",
    lang: str = "fr",
    head: str = "",
    extra: str = "",
    author: str = "Anne Durand",
) -> str:
    """Return an article page with the usual clutter around it."""
    meta = f'<meta property="article:published_time" content="{published}">' if published else ""
    body = "".join(f"<p>{title} {n}. {PROSE[lang]}</p>" for n in ("I", "II", "III"))
    return f"""<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">
<title>{title} | Le Courrier</title><meta property="og:type" content="article">{meta}
<meta name="author" content="{author}">{head}</head><body>
<nav><a href="/">Accueil</a> <a href="/contact">Contact</a></nav>
<main><article><h1>{title}</h1>{body}{extra}</article></main>
<footer>Mentions légales, cookies, partenaires</footer></body></html>"""


def urlset(*entries: tuple[str, str], news: bool = False) -> str:
    """Return a sitemap of (URL, date) pairs; with ``news`` the date is the publication's."""
    rows = []
    for url, date in entries:
        if news:
            rows.append(
                f"<url><loc>{url}</loc><news:news><news:publication><news:name>Le Courrier"
                f"</news:name><news:language>fr</news:language></news:publication>"
                f"<news:publication_date>{date}</news:publication_date></news:news></url>"
            )
        else:
            lastmod = f"<lastmod>{date}</lastmod>" if date else ""
            rows.append(f"<url><loc>{url}</loc>{lastmod}</url>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">'
        f"{''.join(rows)}</urlset>"
    )


def sitemap_index(*urls: str) -> str:
    """Return a sitemap index."""
    rows = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return (
        '<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"{rows}</sitemapindex>"
    )


def gzip_bomb(megabytes: int = 200) -> bytes:
    """Return gzip bytes that unpack to that many megabytes of spaces."""
    return gzip.compress(b" " * (megabytes * 2**20), compresslevel=9)
