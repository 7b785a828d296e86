"""The demo's stage: a folder with a configuration and exports, beside the local web.

What a customer says in private (survey answers, mails) and on a closed network comes as files,
the way teams get it: a CSV export, JSON lines.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ruamel.yaml import YAML

from renom.demo.inbox import Inbox, Slack
from renom.demo.site import Site
from renom.demo.world import DemoText, World, published_at

SURVEY_COLUMNS = ("Identifiant", "Date de réponse", "Note", "Verbatim", "Étape", "Langue")
SLACK_CHANNEL = "C0DEMO12345"
TEAM = "equipe@aubelune.example"


@dataclass(slots=True)
class Stage:
    """Everything the demo runs on. ``config_path`` is a configuration as a user would write it."""

    folder: Path
    world: World
    site: Site
    inbox: Inbox
    slack: Slack
    now: datetime

    @property
    def config_path(self) -> Path:
        """The demo's config.yaml."""
        return self.folder / "config.yaml"

    @property
    def database(self) -> str:
        """The URL of the demo's database."""
        return f"sqlite:///{self.folder / 'renom.db'}"

    def stop(self) -> None:
        """Stop every server."""
        self.site.stop()
        self.inbox.stop()
        self.slack.stop()


def set_up(folder: Path, world: World, *, now: datetime, dashboard_url: str) -> Stage:
    """Start the servers, write the exports and the configuration; return the stage."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("renom.db*"):
        old.unlink()
    inbox = Inbox().start()
    stage = Stage(
        folder=folder,
        world=world,
        site=Site(world, now=now).start(),
        inbox=inbox,
        slack=Slack(inbox).start(),
        now=now,
    )
    exports = folder / "exports"
    exports.mkdir(exist_ok=True)
    _write_survey(exports / "enquete-nps.csv", world.of_kind("survey"), now)
    _write_lines(exports / "boite-client.jsonl", world.of_kind("email"), now)
    _write_lines(exports / "piaf.jsonl", world.at("piaf"), now, site=stage.site)
    _write_config(stage, dashboard_url)
    # Of the stand-in Slack only; a real token would be in the operator's own .env.
    (folder / ".env").write_text("RENOM_SLACK_TOKEN=xoxb-demo\n", "utf-8")
    return stage


def _write_survey(path: Path, texts: tuple[DemoText, ...], now: datetime) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(SURVEY_COLUMNS)
        for text in texts:
            moment = published_at(text, now).isoformat(timespec="seconds")
            writer.writerow([text.id, moment, text.nps, text.text, text.step or "", text.lang])


def _write_lines(
    path: Path, texts: tuple[DemoText, ...], now: datetime, *, site: Site | None = None
) -> None:
    with path.open("w", encoding="utf-8") as file:
        for text in texts:
            row = {
                "id": text.id,
                "title": text.title,
                "text": text.text,
                "author": text.handle if site is not None else text.address,
                "time": published_at(text, now).isoformat(timespec="seconds"),
                "lang": text.lang,
                "kind": text.kind,
                "likes": text.likes,
                "shares": text.shares,
                "followers": text.followers,
                "url": site.url(text) if site is not None else None,
            }
            kept = {key: value for key, value in row.items() if value is not None}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")


def _write_config(stage: Stage, dashboard_url: str) -> None:
    base, exports = stage.site.base, stage.folder / "exports"
    world = stage.world
    press = [o for o in world.outlets.values() if o.kind == "press"]
    read = [o for o in press if o.key in ("meridien", "gazette", "ledger")]
    crawled = [o for o in press if o not in read]
    shops = [o for o in world.outlets.values() if o.kind == "shop"]
    forums = [o for o in world.outlets.values() if o.kind == "forum"]
    commented = [o for o in world.outlets.values() if o.kind in ("press", "forum", "video")]
    local = {"backfill": "62d", "every": "15m"}
    sources: list[dict[str, object]] = [
        {
            "name": outlet.key,
            "type": "rss",
            "url": f"{base}/{outlet.key}/feed.xml",
            "language": outlet.lang,
            **local,
        }
        for outlet in read
    ]
    sources += [
        {
            "name": outlet.key,
            "type": "rss",
            "url": f"{base}/{outlet.key}/feed.json",
            "kind": "post",
            "platform": outlet.key,
            **local,
        }
        for outlet in forums
    ]
    sources.append(
        {
            "name": "commentaires",
            "type": "rss",
            "urls": [f"{base}/{o.key}/comments.xml" for o in commented],
            "kind": "comment",
            "platform": "comments",
            "pace": "10ms",
            **local,
        }
    )
    sources.append(
        {
            "name": "presse-du-web",
            "type": "web",
            "sitemaps": [f"{base}/{o.key}/sitemap.xml" for o in crawled],
            "news_sitemaps": [f"{base}/{o.key}/news-sitemap.xml" for o in crawled],
            "pace": "10ms",
            "max_pages": 400,
            **local,
        }
    )
    sources.append(
        {
            "name": "boutiques",
            "type": "web",
            "start_urls": [f"{base}/{o.key}/" for o in shops],
            "allow": [f"/{o.key}/" for o in shops],
            "platform": "shops",
            "articles": False,
            "pace": "10ms",
            **local,
        }
    )
    sources += [
        {
            "name": "piaf",
            "type": "files",
            "path": str(exports / "piaf.jsonl"),
            "platform": "piaf",
            **local,
        },
        {
            "name": "enquete-nps",
            "type": "files",
            "path": str(exports / "enquete-nps.csv"),
            "platform": "survey",
            "kind": "survey",
            "brand": "Aubelune",
            **local,
        },
        {
            "name": "boite-client",
            "type": "files",
            "path": str(exports / "boite-client.jsonl"),
            "platform": "mail",
            "kind": "email",
            "brand": "Aubelune",
            **local,
        },
    ]
    tree = {
        "database": stage.database,
        "timezone": "Europe/Paris",
        "language": "fr",
        "dashboard_url": dashboard_url,
        "brands": [
            {
                "name": brand.name,
                "role": brand.role,
                "query": brand.query,
                "aliases": list(brand.aliases),
                "languages": list(brand.languages),
                "context": list(brand.context),
                "handles": dict(brand.handles),
                "promises": [
                    {"name": p.name, "aspect": p.aspect, "claim": p.claim} for p in brand.promises
                ],
            }
            for brand in world.brands.values()
        ],
        "sources": sources,
        "alerts": {
            "rules": [
                {"name": "volume", "type": "volume_spike", "severity": "warning"},
                {"name": "negatif", "type": "negative_surge", "severity": "critical"},
                {
                    "name": "mots-a-risque",
                    "type": "keyword",
                    "query": '"double débit" OR prélevé* OR "60 millions" OR "class action" OR '
                    "avocat* OR plainte* OR fraude* OR fraud OR scam OR arnaque*",
                    "severity": "warning",
                },
                {"name": "notes-basses", "type": "low_rating", "severity": "info"},
                {"name": "silence", "type": "silent_source", "severity": "info"},
            ],
            "channels": [
                {
                    "name": "equipe",
                    "type": "email",
                    "host": "127.0.0.1",
                    "port": stage.inbox.port,
                    "security": "none",
                    "sender": "renom@aubelune.example",
                    "to": [TEAM],
                },
                {
                    "name": "crise",
                    "type": "slack",
                    "channel": SLACK_CHANNEL,
                    "base_url": stage.slack.base + "/api/",
                },
            ],
            "route": {
                "channel": "equipe",
                "group_by": ["brand"],
                "group_wait": "0s",
                "repeat_every": "12h",
                "routes": [
                    {"match": {"severity": "critical"}, "channel": "crise", "continue": True}
                ],
            },
        },
    }
    yaml = YAML()
    yaml.allow_unicode = True
    yaml.width = 100
    with stage.config_path.open("w", encoding="utf-8") as file:
        file.write(f"# {world.disclaimer_fr.strip()}\n# {world.disclaimer_en.strip()}\n")
        yaml.dump(tree, file)
