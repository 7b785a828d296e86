"""A person opens the demo in a real browser, goes everywhere, searches, corrects, acknowledges."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from renom.commands.dashboard import start
from renom.commands.demo import _wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT = 45_000


@pytest.fixture(scope="module")
def dashboard(demo: Any) -> Iterator[str]:
    process = start(demo.app, demo.port, notice=demo.stage.world.disclaimer_en)
    _wait_for(demo.port, seconds=60)
    yield f"http://127.0.0.1:{demo.port}"
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


@pytest.fixture
def page(dashboard: str, tmp_path: Path) -> Iterator[Any]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed, and CI must not skip this test")
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1366, "height": 900}, locale="en-GB")
        made = context.new_page()
        made.set_default_timeout(WAIT)
        made.complaints = []
        made.on(
            "console",
            lambda m: made.complaints.append(m.text) if m.type == "error" else None,
        )
        made.on("pageerror", lambda error: made.complaints.append(str(error)))
        made.goto(dashboard)
        yield made
        made.screenshot(path=tmp_path / "last.png")
        browser.close()


def open_page(page: Any, name: str) -> None:
    """Click a page's name in the navigation and wait until it is drawn."""
    page.get_by_test_id("stTopNavLink").filter(has_text=name).first.click()
    page.get_by_role("heading", name=name).first.wait_for()
    page.locator("[data-stale='true']").first.wait_for(state="detached")
    assert page.get_by_test_id("stException").count() == 0


@pytest.mark.timeout(280)
def test_a_morning_with_the_dashboard(page: Any, demo: Any) -> None:
    page.get_by_role("heading", name=re.compile("Overview|Vue d")).first.wait_for()
    assert page.get_by_text("Fictional world").count() >= 1
    page.locator(".st-key-language-switch").get_by_text("English").click()
    page.get_by_role("heading", name="Overview").first.wait_for()
    page.locator(".st-key-card-volume .vega-embed").first.wait_for()

    for name in ("Competitors", "Sources", "Alerts", "Mentions"):
        open_page(page, name)

    search = page.locator(".st-key-filter-query input")
    search.fill("remboursement AND Aubelune")
    search.press("Enter")
    page.locator("mark").first.wait_for()
    marked = {text.lower() for text in page.locator("mark").all_inner_texts()}
    assert marked <= {"remboursement", "aubelune"}
    assert len(marked) == 2

    page.locator(".st-key-read-0 button").click()
    label = page.locator("[class*='st-key-correct-0-0-neutral'] button")
    label.first.click()
    corrected = wait_until(page, lambda: demo.app.store.corrections())
    assert corrected[0].label == "neutral"

    search.fill('"unbalanced')
    search.press("Enter")
    page.get_by_text(re.compile("column", re.IGNORECASE)).first.wait_for()
    search.fill("")
    search.press("Enter")

    open_page(page, "Overview")
    waiting = [
        r
        for r in demo.app.store.alerts(open_only=True)
        if r.acknowledged_at is None and r.alert.severity == "critical"
    ]
    page.locator(f".st-key-ack-{waiting[0].id} button").first.click()
    wait_until(
        page,
        lambda: [
            r
            for r in demo.app.store.alerts(open_only=True)
            if r.id == waiting[0].id and r.acknowledged_at is not None
        ],
    )

    page.locator(".st-key-language-switch").get_by_text("Français").click()
    page.get_by_role("heading", name="Vue d").first.wait_for()
    for name in ("Mentions", "Concurrents", "Sources", "Alertes"):
        open_page(page, name)
    assert page.complaints == []


def wait_until(page: Any, look: Any, *, seconds: float = 20.0) -> Any:
    """Return the first true answer of ``look``."""
    for _ in range(int(seconds * 4)):
        if found := look():
            return found
        page.wait_for_timeout(250)
    raise AssertionError("it did not happen")
