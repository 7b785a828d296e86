"""The demo, performed once for every test that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from renom.app import App
from renom.commands.demo import _free
from renom.demo.show import Report, perform
from renom.demo.stage import Stage, set_up
from renom.demo.world import load_world


@dataclass(frozen=True)
class Demo:
    """The demo after its run; its servers are still up."""

    app: App
    report: Report
    stage: Stage
    port: int


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Perform the demo as ``renom demo`` does."""
    folder: Path = tmp_path_factory.mktemp("demo")
    port = _free(0)
    stage = set_up(
        folder, load_world(), now=datetime.now(UTC), dashboard_url=f"http://127.0.0.1:{port}"
    )
    try:
        app, report = perform(stage, say=lambda _: None)
        yield Demo(app, report, stage, port)
    finally:
        stage.stop()
