"""email against real SMTP servers on 127.0.0.1, and what the mails hold."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import SecretStr, ValidationError

from alerts.channels.email import Email, EmailOptions, EmailSecrets
from alerts.letter import MAX_HTML
from renom.alert import Alert, Driver
from renom.contracts import Excerpt, Message
from renom.errors import ChannelDenied, ChannelUnavailable

MessageOf = Callable[..., Message]
AlertOf = Callable[..., Alert]


class Inbox:
    """An SMTP handler that keeps mails, and answers what the test wants to each command."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.mails: list[tuple[list[str], bytes]] = []
        self.quiet = threading.Event()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, _: Any) -> str:
        if "rcpt" in self.answers:
            return self.answers["rcpt"]
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "data" in self.answers:
            return self.answers["data"]
        self.mails.append((envelope.rcpt_tos, envelope.content))
        return "250 kept"

    def mail(self, index: int = 0) -> EmailMessage:
        parsed = message_from_bytes(self.mails[index][1], policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve() -> Iterator[Callable[..., Email]]:
    """Start an SMTP server for a handler and return the channel that mails to it."""
    started: list[Controller] = []

    def start(inbox: Inbox, secrets: EmailSecrets | None = None, **how: Any) -> Email:
        options = how.pop("options", {})
        controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **how)
        controller.start()
        started.append(controller)
        values = {
            "to": ["pr@acme.example"],
            "sender": "renom@acme.example",
            "host": "127.0.0.1",
            "port": controller.port,
            "security": "none",
            **options,
        }
        return Email("team", EmailOptions(**values), secrets or EmailSecrets())

    yield start
    for controller in started:
        controller.stop()


@pytest.fixture
def excerpt(now: datetime) -> Callable[..., Excerpt]:
    def build(key: str = "press:1", **given: Any) -> Excerpt:
        values = {"text": "Le service client ne répond plus", "platform": "press", **given}
        return Excerpt(key=key, published_at=now - timedelta(hours=1), **values)

    return build


def parts(mail: EmailMessage) -> tuple[str, str]:
    assert mail.get_content_type() == "multipart/alternative"
    text, html = list(mail.iter_parts())
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return text.get_content(), html.get_content()  # type: ignore[attr-defined]


def test_a_mail_arrives_with_text_html_and_headers(
    serve: Any, message_of: MessageOf, alert_of: AlertOf, excerpt: Any
) -> None:
    inbox = Inbox()
    alert = alert_of(
        evidence=("press:1",),
        drivers=(Driver("topic", "colis bloqués", 190, 0.62),),
        measures={"record_days": 23.0, "total": 903.0},
    )
    message = message_of(
        alert,
        language="fr",
        excerpts=[excerpt(author="Marie", url="https://example.org/a?b=1&c=2", label="negative")],
    )
    receipt = serve(inbox).send(message)
    (recipients, _), mail = inbox.mails[0], inbox.mail()
    assert recipients == ["pr@acme.example"]
    assert receipt == mail["Message-ID"] == f"<d-{message.key}@acme.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "In-Reply-To" not in mail
    subject = mail["Subject"].replace("\u00a0", " ")
    assert subject == ("Solvéa : 3,4 fois le volume habituel (412 mentions en 1 h, d’habitude 120)")
    text, html = (part.replace("\u00a0", " ").replace("\u202f", " ") for part in parts(mail))
    for part in (text, html):
        assert "colis bloqués" in part
        assert "62 % de l’excédent" in part
        assert "Le service client ne répond plus" in part
        assert "17 mars 2026 à 08:00" in part, "in the zone of the reader"
        assert "Europe/Paris" in part
        assert "23 jours" in part
    assert "https://example.org/a?b=1&c=2" in text
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    assert "https://renom.example/mentions?brand=Solv%C3%A9a&from=2026-03-17T06%3A00%3A00Z" in text


