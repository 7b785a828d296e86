"""What a crawl is asked to do, as it travels to the child process: a plan, plain JSON."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crawlers._urls import canonical_url


@dataclass(frozen=True)
class Plan:
    """One crawl.

    ``floor`` is the oldest publication wanted, ``cutoff`` the oldest sitemap date looked at.
    ``seen`` maps the key of a settled page to the sitemap date (minutes since 1970, 0 unknown)
    under which it was read; ``visits`` maps the URL of a page or sitemap that is read again each
    run to its validators; ``tries`` counts failures in earlier runs; ``complete`` says that an
    earlier run saw everything there was.
    """

    now: datetime
    floor: datetime
    cutoff: datetime
    start_urls: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    depth: int = 1
    max_pages: int = 200
    articles: bool = True
    reviews: bool = True
    kind: str = "article"
    language: str | None = None
    complete: bool = False
    seen: Mapping[str, int] = field(default_factory=dict)
    visits: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)
    reviews_seen: frozenset[str] = frozenset()
    max_tries: int = 3
    read_limit: float = 20.0
    pace: float = 1.0
    timeout: float = 30.0
    max_bytes: int = 8 * 2**20
    allow_private: bool = False
    own: tuple[str, ...] = ()
    user_agent: str = "Renom"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        """Build a plan from what :meth:`to_json` gave."""
        known = dict(data)
        for name in ("now", "floor", "cutoff"):
            known[name] = datetime.fromisoformat(known[name])
        for name in ("start_urls", "sitemaps", "allow", "deny", "follow", "own"):
            known[name] = tuple(known[name])
        known["reviews_seen"] = frozenset(known["reviews_seen"])
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as JSON-able values."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("now", "floor", "cutoff"):
            data[name] = data[name].isoformat()
        data["reviews_seen"] = sorted(self.reviews_seen)
        return data

    def allows(self, url: str) -> bool:
        """Say whether a page may be fetched: one of ``allow`` if any is given, none of ``deny``."""
        return (not self.allow or _any(self.allow, url)) and not _any(self.deny, url)

    def follows(self, url: str) -> bool:
        """Say whether a link leads to a page worth reading."""
        return _any(self.follow, url)


def _any(patterns: Sequence[str], url: str) -> bool:
    return any(matches(pattern, url) for pattern in patterns)


def matches(pattern: str, url: str) -> bool:
    """Say whether ``pattern`` is a part of ``url``; ``*`` stands for anything.

    Parts are searched in order, so the time stays linear however hostile the URL.
    """
    place = 0
    for part in pattern.split("*"):
        place = url.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


def page_key(url: str) -> str:
    """Return eight characters that stand for a URL in the cursor, the same for its variants."""
    form = canonical_url(url) or url
    digest = hashlib.sha256(form.encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest[:6]).decode("ascii")
