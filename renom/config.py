"""Configuration: config.yaml and the environment become a Config, or every problem at once.

``load`` reads the file with its line numbers and checks everything that can be checked without
knowing the components; the registry then checks each component's own options and secrets. Both
hand back problems instead of raising at the first, so that a person mends a file in one go.

Precedence: command line > environment (``RENOM_CONFIG``, ``RENOM_DATABASE``) > file > default.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dotenv import dotenv_values
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from renom.brand import ROLES, Brand, Promise
from renom.contracts import parse_duration
from renom.errors import ConfigError, Problem, QueryError
from renom.query import parse

DEFAULT_PATH = "config.yaml"
DEFAULT_DATABASE = "sqlite:///data/renom.db"

_TOP = {
    "database": "URL of the database",
    "timezone": "zone of the people who read, e.g. Europe/Paris",
    "language": "en or fr: language of the dashboard and of messages",
    "retention": "how long mentions are kept, e.g. 400d",
    "contact": "address or page told to the sites that are crawled",
    "dashboard_url": "where messages send their readers",
    "brands": "the names watched",
    "sources": "where to look",
    "nlp": "steps of understanding, in order",
    "alerts": "rules, channels, route, inhibit",
}
_BRAND_KEYS = (
    "name",
    "role",
    "query",
    "aliases",
    "languages",
    "context",
    "handles",
    "promises",
)
_SECRET_KEY = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|token|api_?key|apikey|access_?key|client_secret|"
    r"webhook_url|bearer)(_|$)",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"(xox[abpr]-[\w-]{8,}|hooks\.slack\.com/services/T|AKIA[0-9A-Z]{12,}|gh[pousr]_\w{20,}|"
    r"://[^/\s:@]+:[^/\s@]+@)"
)
DEFAULT_NLP: tuple[str, ...] = ("language", "vader", "entities", "topics", "stories")


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """One component asked for. ``options`` are raw; ``line`` is where its item starts.

    ``room`` is sources, enrichers, rules or channels; ``lines`` maps an option to its line;
    ``secrets`` names another prefix for its environment variables; ``every`` is only for sources.
    """

    room: str
    type: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: str | None = None
    every: timedelta | None = None
    where: str = ""
    line: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration. Component options are still raw: the registry checks them.

    ``lines`` tells where sections lie that are checked elsewhere (``alerts.route``).
    """

    database: str = DEFAULT_DATABASE
    timezone: str = "UTC"
    language: str = "en"
    retention: timedelta | None = None
    contact: str = ""
    dashboard_url: str = ""
    brands: tuple[Brand, ...] = ()
    sources: tuple[ComponentSpec, ...] = ()
    enrichers: tuple[ComponentSpec, ...] = ()
    rules: tuple[ComponentSpec, ...] = ()
    channels: tuple[ComponentSpec, ...] = ()
    route: Mapping[str, Any] = field(default_factory=dict)
    inhibit: tuple[Mapping[str, Any], ...] = ()
    path: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the people who read."""
        return ZoneInfo(self.timezone)

    @property
    def specs(self) -> tuple[ComponentSpec, ...]:
        """Every component asked for."""
        return self.sources + self.enrichers + self.rules + self.channels


def environment(path: Path | None = None) -> dict[str, str]:
    """Return the process environment over the ``.env`` beside the configuration file."""
    beside = (path.parent if path is not None else Path()) / ".env"
    values = {k: v for k, v in dotenv_values(beside).items() if v is not None}
    return {**values, **os.environ}


def default_config(env: Mapping[str, str] | None = None) -> Config:
    """Return what Renom does without a file: no brand, the default steps of understanding."""
    env = environment() if env is None else env
    return Config(
        database=env.get("RENOM_DATABASE", DEFAULT_DATABASE),
        enrichers=tuple(_default_enrichers()),
        environment=env,
    )


def find(path: str | None = None, env: Mapping[str, str] | None = None) -> Path | None:
    """Return the configuration file meant: argument, ``RENOM_CONFIG``, ``config.yaml`` or None."""
    env = os.environ if env is None else env
    named = path or env.get("RENOM_CONFIG")
    if named:
        return Path(named)
    here = Path(DEFAULT_PATH)
    return here if here.exists() else None


def load(
    path: str | Path,
    *,
    database: str | None = None,
    env: Mapping[str, str] | None = None,
) -> tuple[Config, list[Problem]]:
    """Read a configuration file; return it with every problem found.

    A Config with problems holds what could be read, so that components can still be checked.
    Raises ConfigError only when the file cannot be read as YAML at all.
    """
    path = Path(path)
    env = environment(path) if env is None else env
    tree = _read(path)
    reader = _Reader(env)
    config = reader.config(tree, path=str(path), database=database)
    return config, reader.problems


def loads(
    text: str, *, env: Mapping[str, str] | None = None, path: str = ""
) -> tuple[Config, list[Problem]]:
    """Read a configuration from text, as ``load`` does from a file."""
    reader = _Reader(env if env is not None else {})
    return reader.config(_parse(text, path), path=path, database=None), reader.problems


def _read(path: Path) -> CommentedMap:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(
            f"{path} does not exist", "run `renom init` to write one, or name it with --config"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8: byte {error.start}", "save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return _parse(text, str(path))


def _parse(text: str, path: str) -> CommentedMap:
    yaml = YAML(typ="rt", pure=True)
    yaml.allow_duplicate_keys = False
    try:
        tree = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        what = str(error.problem or error.context or "not YAML").splitlines()[0]
        raise ConfigError(
            [Problem(f"not readable as YAML: {what}", line=mark.line + 1 if mark else None)],
            path=path,
        ) from error
    except YAMLError as error:
        raise ConfigError(
            f"not readable as YAML: {str(error).splitlines()[0]}", path=path
        ) from error
    if tree is None:
        return CommentedMap()
    if not isinstance(tree, CommentedMap):
        raise ConfigError([Problem("the file must hold `key: value` lines", line=1)], path=path)
    return tree


def nearest(word: str, known: Sequence[str]) -> str:
    """Return a hint naming the nearest known word, or the list of known ones."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{close[0]}`?" if close else "known: " + ", ".join(sorted(known))


