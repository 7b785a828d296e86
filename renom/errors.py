"""Name every failure by who must act.

::

    RenomError(message, hint)
    ├── ConfigError            where in the file, what was found, what was expected
    ├── QueryError             the column, and what to write instead
    ├── SourceError            names the source
    │   ├── SourceUnavailable  try again (retry_after)      -> rescheduled with backoff
    │   ├── SourceDenied       a person must act            -> paused, operator told
    │   └── SourceChanged      the code must change         -> paused after n, operator told
    ├── EnrichmentError        names component and mention  -> mention kept, unenriched, counted
    ├── StorageError
    └── ChannelError
        ├── ChannelUnavailable -> retried, then shown in the dashboard
        └── ChannelDenied      -> channel paused, said on the default channel

The message is a reader's sentence: it holds no secret and no stack trace. The cause for the
log travels as ``__cause__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class RenomError(Exception):
    """Root of everything that Renom raises on purpose.

    ``message`` is one sentence for a reader; ``hint`` says what to do about it, or is empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration file.

    ``where`` is the dotted path (``sources[1].every``), ``line`` counts from 1 and is None when
    the problem has no place in the file.
    """

    message: str
    where: str = ""
    line: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        path = f"{self.where}: " if self.where else ""
        tail = f" ({self.hint})" if self.hint else ""
        return f"{place}{path}{self.message}{tail}"


class ConfigError(RenomError):
    """The configuration cannot be used. ``problems`` lists everything found, in file order."""

    def __init__(
        self, problems: Sequence[Problem] | str, hint: str = "", *, path: str = ""
    ) -> None:
        found = [Problem(problems)] if isinstance(problems, str) else list(problems)
        found.sort(key=lambda problem: (problem.line is None, problem.line or 0))
        self.problems: tuple[Problem, ...] = tuple(found)
        self.path = path
        head = f"{path}: " if path else ""
        if len(found) == 1:
            text = f"{head}{found[0]}"
        else:
            text = f"{head}{len(found)} problems\n" + "\n".join(f"  {problem}" for problem in found)
        super().__init__(text, hint)


class QueryError(RenomError):
    """A query cannot be read. ``column`` counts characters from 1; ``line`` counts from 1."""

    def __init__(self, message: str, hint: str = "", *, column: int = 1, line: int = 1) -> None:
        super().__init__(message, hint)
        self.column = column
        self.line = line


class SourceError(RenomError):
    """A source could not be collected. ``source`` is its configured name."""

    def __init__(self, message: str, hint: str = "", *, source: str = "") -> None:
        super().__init__(message, hint)
        self.source = source


class SourceUnavailable(SourceError):
    """The platform cannot answer now; trying again may help.

    ``retry_after`` is the least time to wait that the platform asked for, or None.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        source: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, hint, source=source)
        self.retry_after = retry_after


class SourceDenied(SourceError):
    """A person must act: a missing key, a refused permission, a spent quota, robots.txt."""


class SourceChanged(SourceError):
    """The answer has a form this code does not know; the code must change."""


class EnrichmentError(RenomError):
    """An enricher failed on one mention. Names ``component`` and ``mention_key``."""

    def __init__(
        self, message: str, hint: str = "", *, component: str = "", mention_key: str = ""
    ) -> None:
        super().__init__(message, hint)
        self.component = component
        self.mention_key = mention_key


class StorageError(RenomError):
    """The database could not do what was asked."""


class ChannelError(RenomError):
    """A notification could not be delivered. ``channel`` is its configured name."""

    def __init__(self, message: str, hint: str = "", *, channel: str = "") -> None:
        super().__init__(message, hint)
        self.channel = channel


class ChannelUnavailable(ChannelError):
    """Delivery may work later. ``retry_after`` as in :class:`SourceUnavailable`."""

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        channel: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message, hint, channel=channel)
        self.retry_after = retry_after


class ChannelDenied(ChannelError):
    """Delivery will never work as configured: wrong credentials, unknown recipient."""
