"""Bring URLs to one form, and show them without what they may keep secret."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

LONGEST = 2000
"""Longer addresses are not kept: no browser bar shows them and no index likes them."""

TRACKING = re.compile(
    r"""utm_\w+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|li_fat_id
    |mc_[ce]id|igsh(id)?|ref_src|ref_url|cmpid|xtor|xtref|at_\w+|wt[._]\w+|s_cid|icid|ncid
    |mkt_tok|_hsenc|_hsmi|hsctatracking|vero_(id|conv)|oly_(anon|enc)_id|__twitter_impression
    |guccounter|guce_referrer\w*|spm|srsltid|_ga|_gl|ns_\w+|amp_js_v|usqp""",
    re.VERBOSE | re.IGNORECASE,
)
"""Query parameters that say where a click came from, not what is asked for."""

_SECRET_NAME = re.compile(
    r"key|token|auth|sig|secret|pass|pwd|credential|session|sid$|code$|jwt|hash|user", re.IGNORECASE
)
_SECRET_SEGMENT = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[A-Za-z0-9_=+-]{20,}")
_WORDS = re.compile(r"[a-zà-ÿ]{2,}(?:[-_][a-zà-ÿ0-9]+)+|[0-9]+(?:[-_][a-zà-ÿ0-9]+)+", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS = {"http": 80, "https": 443}


def canonical_url(url: str, base: str = "") -> str | None:
    """Return the one form of ``url``, absolute against ``base``, or None when it is no web page.

    In order: absolute; scheme and host lower-case, IDNA; default port, user info and fragment
    (not ``#!``) dropped; dot segments resolved; tracking parameters removed, the rest sorted; no
    trailing slash except on the root. http and https, ``www.`` and bare host stay different.
    """
    return _canonical(url.strip()[: LONGEST * 2], base)


@lru_cache(maxsize=4096)
def _canonical(url: str, base: str) -> str | None:
    try:
        parts = urlsplit(urljoin(base, url) if base else url)
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    host = _ascii_host(parts.hostname or "")
    if scheme not in _PORTS or host is None:
        return None
    netloc = host if port in (None, _PORTS[scheme]) else f"{host}:{port}"
    path = _escaped(_resolve_dots(parts.path), "/:@!$&'()*+,;=~")
    fragment = _escaped(parts.fragment, "/:@!$&'()*+,;=~?") if parts.fragment[:1] == "!" else ""
    whole = urlunsplit((scheme, netloc, path, _kept_query(parts.query), fragment))
    return whole if len(whole) <= LONGEST else None


def _ascii_host(host: str) -> str | None:
    host = host.lower().rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    elif not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    return host if _HOST.fullmatch(host) else None


def _resolve_dots(path: str) -> str:
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if len(kept) > 1:
                kept.pop()
        elif part != ".":
            kept.append(part)
    joined = "/".join(kept)
    if not joined.startswith("/"):
        joined = f"/{joined}"
    return joined.rstrip("/") or "/"


def _escaped(text: str, safe: str) -> str:
    def normal(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    return quote(_ESCAPE.sub(normal, text), safe=f"{safe}%", errors="replace")


def _kept_query(query: str) -> str:
    pairs = [pair for pair in query.split("&") if pair]
    kept = [pair for pair in pairs if not TRACKING.fullmatch(unquote(pair.split("=", 1)[0]))]
    return "&".join(sorted(_escaped(pair, "/:@!$'()*+,;=~?") for pair in kept))


def host_of(url: str) -> str:
    """Return the lower-case host name of ``url``, "" when it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_web(url: str) -> bool:
    """Tell whether ``url`` is an http(s) address with a host that can be one."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return False
    return parts.scheme.lower() in _PORTS and _ascii_host(parts.hostname or "") is not None


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port: what a credential is good for."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(scheme)


def shown_url(url: str) -> str:
    """Return ``url`` fit for messages, logs and pages: user info, values of parameters that
    look like credentials and long random path segments replaced by ``…``."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.rsplit("@", 1)[-1]
    except ValueError:
        return "an unreadable address"
    path = "/".join(
        "…" if _SECRET_SEGMENT.fullmatch(part) and not _WORDS.fullmatch(part) else part
        for part in parts.path.split("/")
    )
    pairs = []
    for pair in filter(None, parts.query.split("&")):
        name, _, value = pair.partition("=")
        hide = _SECRET_NAME.search(name) or _SECRET_SEGMENT.fullmatch(value)
        pairs.append(f"{name}=…" if hide and value else pair)
    shown = urlunsplit((parts.scheme, netloc, path, "&".join(pairs), ""))
    return shown if len(shown) <= 300 else f"{shown[:299]}…"
