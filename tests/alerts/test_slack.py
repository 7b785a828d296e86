"""slack against a real HTTP endpoint on 127.0.0.1, and what the blocks hold."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from alerts.blocks import BUDGET, MAX_BLOCKS, blocks_for, escape
from alerts.channels.slack import Slack, SlackOptions, SlackSecrets
from alerts.message import render
from renom.alert import Alert, Driver
from renom.contracts import Excerpt, Message
from renom.errors import ChannelDenied, ChannelUnavailable

MessageOf = Callable[..., Message]
AlertOf = Callable[..., Alert]
TOKEN = "xoxb-very-secret"
CHANNEL = "C0123456789"


class Workspace:
    """A small Slack: webhook, chat.postMessage, conversations.history and .replies, auth.test."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.stall = 0.0
        self.loses_answer = False
        workspace = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, answer = workspace.answer(self.path, body, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, path: str, body: bytes, headers: Any) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if "json" in headers.get("Content-Type", ""):
            data = json.loads(body or b"{}")
        else:
            data = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if self.answers:
            return self.answers.pop(0)
        if path == "/hook":
            self.posts.append(data)
            return 200, {}, b"ok"
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.json({"ok": False, "error": "invalid_auth"})
        if path.endswith("chat.postMessage"):
            data["ts"] = f"{time.time():.6f}"
            data["metadata"] = _loaded(data.get("metadata"))
            data["blocks"] = _loaded(data.get("blocks"))
            self.posts.append(data)
            if self.stall:
                time.sleep(self.stall)
            if self.loses_answer:
                return 502, {}, b"<html>bad gateway</html>"
            return self.json({"ok": True, "ts": data["ts"], "channel": CHANNEL})
        if path.endswith("auth.test"):
            return self.json({"ok": True, "user": "renom", "team": "Acme"})
        thread = data.get("ts") if path.endswith("replies") else None
        found = [p for p in self.posts if p.get("thread_ts") == thread]
        return self.json({"ok": True, "messages": [_public(p) for p in found]})

    @staticmethod
    def json(data: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return 200, {"Content-Type": "application/json"}, json.dumps(data).encode()


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _public(post: dict[str, Any]) -> dict[str, Any]:
    return {"ts": post["ts"], "text": post["text"], "metadata": post["metadata"]}


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    running = Workspace()
    yield running
    running.server.shutdown()
    running.server.server_close()


def webhook(workspace: Workspace) -> Slack:
    secrets = SlackSecrets(webhook_url=SecretStr(f"{workspace.base}/hook"))
    return Slack("crisis", SlackOptions(), secrets)


def bot(workspace: Workspace, token: str = TOKEN, channel: str | None = CHANNEL) -> Slack:
    options = SlackOptions(channel=channel, base_url=f"{workspace.base}/api")
    return Slack("crisis", options, SlackSecrets(token=SecretStr(token)))


@pytest.fixture
def excerpt(now: datetime) -> Callable[..., Excerpt]:
    def build(key: str = "x:1", **given: Any) -> Excerpt:
        values = {"text": "Support chat just closes on me", "platform": "x", **given}
        return Excerpt(key=key, published_at=now - timedelta(hours=1), **values)

    return build


def test_a_webhook_gets_text_and_blocks(
    workspace: Workspace, message_of: MessageOf, alert_of: AlertOf, excerpt: Any
) -> None:
    alert = alert_of(evidence=("x:1",), drivers=(Driver("topic", "parcels", 190, 0.62),))
    message = message_of(alert, excerpts=[excerpt(url="https://x.example/1?a=1&b=2")])
    assert webhook(workspace).send(message) == message.key
    (post,) = workspace.posts
    assert post["text"] == "Solvéa: 3.4x usual mentions (412 in 1 h, usual 120)"
    assert post["unfurl_links"] is False
    text = json.dumps(post["blocks"], ensure_ascii=False)
    assert "parcels (topic): 62% of the excess" in text
    assert "> Support chat just closes on me" in text
    assert "<https://x.example/1?a=1&amp;b=2|Open the mention>" in text
    buttons = [b for b in post["blocks"] if b["type"] == "actions"]
    assert buttons[0]["elements"][0]["url"].startswith("https://renom.example/mentions?brand=Solv")


def test_french_reads_french(
    workspace: Workspace, message_of: MessageOf, alert_of: AlertOf
) -> None:
    webhook(workspace).send(message_of(alert_of(), language="fr"))
    text = json.dumps(workspace.posts[0], ensure_ascii=False).replace("\u00a0", " ")
    assert "3,4 fois le volume habituel" in text
    assert "Voir ces mentions dans Renom" in text


def test_a_bot_posts_answers_in_the_thread_and_is_found_again(
    workspace: Workspace, message_of: MessageOf, alert_of: AlertOf
) -> None:
    channel = bot(workspace)
    first, later = message_of(alert_of()), message_of(alert_of(), reason="repeat", opens=False)
    assert channel.find(first) == ""
    ts = channel.send(first)
    later = message_of(alert_of(), reason="repeat", opens=False, thread_receipt=ts)
    assert channel.find(later) == ""
    answer = channel.send(later)
    assert workspace.posts[0].get("thread_ts") is None
    assert workspace.posts[1]["thread_ts"] == ts
    assert workspace.posts[0]["metadata"]["event_payload"] == {"delivery_id": first.key}
    assert channel.find(first) == ts
    assert channel.find(later) == answer
    assert channel.check() == "posts as renom in Acme"


def test_without_an_id_or_the_right_to_read_nothing_is_certain(
    workspace: Workspace, message_of: MessageOf, alert_of: AlertOf
) -> None:
    message = message_of(alert_of())
    assert webhook(workspace).find(message) is None
    assert bot(workspace, channel="#crise").find(message) is None
    workspace.answers = [Workspace.json({"ok": False, "error": "missing_scope"})]
    assert bot(workspace).find(message) is None


def test_a_lost_answer_is_found_by_its_key(
    workspace: Workspace, message_of: MessageOf, alert_of: AlertOf
) -> None:
    channel, message = bot(workspace), message_of(alert_of())
    workspace.loses_answer = True
    with pytest.raises(ChannelUnavailable):
        channel.send(message)
    assert len(workspace.posts) == 1, "no retries inside"
    assert channel.find(message) == workspace.posts[0]["ts"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "error", "after"),
    [
        (429, {"Retry-After": "30"}, {"ok": False, "error": "ratelimited"}, ChannelUnavailable, 30),
        (200, {}, {"ok": False, "error": "internal_error"}, ChannelUnavailable, None),
        (200, {}, {"ok": False, "error": "fatal_error"}, ChannelUnavailable, None),
        (500, {}, {"ok": False}, ChannelUnavailable, None),
        (200, {}, {"ok": False, "error": "invalid_auth"}, ChannelDenied, None),
        (200, {}, {"ok": False, "error": "channel_not_found"}, ChannelDenied, None),
        (200, {}, {"ok": False, "error": "not_in_channel"}, ChannelDenied, None),
        (200, {}, {"ok": False, "error": "is_archived"}, ChannelDenied, None),
        (200, {}, {"ok": False, "error": "invalid_blocks"}, ChannelDenied, None),
    ],
)
def test_api_answers_tell_who_must_act(
    workspace: Workspace,
    message_of: MessageOf,
    alert_of: AlertOf,
    status: int,
    headers: dict[str, str],
    body: dict[str, Any],
    error: type[ChannelDenied | ChannelUnavailable],
    after: int | None,
) -> None:
    kind = {"Content-Type": "application/json"}
    workspace.answers = [(status, {**kind, **headers}, json.dumps(body).encode())]
    with pytest.raises(error) as caught:
        bot(workspace).send(message_of(alert_of()))
    assert TOKEN not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"
    if isinstance(caught.value, ChannelUnavailable):
        wanted = None if after is None else timedelta(seconds=after)
        assert caught.value.retry_after == wanted
    else:
        assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b"invalid_payload", ChannelDenied),
        (403, b"action_prohibited", ChannelDenied),
        (404, b"no_service", ChannelDenied),
        (410, b"channel_is_archived", ChannelDenied),
        (500, b"rollup_error", ChannelUnavailable),
        (503, b"<html>later</html>", ChannelUnavailable),
        (429, b"rate_limited", ChannelUnavailable),
    ],
)
def test_webhook_answers_tell_who_must_act(
    workspace: Workspace,
    message_of: MessageOf,
    alert_of: AlertOf,
    status: int,
    body: bytes,
    error: type[Exception],
) -> None:
    workspace.answers = [(status, {}, body)]
    with pytest.raises(error) as caught:
        webhook(workspace).send(message_of(alert_of()))
    assert "/hook" not in f"{caught.value}", "the address is a secret"


