"""Run the command line in this process."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from renom.commands import _session
from renom.commands.main import run_cli


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


Renom = Callable[..., Done]


@pytest.fixture
def renom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Renom:
    """Run ``renom ARGS`` in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        level = logging.getLogger().level
        monkeypatch.setattr(_session, "session", _session.session)
        monkeypatch.setattr(sys, "argv", ["renom", *map(str, arguments)])
        code = 0
        try:
            run_cli()
        except SystemExit as stop:
            code = int(stop.code or 0) if not isinstance(stop.code, str) else 1
        finally:
            logging.getLogger().setLevel(level)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call