def plain(node: Any) -> Any:
    """Return a YAML node as plain dicts, lists and scalars."""
    if isinstance(node, Mapping):
        return {str(k): plain(v) for k, v in node.items()}
    if isinstance(node, (list, tuple)):
        return [plain(v) for v in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _default_enrichers() -> Iterator[ComponentSpec]:
    for kind in DEFAULT_NLP:
        yield ComponentSpec(room="enrichers", type=kind, name=kind, where="nlp (default)")


class _Reader:
    """Walks the tree once and notes every problem instead of stopping at the first."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[Problem] = []

    def config(self, tree: CommentedMap, *, path: str, database: str | None) -> Config:
        for key in tree:
            if str(key) not in _TOP:
                self._say(
                    f"unknown key `{key}`", str(key), _line(tree, key), nearest(str(key), [*_TOP])
                )
        self._secrets(tree, "")
        alerts = self._map(tree, "alerts", "alerts")
        for key in alerts:
            if key not in ("rules", "channels", "route", "inhibit"):
                hint = nearest(str(key), ["rules", "channels", "route", "inhibit"])
                self._say(f"unknown key `{key}`", f"alerts.{key}", _line(alerts, key), hint)
        enrichers = tuple(self._components(tree, "nlp", "enrichers", "nlp"))
        config = Config(
            database=database
            or self.env.get("RENOM_DATABASE")
            or self._text(tree, "database", DEFAULT_DATABASE),
            timezone=self._timezone(tree),
            language=self._language(tree),
            retention=self._duration(tree, "retention", "retention"),
            contact=self._text(tree, "contact", ""),
            dashboard_url=self._url(tree, "dashboard_url").rstrip("/"),
            brands=tuple(self._brands(tree)),
            sources=tuple(self._components(tree, "sources", "sources", "sources")),
            enrichers=enrichers if "nlp" in tree else tuple(_default_enrichers()),
            rules=tuple(self._components(alerts, "rules", "rules", "alerts.rules")),
            channels=tuple(self._components(alerts, "channels", "channels", "alerts.channels")),
            route=plain(self._map(alerts, "route", "alerts.route")),
            inhibit=tuple(plain(i) for i in self._list(alerts, "inhibit", "alerts.inhibit")),
            path=path,
            lines={
                f"alerts.{key}": line for key in alerts if (line := _line(alerts, key)) is not None
            },
            environment=self.env,
        )
        self._unique(config)
        self._route_channels(config, alerts)
        return config

    # -- sections

    def _brands(self, tree: CommentedMap) -> Iterator[Brand]:
        for index, node in enumerate(self._list(tree, "brands", "brands")):
            where = f"brands[{index}]"
            if not isinstance(node, CommentedMap):
                self._say(
                    "a brand is written `{name: ..., query: ...}`", where, _line(tree, "brands")
                )
                continue
            for key in node:
                if str(key) not in _BRAND_KEYS:
                    hint = nearest(str(key), _BRAND_KEYS)
                    self._say(f"unknown key `{key}`", f"{where}.{key}", _line(node, key), hint)
            brand = self._brand(node, where)
            if brand is not None:
                yield brand

    def _brand(self, node: CommentedMap, where: str) -> Brand | None:
        name = self._text(node, "name", "", where)
        line = node.lc.line + 1
        if not name.strip():
            self._say("a brand needs a `name`", where, line)
            return None
        role = self._text(node, "role", "own", where)
        if role not in ROLES:
            self._say(
                f"unknown role `{role}`", f"{where}.role", _line(node, "role"), nearest(role, ROLES)
            )
            role = "own"
        query = self._text(node, "query", "", where) or f'"{name}"'
        try:
            parse(query, refuse_negative=True)
        except QueryError as error:
            self._say(
                f"query of {name}, column {error.column}: {error.message}",
                f"{where}.query",
                _line(node, "query"),
                error.hint,
            )
        return Brand(
            name=name,
            query=query,
            role=role,  # type: ignore[arg-type]
            aliases=tuple(self._texts(node, "aliases", where)),
            languages=tuple(self._texts(node, "languages", where)),
            context=tuple(self._texts(node, "context", where)),
            handles={k: str(v) for k, v in plain(self._map(node, "handles", where)).items()},
            promises=tuple(self._promises(node, where)),
        )

    def _promises(self, node: CommentedMap, where: str) -> Iterator[Promise]:
        for index, item in enumerate(self._list(node, "promises", f"{where}.promises")):
            place = f"{where}.promises[{index}]"
            values = plain(item)
            if not isinstance(values, dict) or set(values) != {"name", "aspect", "claim"}:
                self._say(
                    "a promise is written `{name: ..., aspect: ..., claim: ...}`",
                    place,
                    _line(node, "promises"),
                )
                continue
            yield Promise(**{k: str(v) for k, v in values.items()})

    def _components(
        self, tree: Mapping[Any, Any], key: str, room: str, where: str
    ) -> Iterator[ComponentSpec]:
        for index, node in enumerate(self._list(tree, key, where)):
            place = f"{where}[{index}]"
            if not isinstance(node, CommentedMap):
                self._say("a component is written `{type: ..., ...}`", place, _line(tree, key))
                continue
            line = node.lc.line + 1
            kind = self._text(node, "type", "", place)
            if not kind:
                self._say("`type` is missing", place, line)
                continue
            name = self._text(node, "name", kind, place)
            special = {"type", "name", "secrets", *(["every"] if room == "sources" else [])}
            yield ComponentSpec(
                room=room,
                type=kind,
                name=name,
                options={str(k): plain(v) for k, v in node.items() if k not in special},
                secrets=self._text(node, "secrets", "", place) or None,
                every=self._duration(node, "every", place) if room == "sources" else None,
                where=place,
                line=line,
                lines={str(k): _line(node, k) or line for k in node},
            )

    def _unique(self, config: Config) -> None:
        groups: tuple[tuple[str, Sequence[Any]], ...] = (
            ("brand", config.brands),
            ("source", config.sources),
            ("step of understanding", config.enrichers),
            ("rule", config.rules),
            ("channel", config.channels),
        )
        for word, items in groups:
            seen: set[str] = set()
            for item in items:
                if item.name.casefold() in seen:
                    line, where = getattr(item, "line", None), getattr(item, "where", "")
                    self._say(f"two {word}s are named `{item.name}`", where, line)
                seen.add(item.name.casefold())

    def _route_channels(self, config: Config, alerts: Mapping[Any, Any]) -> None:
        known = [spec.name for spec in config.channels]

        def walk(node: Any, where: str) -> None:
            if not isinstance(node, dict):
                return
            channel = node.get("channel")
            if channel is not None and channel not in known:
                hint = nearest(str(channel), known) if known else "no channel is configured"
                self._say(f"unknown channel `{channel}`", where, _line(alerts, "route"), hint)
            for index, child in enumerate(node.get("routes") or ()):
                walk(child, f"{where}.routes[{index}]")

        walk(dict(config.route), "alerts.route")

    def _secrets(self, node: Any, where: str) -> None:
        if isinstance(node, CommentedMap):
            for key, value in node.items():
                place = f"{where}.{key}" if where else str(key)
                if _SECRET_KEY.search(str(key)) and value not in (None, ""):
                    kind = node.get("secrets") or node.get("type") or "NAME"
                    variable = f"RENOM_{str(kind).upper()}_{str(key).upper()}".replace("-", "_")
                    self._say(
                        f"`{key}` looks like a secret and must not stand in this file",
                        place,
                        _line(node, key),
                        f"put it into the environment or .env as {variable}",
                    )
                elif place == "database" and isinstance(value, str) and _SECRET_VALUE.search(value):
                    self._say(
                        "the database URL holds a password",
                        place,
                        _line(node, key),
                        "set RENOM_DATABASE in the environment or .env instead",
                    )
                elif isinstance(value, str) and _SECRET_VALUE.search(value):
                    self._say(
                        "this value looks like a secret and must not stand in this file",
                        place,
                        _line(node, key),
                        "put it into the environment or .env",
                    )
                self._secrets(value, place)
        elif isinstance(node, CommentedSeq):
            for index, value in enumerate(node):
                self._secrets(value, f"{where}[{index}]")

    # -- scalars

    def _timezone(self, tree: CommentedMap) -> str:
        name = self._text(tree, "timezone", "UTC")
        if name not in available_timezones():
            hint = nearest(name, sorted(available_timezones())) if name else "e.g. Europe/Paris"
            hint = hint if hint.startswith("did") else "e.g. Europe/Paris, UTC"
            self._say(f"unknown time zone `{name}`", "timezone", _line(tree, "timezone"), hint)
            return "UTC"
        return name

    def _language(self, tree: CommentedMap) -> str:
        language = self._text(tree, "language", "en")
        if language not in ("en", "fr"):
            self._say(
                f"unknown language `{language}`", "language", _line(tree, "language"), "en or fr"
            )
            return "en"
        return language

    def _url(self, tree: CommentedMap, key: str) -> str:
        url = self._text(tree, key, "")
        if url and not url.startswith(("http://", "https://")):
            self._say(f"not an http(s) address: `{url}`", key, _line(tree, key))
            return ""
        return url

    def _duration(self, tree: Mapping[Any, Any], key: str, where: str) -> timedelta | None:
        value = tree.get(key)
        if value is None:
            return None
        try:
            duration = parse_duration(value)
            if duration <= timedelta(0):
                raise ValueError(f"not a positive duration: {value!r}")
        except (ValueError, OverflowError) as error:
            place = where if where == key else f"{where}.{key}"
            self._say(str(error), place, _line(tree, key))
            return None
        return duration

    def _text(self, tree: Mapping[Any, Any], key: str, default: str, where: str = "") -> str:
        value = tree.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            place = f"{where}.{key}" if where else key
            self._say(f"expected a text, found {type(value).__name__}", place, _line(tree, key))
            return default
        return str(value)

    def _texts(self, tree: Mapping[Any, Any], key: str, where: str) -> list[str]:
        value = tree.get(key)
        items = [value] if isinstance(value, str) else self._list(tree, key, f"{where}.{key}")
        return [str(item) for item in items]

    def _list(self, tree: Mapping[Any, Any], key: str, where: str) -> list[Any]:
        value = tree.get(key)
        if value is None:
            return []
        if not isinstance(value, CommentedSeq):
            self._say("expected a list (lines starting with `- `)", where, _line(tree, key))
            return []
        return list(value)

    def _map(self, tree: Mapping[Any, Any], key: str, where: str) -> CommentedMap:
        value = tree.get(key)
        if value is None:
            return CommentedMap()
        if not isinstance(value, CommentedMap):
            self._say("expected `key: value` lines", where, _line(tree, key))
            return CommentedMap()
        return value

    def _say(self, message: str, where: str, line: int | None, hint: str = "") -> None:
        self.problems.append(Problem(message, where, line, hint))


def _line(tree: Any, key: Any) -> int | None:
    """Return the line of ``key`` in its YAML mapping, counting from 1; None when unknown."""
    try:
        return int(tree.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return None
