"""Write a config.yaml to start from."""

from __future__ import annotations

import json as jsonlib
import os
import re
from pathlib import Path
from typing import Annotated

import typer

from renom.commands._output import err, out, safe
from renom.commands._session import session
from renom.config import DEFAULT_PATH, loads
from renom.errors import ConfigError
from renom.query import parse

ENV_EXAMPLE = """\
# Secrets of Renom. This file stays on this machine; never commit it.
# RENOM_EMAIL_USER=
# RENOM_EMAIL_PASSWORD=
# RENOM_SLACK_WEBHOOK_URL=
"""


def command(
    brand: Annotated[str | None, typer.Option(help="Your brand.")] = None,
    competitor: Annotated[list[str] | None, typer.Option(help="A competitor; repeatable.")] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Languages of the mentions: fr, en.")
    ] = None,
    feed: Annotated[list[str] | None, typer.Option(help="Address of an RSS feed.")] = None,
    site: Annotated[list[str] | None, typer.Option(help="Address of a site to crawl.")] = None,
    email: Annotated[str | None, typer.Option(help="Who gets the alerts.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Ask for a brand, competitors and sources, and write a config.yaml that works."""
    path = Path(session.config or DEFAULT_PATH)
    if path.exists() and not force:
        raise ConfigError(f"{path} exists already", "use --force to overwrite it")
    ask = not yes and os.isatty(0)
    brand = brand or (typer.prompt("Your brand") if ask else None)
    if not brand:
        raise ConfigError("a brand is needed", "renom init --brand Acme --competitor Globex")
    rivals = competitor or (_asked("Competitors, comma separated (may be empty)") if ask else [])
    languages = language or (_asked("Languages of the mentions", "fr,en") if ask else ["fr", "en"])
    feeds = feed or (_asked("RSS feeds, comma separated (may be empty)") if ask else [])
    sites = site or (_asked("Sites to crawl, comma separated (may be empty)") if ask else [])
    email = email or (typer.prompt("E-mail for alerts (may be empty)", default="") if ask else "")
    text = written(brand, rivals, languages, feeds, sites, email or "")
    _, problems = loads(text, path=str(path))
    if problems:
        raise ConfigError(problems, path=str(path))
    path.write_text(text, "utf-8")
    env = path.parent / ".env"
    if not env.exists():
        env.write_text(ENV_EXAMPLE, "utf-8")
        env.chmod(0o600)
    out.print(safe(f"wrote {path}"))
    if not feeds and not sites:
        err.print("no source yet: add one under `sources:`, or import a file with `renom import`")
    out.print("next: renom check, renom collect --enrich, renom dashboard")


def _asked(question: str, default: str = "") -> list[str]:
    answer = typer.prompt(question, default=default, show_default=bool(default))
    return [part.strip() for part in str(answer).split(",") if part.strip()]


def written(
    brand: str,
    competitors: list[str],
    languages: list[str],
    feeds: list[str],
    sites: list[str],
    email: str,
) -> str:
    """Return the text of a config.yaml for these answers."""
    quote = jsonlib.dumps
    tongues = "[" + ", ".join(languages) + "]"
    lines = [
        "# What to watch, how often, whom to tell. Secrets go into .env, never here.",
        "# `renom check` says everything that is wrong with this file, with its line.",
        "database: sqlite:///data/renom.db",
        "timezone: Europe/Paris",
        f"language: {'fr' if languages and languages[0] == 'fr' else 'en'}",
        "retention: 400d",
        "",
        "brands:",
    ]
    for name in [brand, *competitors]:
        role = "own" if name == brand else "competitor"
        lines += [
            f"  - name: {quote(name, ensure_ascii=False)}",
            f"    role: {role}",
            f"    query: {quote(proposed_query(name), ensure_ascii=False)}",
            f"    languages: {tongues}",
        ]
    lines += ["", "sources:" if feeds or sites else "sources: []"]
    for index, url in enumerate(feeds):
        lines += [f"  - {{name: {_name(url, index)}, type: rss, url: {quote(url)}, every: 15m}}"]
    for index, url in enumerate(sites):
        lines += [
            f"  - {{name: {_name(url, index)}-site, type: web, "
            f"start_urls: [{quote(url)}], every: 6h}}"
        ]
    lines += [
        "",
        "alerts:",
        "  rules:",
        "    - {name: volume, type: volume_spike, severity: warning}",
        "    - {name: negative, type: negative_surge, severity: critical}",
        "    - {name: low-ratings, type: low_rating, severity: info}",
        "    - {name: silent, type: silent_source, severity: info}",
        "  channels:",
        "    - {name: console, type: console}",
    ]
    if email:
        lines += [
            f"    - {{name: team, type: email, host: localhost, to: [{quote(email)}], "
            f"sender: {quote('renom@localhost')}}}"
        ]
    lines += [
        f"  route: {{channel: {'team' if email else 'console'}, group_by: [brand], "
        "group_wait: 2m, repeat_every: 12h}",
        "",
    ]
    return "\n".join(lines)


def proposed_query(name: str) -> str:
    """Return a query that finds a name as words, hashtag and handle: ``"Acme Air" OR #acmeair``."""
    joined = re.sub(r"\W+", "", name)
    first = f'"{name}"' if not name.isalnum() else name
    query = f"{first} OR #{joined} OR @{joined}" if joined else first
    parse(query)
    return query


def _name(url: str, index: int) -> str:
    host = re.sub(r"^https?://(www\.)?", "", url).split("/")[0]
    return re.sub(r"[^a-z0-9]+", "-", host.lower()).strip("-") + (f"-{index + 1}" if index else "")
