"""A real browser clicks through a served dashboard: every page, search, correct, acknowledge."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from dashboard import launch

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def server(
    fill_database: Callable[[str, datetime], None],
    tmp_path_factory: pytest.TempPathFactory,
    now: datetime,
) -> Iterator[str]:
    """Serve the dashboard over a full database; yields its address."""
    folder = tmp_path_factory.mktemp("served")
    url = f"sqlite:///{folder}/renom.db"
    fill_database(url, now)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = launch.streamlit_flags(port=port, headless=True)
    brands = [{"name": "Lumea", "role": "own"}, {"name": "Noctis", "role": "competitor"}]
    env = {**os.environ, "RENOM_DATABASE": url, "RENOM_BRANDS": json.dumps(brands)}
    command = [sys.executable, "-m", "streamlit", "run", str(launch.script()), *flags]
    with subprocess.Popen(
        command, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(address: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    raise AssertionError(f"{address} did not answer within a minute")


@pytest.fixture
def page(server: str) -> Iterator[Any]:
    """A page at the dashboard's root that notes console errors and requests to other hosts."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="fr-FR")
        page.set_default_timeout(20_000)
        trouble: list[str] = []
        page.on("console", lambda m: trouble.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "request",
            lambda r: (
                None
                if r.url.startswith((server, server.replace("http", "ws"), "data:", "blob:"))
                else trouble.append(f"asked {r.url}")
            ),
        )
        page.goto(server)
        page.wait_for_selector(".rn-footer")
        yield page
        browser.close()
        assert trouble == []


def test_reader_walks_through_the_dashboard(page: Any) -> None:
    from playwright.sync_api import expect

    expect.set_options(timeout=20_000)
    expect(page.locator(".rn-h1")).to_contain_text("Vue d'ensemble")
    expect(page.locator(".st-key-card-volume").locator("canvas, svg").first).to_be_visible()
    page.locator(".st-key-ack-1 button").first.click()
    expect(page.locator(".rn-alert").first).to_contain_text("prise en charge par")

    links = page.get_by_test_id("stTopNavLink")
    links.nth(1).click()
    expect(page.locator(".rn-h1")).to_contain_text("Mentions")
    search = page.locator(".st-key-filter-query input")
    search.fill("lampe AND NOT parfaite")
    search.press("Enter")
    expect(page.locator("mark").first).to_have_text("lampe")
    assert page.evaluate("document.querySelectorAll('article script, article img').length") == 0

    page.locator(".st-key-read-0 button").first.click()
    page.locator(".st-key-correct-0-0-positive button").first.click()
    expect(page.locator("article .rn-chip").first).to_contain_text("Positif")

    search.fill("((lampe")
    search.press("Enter")
    expect(page.locator(".rn-query")).to_contain_text("illisible")

    for index, title in ((2, "Concurrents"), (3, "Sources"), (4, "Alertes"), (0, "Vue d'ensemble")):
        links.nth(index).click()
        expect(page.locator(".rn-h1")).to_contain_text(title)
        expect(page.locator(".rn-footer")).to_be_visible()
    page.get_by_role("radio", name="English").click()
    expect(page.locator(".rn-h1")).to_contain_text("Overview")
