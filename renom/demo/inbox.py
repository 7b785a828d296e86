"""The demo's receivers: a local SMTP inbox and a local Slack, with a page that shows both."""

from __future__ import annotations

import email
import email.policy
import json
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail received: its subject, both bodies, and the whole of it as bytes."""

    to: str
    subject: str
    text: str
    html: str
    raw: bytes
    message_id: str


class Inbox:
    """An SMTP server on 127.0.0.1 that keeps what it is sent. ``port`` is where it listens."""

    def __init__(self, *, port: int = 0) -> None:
        self.mails: list[Mail] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=port or _free_port())
        self.port = self._controller.port

    def start(self) -> Inbox:
        """Begin to listen."""
        self._controller.start()
        return self

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        """Keep one mail (called by aiosmtpd)."""
        raw = envelope.content
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        plain = message.get_body(("plain",))
        rich = message.get_body(("html",))
        self.mails.append(
            Mail(
                to=", ".join(envelope.rcpt_tos),
                subject=str(message["Subject"] or ""),
                text=plain.get_content() if plain is not None else "",
                html=rich.get_content() if rich is not None else "",
                raw=raw,
                message_id=str(message["Message-ID"] or ""),
            )
        )
        return "250 OK"


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Slack:
    """A local stand-in for the Slack Web API and an incoming webhook.

    Speaks ``chat.postMessage``, ``chat.update``, ``conversations.history`` and ``auth.test`` as
    documented, and a webhook at ``/services/...``; keeps the messages. ``/`` shows them, with
    the mails of ``inbox``, as a page.
    """

    def __init__(self, inbox: Inbox | None = None, *, port: int = 0) -> None:
        self.inbox = inbox
        self.messages: list[dict[str, Any]] = []
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, name="demo-slack", daemon=True)

    def start(self) -> Slack:
        """Begin to serve, in a thread."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def post(self, message: dict[str, Any]) -> str:
        """Keep a message and return its timestamp id."""
        with self._lock:
            ts = f"{1700000000 + len(self.messages)}.000100"
            self.messages.append({**message, "ts": ts})
            return ts

    def answer(self, method: str, form: dict[str, Any]) -> dict[str, Any]:
        """Return what the Web API answers to a method."""
        if method == "auth.test":
            return {"ok": True, "url": self.base, "team": "Demo", "user": "renom"}
        if method == "chat.postMessage":
            ts = self.post(form)
            return {"ok": True, "channel": form.get("channel", ""), "ts": ts}
        if method == "chat.update":
            return {"ok": True, "channel": form.get("channel", ""), "ts": form.get("ts", "")}
        if method in ("conversations.history", "conversations.replies"):
            return {"ok": True, "messages": list(reversed(self.messages)), "has_more": False}
        return {"ok": False, "error": "unknown_method"}

    def _page(self) -> str:
        mails = "".join(
            f"<section><h3>{escape(m.subject)}</h3><p>{escape(m.to)}</p>"
            f'<iframe sandbox srcdoc="{escape(m.html)}"></iframe></section>'
            for m in (self.inbox.mails if self.inbox else [])
        )
        posts = "".join(
            f"<section><h3>{escape(str(m.get('text', '')))}</h3>"
            f"{_blocks(m.get('blocks'))}</section>"
            for m in self.messages
        )
        return (
            '<!doctype html><html><head><meta charset="utf-8"><title>Renom demo inbox</title>'
            "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
            "padding:0 1rem}"
            "section{border:1px solid #ccc;border-radius:8px;padding:1rem;margin:1rem 0}"
            "iframe{width:100%;height:46rem;border:0;background:#fff}pre{white-space:pre-wrap}"
            f"</style></head><body><h1>E-mail</h1>{mails}<h1>Slack</h1>{posts}</body></html>"
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        slack = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("text/html; charset=utf-8", slack._page().encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                form = _form(body, self.headers.get("Content-Type", ""))
                if self.path.startswith("/services/"):
                    slack.post(form)
                    self._answer("text/plain", b"ok")
                    return
                answer = slack.answer(self.path.removeprefix("/api/"), form)
                self._answer("application/json", json.dumps(answer).encode())

            def _answer(self, kind: str, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Keep quiet."""

        return Handler


def _form(body: bytes, kind: str) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    if "json" in kind:
        return dict(json.loads(text or "{}"))
    form: dict[str, Any] = {key: values[0] for key, values in parse_qs(text).items()}
    for key in ("blocks", "metadata", "attachments"):
        if isinstance(form.get(key), str):
            form[key] = json.loads(form[key])
    return form


def _blocks(blocks: Any) -> str:
    """Return Block Kit blocks as plain HTML, enough to read them."""
    parts = []
    for block in blocks or ():
        texts = [block.get("text"), *(block.get("fields") or ()), *(block.get("elements") or ())]
        for item in texts:
            if not isinstance(item, dict):
                continue
            inner = item.get("text")
            text = inner.get("text") if isinstance(inner, dict) else inner
            if text:
                parts.append(f"<pre>{escape(str(text))}</pre>")
    return "".join(parts)
