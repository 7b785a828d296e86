"""Route: which channel an alert goes to, with whom it is grouped, how often it is repeated.

The tree is Alertmanager's: the first child that matches takes the alert, a child inherits what it
does not say. A child with ``continue: true`` lets the alert also go on to the children after it
and, when none of them takes it, to the route around them. ``match`` compares ``severity``,
``rule``, ``kind`` (the rule's type) and labels (``brand``, ``source``) with one value or several.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from renom.alert import SEVERITIES, Alert
from renom.contracts import Duration
from renom.errors import ConfigError, Problem

Matchers = Mapping[str, tuple[str, ...]]

_WORDS = ("severity", "rule", "kind")


def value_of(alert: Alert, name: str) -> str:
    """Return what ``name`` is for the alert: severity, rule, kind or a label; "" if unknown."""
    if name in _WORDS:
        return str(getattr(alert, name))
    return alert.labels.get(name, "")


def matches(alert: Alert, matchers: Matchers) -> bool:
    """Say whether the alert has, for every name, one of the values."""
    return all(value_of(alert, name) in values for name, values in matchers.items())


@dataclass(frozen=True, slots=True)
class Route:
    """One node of the tree, everything inherited filled in.

    ``path`` tells it from the others and stays the same while its matchers and those above do.
    """

    channel: str
    match: Matchers = field(default_factory=dict)
    group_by: tuple[str, ...] = ("brand",)
    group_wait: timedelta = timedelta(seconds=30)
    group_interval: timedelta = timedelta(minutes=5)
    repeat_every: timedelta = timedelta(hours=12)
    language: str | None = None
    routes: tuple[Route, ...] = ()
    goes_on: bool = False
    path: str = "{}"

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Route:
        """Read a plain mapping. Raises ConfigError with every problem, in plain words."""
        try:
            options = RouteOptions.model_validate(mapping)
        except ValidationError as error:
            raise ConfigError([_problem(dict(detail)) for detail in error.errors()]) from error
        if options.channel is None:
            raise ConfigError([Problem("`channel` is missing", hint="name a channel to tell")])
        if options.match:
            raise ConfigError(
                [Problem("the outermost route takes everything: move `match` into `routes`")]
            )
        return options.build(None)

    def takers(self, alert: Alert) -> tuple[Route, ...]:
        """Return the nodes that take the alert, depth first; usually one."""
        taken: list[Route] = []
        for child in self.routes:
            if matches(alert, child.match):
                taken += child.takers(alert)
                if not child.goes_on:
                    return tuple(taken)
        return (*taken, self)

    def group_of(self, alert: Alert) -> str:
        """Return the name of the alert's group under this node."""
        labels = {name: value_of(alert, name) for name in self.group_by}
        return f"{self.path}:{json.dumps(labels, sort_keys=True, ensure_ascii=False)}"

    def channels(self) -> tuple[str, ...]:
        """Return every channel that the tree names, this node's first."""
        names = [self.channel]
        for child in self.routes:
            names += child.channels()
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert matches ``when``, those that match ``mute`` are withheld.

    Only where both have the same value for every name in ``equal``.
    """

    when: Matchers
    mute: Matchers
    equal: tuple[str, ...] = ("brand",)

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> Inhibition:
        """Read a plain mapping with ``when``, ``mute`` and ``equal``. Raises ConfigError."""
        try:
            options = InhibitionOptions.model_validate(mapping)
        except ValidationError as error:
            raise ConfigError([_problem(dict(detail)) for detail in error.errors()]) from error
        return cls(options.when, options.mute, options.equal)

    def mutes(self, source: Alert, target: Alert) -> bool:
        """Say whether ``source`` withholds ``target``; an alert never withholds itself."""
        return (
            source.fingerprint != target.fingerprint
            and matches(source, self.when)
            and matches(target, self.mute)
            and all(value_of(source, name) == value_of(target, name) for name in self.equal)
        )


_SURGES = ("volume_spike", "negative_surge")

DEFAULT_INHIBITIONS: tuple[Inhibition, ...] = (
    Inhibition(
        {"kind": _SURGES, "severity": ("critical",)},
        {"kind": _SURGES, "severity": ("info", "warning")},
    ),
)
"""A critical spike or surge mutes a lesser one of the same brand."""


def _tuples(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("must be written as names and values, like {severity: critical}")
    found = {}
    for name, wanted in value.items():
        several = isinstance(wanted, Sequence) and not isinstance(wanted, str)
        values = tuple(str(one) for one in (wanted if several else [wanted]))
        if name == "severity":
            wrong = [one for one in values if one not in SEVERITIES]
            if wrong:
                raise ValueError(f"unknown severity `{wrong[0]}`; one of {', '.join(SEVERITIES)}")
        found[str(name)] = values
    return found


class RouteOptions(BaseModel):
    """A route as configuration writes it; what is left out is inherited."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: str | None = None
    match: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    group_by: tuple[str, ...] | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_every: Duration | None = None
    language: Literal["en", "fr"] | None = None
    routes: tuple[RouteOptions, ...] = ()
    goes_on: bool = Field(default=False, alias="continue")

    @field_validator("match", mode="before")
    @classmethod
    def _match(cls, value: Any) -> Any:
        return _tuples(value)

    def build(self, parent: Route | None) -> Route:
        """Return the node with what it inherits, and its children."""
        above = parent or Route(channel=self.channel or "")
        path = "{}"
        if parent is not None:
            own = {name: sorted(values) for name, values in self.match.items()}
            path = f"{above.path}/{json.dumps(own, sort_keys=True, ensure_ascii=False)}"
        node = Route(
            channel=self.channel or above.channel,
            match=self.match,
            group_by=above.group_by if self.group_by is None else self.group_by,
            group_wait=above.group_wait if self.group_wait is None else self.group_wait,
            group_interval=(
                above.group_interval if self.group_interval is None else self.group_interval
            ),
            repeat_every=above.repeat_every if self.repeat_every is None else self.repeat_every,
            language=self.language or above.language,
            goes_on=self.goes_on,
            path=path,
        )
        return replace(node, routes=tuple(child.build(node) for child in self.routes))


class InhibitionOptions(BaseModel):
    """An inhibition as configuration writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: dict[str, tuple[str, ...]]
    mute: dict[str, tuple[str, ...]]
    equal: tuple[str, ...] = ("brand",)

    @field_validator("when", "mute", mode="before")
    @classmethod
    def _match(cls, value: Any) -> Any:
        return _tuples(value)


def _problem(detail: dict[str, Any]) -> Problem:
    where = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return Problem(f"unknown key `{detail['loc'][-1]}`", where)
    if detail["type"] == "missing":
        return Problem(f"`{detail['loc'][-1]}` is missing", where)
    return Problem(str(detail["msg"]).removeprefix("Value error, "), where)
