"""The demo: every stage delivers, and what it delivers is right."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from renom.reading import Selection


@pytest.mark.slow
def test_every_stage_delivers(demo: Any) -> None:
    assert demo.report.missing == []
    assert demo.report.errors == {}
    assert demo.report.enriched == demo.report.mentions > 500
    assert set(demo.report.kinds) == {"article", "post", "comment", "review", "survey", "email"}


@pytest.mark.slow
def test_every_text_about_a_brand_is_collected_once(demo: Any) -> None:
    world = demo.stage.world
    # Reprints lie at addresses of their own, so they are mentions of one story.
    expected = sum(1 for text in world.texts if text.brands)
    assert demo.report.mentions == expected
    copies = [text for text in world.texts if text.same_as is not None]
    stories = demo.app.store.tally(Selection()).stories
    assert expected - stories >= 0.8 * len(copies)


@pytest.mark.slow
def test_tallies_equal_what_the_world_holds(demo: Any) -> None:
    world = demo.stage.world
    for key, brand in world.brands.items():
        tally = demo.app.store.tally(Selection(brands=(brand.name,)))
        assert tally.mentions == len(world.about(key)), brand.name


@pytest.mark.slow
def test_the_incident_is_told_by_mail_and_slack(demo: Any) -> None:
    firing = {a["rule"] for a in demo.report.alerts}
    assert {"negatif", "volume"} <= firing
    assert any("Aubelune" in subject for subject in demo.report.mails)
    assert any("Aubelune" in text for text in demo.report.slack)
    [mail] = [m for m in demo.stage.inbox.mails if "négatives" in m.subject][:1]
    assert "http://127.0.0.1" in mail.text
    assert "<script" not in mail.html
    starts = next(r.alert.starts_at for r in demo.app.store.alerts() if r.alert.rule == "negatif")
    # The incident begins about 26 hours before; the alert says so within a few hours.
    assert timedelta(hours=8) < demo.stage.now - starts < timedelta(hours=30)


@pytest.mark.slow
def test_a_second_run_says_nothing_new(demo: Any) -> None:
    before = (len(demo.stage.inbox.mails), len(demo.stage.slack.messages))
    results = demo.app.collect()
    assert sum(r.saved.stored for r in results) == 0
    demo.app.evaluate()
    demo.app.deliver()
    assert (len(demo.stage.inbox.mails), len(demo.stage.slack.messages)) == before


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_headless_command_prints_what_it_did(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "renom", "demo", "--headless", "--folder", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        timeout=270,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["missing"] == []
    assert "Fictional world" in done.stderr
