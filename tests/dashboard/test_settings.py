"""Settings come from the file and the environment; a broken file never stops the dashboard."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dashboard.settings import read, streamlit_flags

CONFIG = """
database: sqlite:///x.db
timezone: Europe/Paris
language: fr
brands:
  - {name: Rivale, role: competitor, query: rivale}
  - {name: Lumea, query: lumea}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


def test_file_gives_database_zone_and_own_brand_first(path: Path) -> None:
    settings = read({"RENOM_CONFIG": str(path)})
    assert settings.database == "sqlite:///x.db"
    assert settings.zone.key == "Europe/Paris"
    assert [brand.name for brand in settings.brands] == ["Lumea", "Rivale"]
    assert (settings.language, settings.usual_language) == (None, "fr")


def test_environment_outranks_the_file(path: Path) -> None:
    settings = read(
        {
            "RENOM_CONFIG": str(path),
            "RENOM_DATABASE": "sqlite:///y.db",
            "RENOM_TIMEZONE": "America/New_York",
            "RENOM_DASHBOARD_LANGUAGE": "en_GB",
            "RENOM_BRANDS": '[{"name": "Noctis"}]',
            "RENOM_DEMO_NOTICE": "fictional",
        }
    )
    assert settings.database == "sqlite:///y.db"
    assert settings.timezone == "America/New_York"
    assert settings.language == "en"
    assert [brand.name for brand in settings.brands] == ["Noctis"]
    assert settings.notice == "fictional"


def test_changed_file_is_read_again(path: Path) -> None:
    assert read({"RENOM_CONFIG": str(path)}).timezone == "Europe/Paris"
    path.write_text(CONFIG.replace("Europe/Paris", "Asia/Tokyo"))
    os.utime(path, (1, 1))
    assert read({"RENOM_CONFIG": str(path)}).timezone == "Asia/Tokyo"


@pytest.mark.parametrize("text", ["brands: [", "- a\n- b\n", "\x00"])
def test_unreadable_file_is_a_problem_told(path: Path, text: str) -> None:
    path.write_text(text)
    settings = read({"RENOM_CONFIG": str(path), "RENOM_DATABASE": "sqlite:///y.db"})
    assert settings.problem
    assert settings.database == "sqlite:///y.db"


def test_missing_file_is_a_problem_told(tmp_path: Path) -> None:
    assert "nowhere.yaml" in read({"RENOM_CONFIG": str(tmp_path / "nowhere.yaml")}).problem


@pytest.mark.parametrize("brands", ["{", "3", "[1]", '[{"role": "own"}]'])
def test_nonsense_brands_are_no_brands(brands: str, path: Path) -> None:
    env = {"RENOM_CONFIG": str(path), "RENOM_BRANDS": brands}
    assert [brand.name for brand in read(env).brands] == ["Lumea", "Rivale"]


def test_server_listens_here_only_and_tells_nobody() -> None:
    flags = streamlit_flags(port=1234, headless=True)
    assert "--server.address=127.0.0.1" in flags
    assert "--browser.gatherUsageStats=false" in flags
    assert "--runner.postScriptGC=false" in flags
    assert not any("http" in flag for flag in flags)
