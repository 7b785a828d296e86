"""Post notifications to Slack, by incoming webhook or, with threads and look-up, by bot token.

Limits and answers follow Slack's reference (Block Kit, chat.postMessage, incoming webhooks): at
most 50 blocks, 150 characters a header, 3000 a section, and a budget of 10 000 characters for all
blocks together, since Slack refuses more than about 13 200 (slackapi/bolt-js#2509). slack_sdk's
own retries are off: a blind one may post twice, the outbox knows better.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import urllib.error
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, SecretStr

from alerts.blocks import blocks_for, escape
from alerts.message import render
from renom.contracts import Channel, ChannelOptions, Message
from renom.contracts import Secrets as BaseSecrets
from renom.errors import ChannelDenied, ChannelError, ChannelUnavailable

if TYPE_CHECKING:
    from slack_sdk import WebClient

EVENT = "renom_notification"

_AGAIN = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "rollup_error",
    "message_limit_exceeded",
}
_HINTS = {
    "invalid_auth": "give a valid bot token (it begins with xoxb-)",
    "not_authed": "give a bot token (it begins with xoxb-)",
    "token_revoked": "the token was revoked: install the app again",
    "account_inactive": "the app or its workspace was removed: install it again",
    "missing_scope": "give the app the scope chat:write and install it again",
    "channel_not_found": "check the channel's id, and invite the app to the channel",
    "not_in_channel": "invite the app to the channel",
    "is_archived": "the channel is archived: choose another one",
    "channel_is_archived": "the channel is archived: choose another one",
    "no_service": "the webhook was removed: create a new one",
    "invalid_token": "the webhook was removed: create a new one",
    "action_prohibited": "an administrator of the workspace forbids posting here",
}
_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
_PAGES = 5


class SlackOptions(ChannelOptions):
    """Options of ``slack``.

    ``channel`` is needed with a bot token; give the channel's id (C0123456789), not its name, so
    that a message can be looked up after a crash. ``base_url`` is Slack's API.
    """

    channel: str | None = None
    base_url: str = Field(default="https://slack.com/api/", pattern=r"^https?://[^\s]+$")


class SlackSecrets(BaseSecrets):
    """Secrets of ``slack``: one of the two. The bot token wins where both are given."""

    webhook_url: SecretStr | None = Field(
        default=None, description="create one at https://api.slack.com/messaging/webhooks"
    )
    token: SecretStr | None = Field(
        default=None, description="the bot token of your app, from https://api.slack.com/apps"
    )


class Slack(Channel):
    """Posts Block Kit messages; with a bot token, later ones answer in the group's thread."""

    Options = SlackOptions
    Secrets = SlackSecrets
    timeout: ClassVar[timedelta] = timedelta(seconds=20)

    def send(self, message: Message) -> str:
        """Post the message; returns its ``ts`` with a bot token, the key with a webhook.

        Raises ChannelUnavailable for rate limits, Slack's own failures and timeouts, and
        ChannelDenied for everything a person must mend.
        """
        letter = render(message)
        text = escape(letter.subject)[:2000]
        blocks = blocks_for(letter)
        if self._token() is None:
            return self._by_webhook(message, text, blocks)
        where = self.options.channel
        if not where:
            raise ChannelDenied(
                "no Slack channel is named", "set `channel` to the channel's id", channel=self.name
            )
        thread = _thread(message)
        answer = self._ask(
            lambda: self._client().chat_postMessage(
                channel=where,
                text=text,
                blocks=blocks,
                thread_ts=thread or None,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": EVENT, "event_payload": {"delivery_id": message.key}},
            )
        )
        return str(answer.get("ts") or message.key)

    def find(self, message: Message) -> str | None:
        """Look the delivery id up in the channel's newest messages, or in the group's thread.

        Needs a bot token that may read the history, and the channel's id; else None.
        """
        where = self.options.channel or ""
        if self._token() is None or not _ID.fullmatch(where):
            return None
        thread = _thread(message)
        oldest = f"{(message.created_at - timedelta(minutes=5)).timestamp():.6f}"
        page: str | None = None
        client = self._client()
        for _ in range(_PAGES):
            how: dict[str, Any] = {
                "channel": where,
                "oldest": oldest,
                "limit": 200,
                "include_all_metadata": True,
                "cursor": page,
            }
            call = client.conversations_replies if thread else client.conversations_history
            if thread:
                how["ts"] = thread
            try:
                answer = self._ask(partial(call, **how))
            except ChannelDenied:
                return None  # it may post but not read
            for known in answer.get("messages") or ():
                metadata = known.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                if payload.get("delivery_id") == message.key:
                    return str(known.get("ts") or message.key)
            page = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if page is None:
                return ""
        return None

    def check(self) -> str:
        """Ask Slack whom the bot token belongs to; a webhook cannot be asked without posting."""
        if self._token() is None:
            self._webhook()
            return "a webhook is set; only a message can show that it works"
        answer = self._ask(lambda: self._client().auth_test())
        return f"posts as {answer.get('user', '?')} in {answer.get('team', '?')}"

    # -- the two ways

    def _by_webhook(self, message: Message, text: str, blocks: list[dict[str, Any]]) -> str:
        from slack_sdk.webhook import WebhookClient

        client = WebhookClient(
            self._webhook(),
            timeout=int(self.timeout.total_seconds()),
            logger=_quiet(),
            retry_handlers=[],
        )
        with _explained(self.name):
            answer = client.send(text=text, blocks=blocks, unfurl_links=False, unfurl_media=False)
        if answer.status_code == 200:
            return message.key
        raise _refused(self.name, answer.body.strip(), answer.status_code, answer.headers)

    def _client(self) -> WebClient:
        from slack_sdk import WebClient

        return WebClient(
            token=self._token(),
            base_url=self.options.base_url.rstrip("/") + "/",
            timeout=int(self.timeout.total_seconds()),
            logger=_quiet(),
            retry_handlers=[],
        )

    def _ask(self, call: Callable[[], Any]) -> Mapping[str, Any]:
        from slack_sdk.errors import SlackApiError

        try:
            with _explained(self.name):
                data = call().data
        except SlackApiError as error:
            response: Any = error.response
            found = getattr(response, "data", response)
            code = str(found.get("error") or "") if isinstance(found, dict) else ""
            status = int(getattr(response, "status_code", 0) or 0)
            headers = getattr(response, "headers", None) or {}
            raise _refused(self.name, code, status, headers) from error
        if not isinstance(data, dict):
            raise ChannelUnavailable("Slack's answer cannot be read", channel=self.name)
        return data

    def _token(self) -> str | None:
        secret = self.secrets.token if self.secrets is not None else None
        return secret.get_secret_value() if secret is not None else None

    def _webhook(self) -> str:
        secret = self.secrets.webhook_url if self.secrets is not None else None
        url = secret.get_secret_value() if secret is not None else ""
        if not url.startswith(("https://", "http://")):
            raise ChannelDenied(
                "neither a Slack webhook nor a bot token is set",
                "set RENOM_SLACK_WEBHOOK_URL, or RENOM_SLACK_TOKEN and `channel`",
                channel=self.name,
            )
        return url


