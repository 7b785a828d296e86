"""Fixtures that every room's tests may use."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)

_connect = socket.socket.connect


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file on one worker, and all that look at the demo beside each other."""
    for item in items:
        named = getattr(item, "fixturenames", ())
        group = "demo" if "demo" in named else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def nobody_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if not (host.startswith("127.") or host in ("localhost", "::1")):
                raise AssertionError(f"a test tried to reach {host}")
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take Renom's own variables away, so that a developer's settings change no test."""
    for name in list(os.environ):
        if name.startswith("RENOM_") and name != "RENOM_DATA":
            monkeypatch.delenv(name)


@pytest.fixture
def now() -> datetime:
    """A frozen moment: Tuesday 17 March 2026, 9:00 UTC."""
    return NOW


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real labelled data; skips the test where it is absent."""
    folder = Path(os.environ.get("RENOM_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "README.md").exists():
        pytest.skip(f"real data absent: {folder} (set RENOM_DATA)")
    return folder