def test_outside_text_is_escaped_and_cannot_add_headers(
    serve: Any, message_of: MessageOf, alert_of: AlertOf, excerpt: Any
) -> None:
    inbox = Inbox()
    nasty = '<img src=x onerror="alert(1)"> </td></table> \u202etxet'
    alert = alert_of(
        brand="Acme\r\nBcc: victim@example.org",
        evidence=("press:1",),
        drivers=(Driver("topic", "<script>x</script>", 3, 0.5),),
    )
    quoted = excerpt(
        text=nasty, title="<b>T</b>", author="<i>A</i>", url='https://e.org/"><script>'
    )
    serve(inbox).send(message_of(alert, excerpts=[quoted]))
    mail = inbox.mail()
    assert "Bcc" not in mail
    assert "Acme Bcc: victim@example.org" in mail["Subject"]
    _, html = parts(mail)
    for tag in ("<script", "<img", "<b>", "<i>", "\u202e"):
        assert tag not in html
    assert "&lt;img" in html
    assert "https://e.org/%22%3E%3Cscript%3E" in html


def test_later_mails_answer_the_first(serve: Any, message_of: MessageOf, alert_of: AlertOf) -> None:
    inbox = Inbox()
    channel = serve(inbox)
    first = channel.send(message_of(alert_of()))
    channel.send(message_of(alert_of(), reason="repeat", opens=False, thread_receipt=first))
    later = inbox.mail(1)
    assert later["In-Reply-To"] == later["References"] == first
    assert later["Message-ID"] != first
    assert later["Subject"].startswith("Still: ")


def test_a_lost_first_mail_leaves_a_common_root(
    serve: Any, message_of: MessageOf, alert_of: AlertOf
) -> None:
    inbox = Inbox()
    channel = serve(inbox)
    channel.send(message_of(alert_of(), opens=False, reason="repeat"))
    channel.send(message_of(alert_of(), opens=False, reason="resolved"))
    assert inbox.mail(0)["References"] == inbox.mail(1)["References"] != ""


def test_sending_again_gives_the_same_message_id(
    serve: Any, message_of: MessageOf, alert_of: AlertOf
) -> None:
    inbox, message = Inbox(), message_of(alert_of())
    channel = serve(inbox)
    assert channel.send(message) == channel.send(message)
    assert channel.find(message) is None, "SMTP cannot be asked"


def test_unsubscribe_and_reply_to_are_told_when_configured(
    serve: Any, message_of: MessageOf, alert_of: AlertOf
) -> None:
    inbox = Inbox()
    options = {
        "reply_to": "pr@acme.example",
        "unsubscribe_url": "https://acme.example/stop",
        "unsubscribe_mail": "stop@acme.example",
    }
    serve(inbox, options=options).send(message_of(alert_of()))
    mail = inbox.mail()
    assert mail["Reply-To"] == "pr@acme.example"
    assert mail["List-Unsubscribe"].strip() == (
        "<https://acme.example/stop>, <mailto:stop@acme.example?subject=unsubscribe>"
    )


def test_a_flood_of_alerts_stays_below_what_gmail_cuts(
    message_of: MessageOf, alert_of: AlertOf, excerpt: Any
) -> None:
    keys = [f"press:{n}" for n in range(10)]
    quotes = [
        excerpt(key, text="&<>\"' " * 200, title="é" * 300, url="https://e.org/" + "a" * 900)
        for key in keys
    ]
    alerts = [
        alert_of(
            brand="&" * 200,
            rule=f"r{n}",
            evidence=tuple(keys),
            drivers=tuple(Driver("topic", "<" * 200, 9, 0.5) for _ in range(8)),
        )
        for n in range(60)
    ]
    channel = Email("team", EmailOptions(to=("a@b.example",)), EmailSecrets())
    mail = channel.compose(message_of(*alerts, excerpts=quotes), "a@b.example")
    text, html = parts(mail)
    assert len(html.encode()) <= MAX_HTML + 2
    assert "52" in text, "says how many are not shown"
    assert all(len(line) < 998 for line in mail.as_bytes().splitlines())


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"rcpt": "451 try later"}, ChannelUnavailable),
        ({"rcpt": "450 mailbox busy"}, ChannelUnavailable),
        ({"data": "452 no space"}, ChannelUnavailable),
        ({"rcpt": "550 no such user"}, ChannelDenied),
        ({"rcpt": "553 not allowed"}, ChannelDenied),
        ({"data": "554 looks like spam"}, ChannelDenied),
    ],
)
def test_replies_tell_who_must_act(
    serve: Any, message_of: MessageOf, alert_of: AlertOf, answers: Any, error: type[Exception]
) -> None:
    code = next(iter(answers.values()))[:3]
    with pytest.raises(error, match=code):
        serve(Inbox(**answers)).send(message_of(alert_of()))


