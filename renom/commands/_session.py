"""What every command shares: global options, the app they lead to, how errors are told."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer

from renom.app import App, load_config
from renom.commands._output import err, safe
from renom.errors import ConfigError, QueryError, RenomError

EXIT_FAILED = 1
EXIT_CONFIG = 2


@dataclass(slots=True)
class Session:
    """The global options of this call."""

    config: str | None = None
    database: str | None = None
    debug: bool = False


session = Session()

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def open_app(*, need_file: bool = False) -> App:
    """Return the app for the configuration meant. Raises ConfigError."""
    config = load_config(session.config, database=session.database)
    if need_file and not config.path:
        raise ConfigError(
            "no config.yaml here", "run `renom init` to write one, or name it with --config"
        )
    return App(config)


def tell(error: RenomError) -> int:
    """Print an error as one line and one hint on stderr; return the exit code it means."""
    if isinstance(error, QueryError):
        err.print(safe(f"query, column {error.column}: {error.message}", style="red"))
    else:
        err.print(safe(error.message, style="red"))
    if error.hint:
        err.print(safe(f"hint: {error.hint}"))
    if session.debug:
        err.print(safe("".join(traceback.format_exception(error))))
    return EXIT_CONFIG if isinstance(error, (ConfigError, QueryError)) else EXIT_FAILED


@contextmanager
def errors_told() -> Iterator[None]:
    """Turn what Renom raises on purpose into one line, one hint and an exit code."""
    try:
        yield
    except RenomError as error:
        raise SystemExit(tell(error)) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except KeyboardInterrupt:
        err.print("stopped")
        raise SystemExit(130) from None