def test_a_stalling_slack_is_left_in_time(
    workspace: Workspace,
    message_of: MessageOf,
    alert_of: AlertOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Slack, "timeout", timedelta(seconds=1))
    workspace.stall = 2.0
    at = time.monotonic()
    with pytest.raises(ChannelUnavailable, match="did not answer in time"):
        bot(workspace).send(message_of(alert_of()))
    assert time.monotonic() - at < 1.9


def test_nobody_there_is_tried_again(
    workspace: Workspace, message_of: MessageOf, alert_of: AlertOf
) -> None:
    workspace.server.shutdown()
    workspace.server.server_close()
    for channel in (webhook(workspace), bot(workspace)):
        with pytest.raises(ChannelUnavailable, match="cannot be reached"):
            channel.send(message_of(alert_of()))


def test_missing_secrets_and_channel_are_told(
    workspace: Workspace, message_of: MessageOf, alert_of: AlertOf
) -> None:
    with pytest.raises(ChannelDenied, match="neither"):
        Slack("s", SlackOptions(), SlackSecrets()).send(message_of(alert_of()))
    with pytest.raises(ChannelDenied, match="no Slack channel"):
        bot(workspace, channel=None).send(message_of(alert_of()))


def test_quotes_cannot_ring_format_or_pose_as_links(
    message_of: MessageOf, alert_of: AlertOf, excerpt: Any
) -> None:
    nasty = "<!channel> <@U123> *bold* _it_ ~no~ `code` <https://evil.example|bank> & \n> me"
    message = message_of(
        alert_of(evidence=("x:1",)), excerpts=[excerpt(text=nasty, author="<!here>")]
    )
    text = json.dumps(blocks_for(render(message)), ensure_ascii=False)
    for part in (
        "<!channel>",
        "<@U123>",
        "*bold*",
        "_it_",
        "~no~",
        "`code`",
        "<https://evil",
        "<!here>",
    ):
        assert part not in text
    assert "&lt;!channel&gt;" in text
    assert escape("a&b") == "a&amp;b"


def test_any_flood_fits_slacks_limits(
    message_of: MessageOf, alert_of: AlertOf, excerpt: Any
) -> None:
    keys = tuple(f"x:{n}" for n in range(10))
    quotes = [
        excerpt(k, text="<&> " * 300, author="&" * 300, url="https://e.org/" + "&" * 900)
        for k in keys
    ]
    for count in (1, 2, 5, 40):
        alerts = [
            alert_of(
                brand="&" * 300,
                rule=f"{n}" + "<" * 300,
                evidence=keys,
                drivers=tuple(Driver("topic", "<" * 300, 9, 0.5) for _ in range(8)),
            )
            for n in range(count)
        ]
        blocks = blocks_for(render(message_of(*alerts, excerpts=quotes)))
        assert len(json.dumps(blocks, ensure_ascii=False)) <= BUDGET
        assert len(blocks) <= MAX_BLOCKS
        for block in blocks:
            if block["type"] == "section":
                assert len(block["text"]["text"]) <= 3000
            if block["type"] == "header":
                assert len(block["text"]["text"]) <= 150