def _thread(message: Message) -> str:
    """Return the ``ts`` of the group's first message; "" without one a bot token has posted."""
    ts = message.thread_receipt
    return ts if not message.opens and re.fullmatch(r"\d+\.\d+", ts) else ""


class _explained:
    """Turns what the network throws into ChannelUnavailable; says nothing of the address."""

    def __init__(self, channel: str) -> None:
        self._channel = channel

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TimeoutError):
            raise ChannelUnavailable(
                "Slack did not answer in time", channel=self._channel
            ) from error
        if isinstance(error, urllib.error.URLError | http.client.HTTPException | OSError):
            raise ChannelUnavailable("Slack cannot be reached", channel=self._channel) from error
        if isinstance(error, json.JSONDecodeError):
            raise ChannelUnavailable(
                "Slack's answer cannot be read", channel=self._channel
            ) from error


def _refused(channel: str, code: str, status: int, headers: Mapping[str, str]) -> ChannelError:
    """Return the error for an answer: who must act, and when to come back."""
    code = code if re.fullmatch(r"[a-z_]{1,60}", code) else ""
    said = code or f"status {status}"
    if status == 429 or status >= 500 or code in _AGAIN or (not code and status == 200):
        return ChannelUnavailable(
            f"Slack cannot take the message now: {said}",
            channel=channel,
            retry_after=_retry_after(headers),
        )
    hint = _HINTS.get(code, "see https://api.slack.com/methods/chat.postMessage#errors")
    return ChannelDenied(f"Slack refuses the message: {said}", hint, channel=channel)


def _retry_after(headers: Mapping[str, Any]) -> timedelta | None:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            text = value[0] if isinstance(value, list) and value else value
            if str(text).isdigit():
                return timedelta(seconds=min(int(str(text)), 3600))
    return None


def _quiet() -> logging.Logger:
    """Return a logger that never tells a webhook's address: it is a secret."""
    logger = logging.Logger("renom.slack", level=logging.WARNING)
    logger.addHandler(logging.NullHandler())
    return logger
