"""Fixtures for sources: a scripted site, the module of its answers, ways to run a source."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from renom.contracts import Batch, Cursor, Source

SITE = Path(__file__).resolve().parent.parent / "servers" / "site.py"


@pytest.fixture(scope="session")
def web() -> ModuleType:
    """The module tests/servers/site.py: ``web.Site``, ``web.Answer``."""
    name = "renom_tests_site"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, SITE)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def site(web: ModuleType) -> Iterator[Any]:
    """A running site on 127.0.0.1 that knows no page yet."""
    with web.Site() as running:
        yield running


@pytest.fixture
def run(now: datetime) -> Callable[..., list[Batch]]:
    """Run a source once: ``batches = run(source, cursor, now=...)``."""

    def once(source: Source, cursor: Cursor | None = None, **at: datetime) -> list[Batch]:
        return list(source.fetch(cursor, now=at.get("now", now)))

    return once
