"""Send notifications by e-mail over SMTP, as HTML with a plain text part.

One recipient per transaction, so that one refused address never holds back or doubles another's
mail. ``Message-ID`` follows from the delivery key: a mail sent twice after a crash has the same
one. Later mails about a group refer to its first (RFC 5322, 3.6.4). Replies of the server are
read by RFC 5321, 4.2.1: 4yz try again, 5yz never.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from alerts.letter import html, plain_text
from alerts.message import one_line, render
from renom.contracts import Channel, ChannelOptions, Message
from renom.contracts import Secrets as BaseSecrets
from renom.errors import ChannelDenied, ChannelUnavailable

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_POLICY = SMTP.clone(cte_type="7bit")
_Command = Callable[[smtplib.SMTP], tuple[int, bytes]]


class EmailOptions(ChannelOptions):
    """Options of ``email``.

    ``security`` is ``starttls`` (usually port 587), ``ssl`` (465) or ``none`` (a server on the
    same machine). ``ca_file`` names the certificate of a private authority. ``unsubscribe_url``
    and ``unsubscribe_mail`` go into List-Unsubscribe.
    """

    to: tuple[str, ...] = Field(min_length=1)
    sender: str = "renom@localhost"
    sender_name: str = "Renom"
    host: str = "localhost"
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "ssl", "none"] = "starttls"
    ca_file: str | None = None
    reply_to: str | None = None
    unsubscribe_url: str | None = None
    unsubscribe_mail: str | None = None

    @field_validator("to", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("to", "sender", "reply_to", "unsubscribe_mail")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for one in (value,) if isinstance(value, str) else value or ():
            if not _ADDRESS.fullmatch(one):
                raise ValueError(f"not an e-mail address: {one!r}")
        return value

    @field_validator("unsubscribe_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s<>]+", value):
            raise ValueError(f"not a web address: {value!r}")
        return value


class EmailSecrets(BaseSecrets):
    """Secrets of ``email``; a server that asks for no login needs neither."""

    user: SecretStr | None = Field(default=None, description="the login of your mail server")
    password: SecretStr | None = Field(
        default=None, description="its password, or an app password where the provider has them"
    )


class Email(Channel):
    """Mails every recipient on its own; the receipt is the Message-ID."""

    Options = EmailOptions
    Secrets = EmailSecrets
    timeout: ClassVar[timedelta] = timedelta(seconds=20)

    def recipients(self) -> tuple[str, ...]:
        """Return the addresses, each of which gets its own messages."""
        return tuple(self.options.to)

    def send(self, message: Message) -> str:
        """Mail the message and return its Message-ID.

        Raises ChannelUnavailable for 4yz, disconnects and timeouts; ChannelDenied for 5yz, refused
        logins, certificates that cannot be trusted and a server without the asked encryption.
        """
        recipient = message.recipient or self.options.to[0]
        mail = self.compose(message, recipient)
        with self._session() as session:
            session.step(lambda smtp: smtp.mail(self.options.sender), "sender")
            session.step(lambda smtp: smtp.rcpt(recipient), recipient)
            session.step(lambda smtp: smtp.data(mail.as_bytes()), recipient)
        return str(mail["Message-ID"])

    def check(self) -> str:
        """Connect and log in, without sending."""
        with self._session():
            pass
        return f"{self.options.host}:{self.options.port} accepts the connection and login"

    def compose(self, message: Message, recipient: str) -> EmailMessage:
        """Return the mail: text first, HTML second, headers that thread and mark it automatic."""
        options = self.options
        letter = render(message)
        domain = options.sender.rpartition("@")[2]
        mail = EmailMessage(policy=_POLICY)
        mail["Subject"] = one_line(letter.subject, 180)
        mail["From"] = Address(one_line(options.sender_name, 60), addr_spec=options.sender)
        mail["To"] = Address(addr_spec=recipient)
        mail["Date"] = format_datetime(message.created_at)
        mail["Message-ID"] = f"<d-{message.key}@{domain}>"
        if not message.opens:
            root = message.thread_receipt or _made_up_root(message.thread, domain)
            if re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", root):
                mail["In-Reply-To"] = root
                mail["References"] = root
        mail["Auto-Submitted"] = "auto-generated"
        if options.reply_to:
            mail["Reply-To"] = options.reply_to
        ways = []
        if options.unsubscribe_url:
            ways.append(f"<{options.unsubscribe_url}>")
        if options.unsubscribe_mail:
            ways.append(f"<mailto:{options.unsubscribe_mail}?subject=unsubscribe>")
        if ways:
            mail["List-Unsubscribe"] = ", ".join(ways)
        unsubscribe = options.unsubscribe_url or ""
        mail.set_content(plain_text(letter, unsubscribe=unsubscribe))
        mail.add_alternative(html(letter, unsubscribe=unsubscribe), subtype="html")
        return mail

    @contextlib.contextmanager
    def _session(self) -> Iterator[_Session]:
        options = self.options
        session = _Session(self.name, f"{options.host}:{options.port}", self.timeout)
        try:
            with session.explained():
                context = ssl.create_default_context(cafile=options.ca_file)
                session.open(options, context)
                if self.secrets is not None and self.secrets.user is not None:
                    password = self.secrets.password
                    session.login(
                        self.secrets.user.get_secret_value(),
                        password.get_secret_value() if password is not None else "",
                    )
            yield session
        finally:
            session.close()


class _Session:
    """One SMTP connection within a deadline, its failures put into channel errors."""

    def __init__(self, channel: str, server: str, timeout: timedelta) -> None:
        self._channel = channel
        self._server = server
        self._until = time.monotonic() + timeout.total_seconds()
        self._smtp: smtplib.SMTP | None = None

    def open(self, options: EmailOptions, context: ssl.SSLContext) -> None:
        """Connect and, if asked, encrypt."""
        me = options.sender.rpartition("@")[2]
        if options.security == "ssl":
            self._smtp = smtplib.SMTP_SSL(
                options.host,
                options.port,
                local_hostname=me,
                timeout=self._left(),
                context=context,
            )
        else:
            self._smtp = smtplib.SMTP(
                options.host, options.port, local_hostname=me, timeout=self._left()
            )
        self._connected().ehlo_or_helo_if_needed()
        if options.security == "starttls":
            self._connected().starttls(context=context)
            self._connected().ehlo_or_helo_if_needed()

    def login(self, user: str, password: str) -> None:
        """Log in."""
        self._connected().login(user, password)

    def step(self, command: _Command, about: str) -> None:
        """Do one command; any reply but 2yz is an error that names ``about``."""
        with self.explained():
            code, text = command(self._connected())
            if not 200 <= code < 300:
                raise smtplib.SMTPResponseException(code, f"{about}: {_decoded(text)}")

    def close(self) -> None:
        """End politely if possible; what was accepted stays accepted."""
        if self._smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self._smtp.sock is not None:
                    self._smtp.sock.settimeout(2)
                self._smtp.quit()
            self._smtp.close()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what smtplib raises into who must act."""
        try:
            yield
        except smtplib.SMTPNotSupportedError as error:
            raise ChannelDenied(
                f"{self._server} does not offer what is asked of it: {_decoded(str(error))}",
                "set `security` to what the server offers (starttls, ssl or none)",
                channel=self._channel,
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise self._unavailable(f"login deferred ({error.smtp_code})") from error
            raise ChannelDenied(
                f"{self._server} refuses the login ({error.smtp_code})",
                "check the user and password in the environment",
                channel=self._channel,
            ) from error
        except smtplib.SMTPResponseException as error:
            text = f"{error.smtp_code} {_decoded(error.smtp_error)}"
            if 500 <= error.smtp_code < 600:
                raise ChannelDenied(
                    f"{self._server} refuses the mail: {text}",
                    "check the address and what the server allows",
                    channel=self._channel,
                ) from error
            raise self._unavailable(text) from error
        except ssl.SSLCertVerificationError as error:
            raise ChannelDenied(
                f"the certificate of {self._server} cannot be trusted: {error.verify_message}",
                "name its authority with `ca_file`",
                channel=self._channel,
            ) from error
        except TimeoutError as error:
            raise self._unavailable("no answer in time") from error
        except (smtplib.SMTPException, OSError) as error:
            if isinstance(error.__context__, TimeoutError):  # smtplib calls it a disconnect
                raise self._unavailable("no answer in time") from error
            raise self._unavailable(_decoded(str(error)) or type(error).__name__) from error

    def _connected(self) -> smtplib.SMTP:
        smtp = self._smtp
        if smtp is None or smtp.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        smtp.sock.settimeout(self._left())
        return smtp

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _unavailable(self, why: str) -> ChannelUnavailable:
        return ChannelUnavailable(
            f"{self._server} did not take the mail: {why}",
            "it will be tried again",
            channel=self._channel,
        )


def _decoded(text: str | bytes) -> str:
    raw = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return one_line(raw, 200)


def _made_up_root(thread: str, domain: str) -> str:
    """Return an id that all mails of a group refer to when its first one never arrived."""
    digest = hashlib.blake2b(thread.encode(), digest_size=12).hexdigest()
    return f"<t-{digest}@{domain}>"