def test_one_refused_address_is_named(serve: Any, message_of: MessageOf, alert_of: AlertOf) -> None:
    channel = serve(Inbox(rcpt="550 no such user"), options={"to": ["a@x.example", "b@x.example"]})
    assert channel.recipients() == ("a@x.example", "b@x.example")
    with pytest.raises(ChannelDenied, match=r"b@x\.example"):
        channel.send(message_of(alert_of(), recipient="b@x.example"))


def login(user: str, password: str) -> Callable[..., AuthResult]:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=good, handled=False)

    return check


def test_a_refused_login_is_final_and_tells_no_password(
    serve: Any, message_of: MessageOf, alert_of: AlertOf
) -> None:
    how = {"authenticator": login("renom", "right"), "auth_require_tls": False}
    good = EmailSecrets(user=SecretStr("renom"), password=SecretStr("right"))
    bad = EmailSecrets(user=SecretStr("renom"), password=SecretStr("hunter2"))
    inbox = Inbox()
    serve(inbox, good, **how).send(message_of(alert_of()))
    assert len(inbox.mails) == 1
    with pytest.raises(ChannelDenied, match="535") as caught:
        serve(Inbox(), bad, **how).send(message_of(alert_of()))
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"


def test_a_server_without_encryption_is_refused_not_used_in_clear(
    serve: Any, message_of: MessageOf, alert_of: AlertOf
) -> None:
    inbox = Inbox()
    with pytest.raises(ChannelDenied, match="STARTTLS"):
        serve(inbox, options={"security": "starttls"}).send(message_of(alert_of()))
    assert inbox.mails == []


_SELF_SIGNED = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
    "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that only its own file vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [openssl, *_SELF_SIGNED.split(), "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
    )
    return made, key


def test_starttls_needs_a_certificate_that_can_be_trusted(
    serve: Any, message_of: MessageOf, alert_of: AlertOf, certificate: tuple[Path, Path]
) -> None:
    made, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    inbox = Inbox()
    with pytest.raises(ChannelDenied, match="certificate"):
        serve(inbox, tls_context=context, options={"security": "starttls"}).send(
            message_of(alert_of())
        )
    trusting = {"security": "starttls", "ca_file": str(made)}
    serve(inbox, tls_context=context, require_starttls=True, options=trusting).send(
        message_of(alert_of())
    )
    assert len(inbox.mails) == 1


def channel_at(port: int, **more: Any) -> Email:
    options = EmailOptions(to=("a@b.example",), host="127.0.0.1", port=port, security="none")
    return Email("team", options, EmailSecrets())


def test_nobody_listening_is_tried_again(message_of: MessageOf, alert_of: AlertOf) -> None:
    with pytest.raises(ChannelUnavailable, match="did not take the mail"):
        channel_at(free_port()).send(message_of(alert_of()))


def test_a_server_that_stalls_is_left_within_the_timeout(
    message_of: MessageOf, alert_of: AlertOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Email, "timeout", timedelta(seconds=1))
    with socket.create_server(("127.0.0.1", 0)) as server:
        channel = channel_at(server.getsockname()[1])
        at = time.monotonic()
        with pytest.raises(ChannelUnavailable, match="no answer in time"):
            channel.send(message_of(alert_of()))
        assert time.monotonic() - at < 4


def test_a_server_that_hangs_up_is_tried_again(message_of: MessageOf, alert_of: AlertOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.sendall(b"220 hello\r\n")
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ChannelUnavailable):
            channel_at(server.getsockname()[1]).send(message_of(alert_of()))
        thread.join(5)


@pytest.mark.parametrize("to", ["nobody", "a@b\r\nBcc: c@d", "a b@c.example", ""])
def test_addresses_are_checked(to: str) -> None:
    with pytest.raises(ValidationError, match="not an e-mail address"):
        EmailOptions(to=(to,))
