"""Settings: what the dashboard is told by the configuration file and the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dashboard.launch import script, streamlit_flags
from renom import config as configuration
from renom.errors import ConfigError

__all__ = ["Settings", "Watched", "own_first", "read", "script", "streamlit_flags"]

LANGUAGES = ("en", "fr")


@dataclass(frozen=True, slots=True)
class Watched:
    """A brand of the panel, as pages need it."""

    name: str
    role: str = "own"


@dataclass(frozen=True, slots=True)
class Settings:
    """What pages must know before they ask storage.

    ``language`` is None when the environment imposes none: the browser's then counts, and where
    that is neither French nor English ``usual_language`` of the configuration; ``brands`` is
    empty when no configuration names any (storage then says which it has); ``problem`` is a
    reader's sentence about a configuration that cannot be read; ``notice`` is a banner.
    """

    database: str
    timezone: str = "UTC"
    language: str | None = None
    usual_language: str = "en"
    brands: tuple[Watched, ...] = ()
    notice: str = ""
    problem: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the people who read."""
        return ZoneInfo(self.timezone)


def read(env: Mapping[str, str] | None = None) -> Settings:
    """Return the settings: the file named by ``RENOM_CONFIG`` under the environment.

    ``RENOM_DATABASE``, ``RENOM_BRANDS`` (a JSON list of ``{"name", "role"}``),
    ``RENOM_TIMEZONE``, ``RENOM_DASHBOARD_LANGUAGE`` and ``RENOM_DEMO_NOTICE`` outrank the file.
    A file that cannot be read never stops the dashboard: ``problem`` says so.
    """
    env = os.environ if env is None else env
    settings = _from_file(env)
    brands = _brands(env.get("RENOM_BRANDS", ""))
    language = env.get("RENOM_DASHBOARD_LANGUAGE", "")[:2].lower()
    return replace(
        settings,
        database=env.get("RENOM_DATABASE") or settings.database,
        timezone=_zone(env.get("RENOM_TIMEZONE", "")) or settings.timezone,
        language=language if language in LANGUAGES else settings.language,
        brands=brands or settings.brands,
        notice=env.get("RENOM_DEMO_NOTICE", ""),
    )


def own_first(brands: Sequence[Watched]) -> tuple[Watched, ...]:
    """Return the brands, our own before the others, otherwise in the order given."""
    return tuple(sorted(brands, key=lambda brand: brand.role != "own"))


def _from_file(env: Mapping[str, str]) -> Settings:
    default = Settings(database=configuration.DEFAULT_DATABASE)
    path = configuration.find(env=env)
    if path is None:
        return default
    try:
        state = path.stat()
    except OSError as error:
        return replace(default, problem=f"{path}: {error.strerror}")
    return _parsed(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _parsed(path: Path, changed: int, size: int) -> Settings:
    """Read the file once for as long as it stays the same: reading costs more than a page."""
    try:
        config, _ = configuration.load(path)
    except ConfigError as error:
        return Settings(database=configuration.DEFAULT_DATABASE, problem=error.message)
    return Settings(
        database=config.database,
        timezone=_zone(config.timezone) or "UTC",
        usual_language=config.language if config.language in LANGUAGES else "en",
        brands=own_first([Watched(brand.name, brand.role) for brand in config.brands]),
    )


def _brands(text: str) -> tuple[Watched, ...]:
    try:
        rows = json.loads(text) if text else []
    except json.JSONDecodeError:
        return ()
    if not isinstance(rows, list):
        return ()
    return own_first(
        [
            Watched(str(row["name"]), str(row.get("role") or "own"))
            for row in rows
            if isinstance(row, dict) and row.get("name")
        ]
    )


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError):
        return ""
