"""Registry: find a component by (type, name, options), check it, build it.

A room is a package; every module in it that does not start with ``_`` is a component, its file
name is the type. Only the module asked for is imported.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from renom.brand import Brand
from renom.config import ComponentSpec, Config, nearest
from renom.contracts import Channel, Component, Enricher, Rule, Source
from renom.errors import ConfigError, Problem

ROOMS: Mapping[str, tuple[str, type[Component]]] = {
    "sources": ("crawlers", Source),
    "enrichers": ("nlp", Enricher),
    "rules": ("alerts.rules", Rule),
    "channels": ("alerts.channels", Channel),
}


@dataclass(frozen=True, slots=True)
class ComponentInfo:
    """A component as ``renom components`` lists it, with its module docstring's first line."""

    room: str
    type: str
    description: str


def types(room: str) -> tuple[str, ...]:
    """Return the types a room knows, sorted, without importing them."""
    package, _ = ROOMS[room]
    path = importlib.import_module(package).__path__
    return tuple(
        sorted(
            module.name
            for module in pkgutil.iter_modules(path)
            if not module.name.startswith("_") and not module.ispkg
        )
    )


def listing() -> tuple[ComponentInfo, ...]:
    """Return every component of every room, read from the files without importing them."""
    found = []
    for room, (package, _) in ROOMS.items():
        for kind in types(room):
            spec = importlib.util.find_spec(f"{package}.{kind}")
            doc = ""
            if spec is not None and spec.origin:
                tree = ast.parse(Path(spec.origin).read_text("utf-8"))
                doc = (ast.get_docstring(tree) or "").split("\n")[0]
            found.append(ComponentInfo(room, kind, doc))
    return tuple(found)


def component_class(room: str, kind: str) -> type[Component]:
    """Import one component's class.

    Raises ConfigError for an unknown type (listing the known ones) and for a file that does not
    define exactly one public subclass of its room's contract.
    """
    package, contract = ROOMS[room]
    known = types(room)
    if kind not in known:
        raise ConfigError([Problem(f"unknown type `{kind}`", hint=nearest(kind, known))])
    module = importlib.import_module(f"{package}.{kind}")
    classes = [
        value
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, contract)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    ]
    if len(classes) != 1:
        names = ", ".join(c.__name__ for c in classes) or "none"
        raise ConfigError(
            f"{package}/{kind}.py must define exactly one {contract.__name__}, found {names}"
        )
    classes[0].type = kind
    return classes[0]


def secret_variables(cls: type[Component], prefix: str) -> dict[str, str]:
    """Return the environment variable of each secret field: ``RENOM_<PREFIX>_<FIELD>``."""
    stem = prefix.upper().replace("-", "_").replace(".", "_")
    return {name: f"RENOM_{stem}_{name.upper()}" for name in cls.Secrets.model_fields}


def check(config: Config) -> list[Problem]:
    """Return every problem in the components' options, secrets and order, with their lines."""
    problems: list[Problem] = []
    for spec in config.specs:
        problems += _problems_of(spec, config)
    if not problems:
        problems += _order_problems(config.enrichers)
    return problems


def build(spec: ComponentSpec, config: Config) -> Component:
    """Build one component from its specification. Raises ConfigError with every problem of it."""
    problems = _problems_of(spec, config)
    if problems:
        raise ConfigError(problems, path=config.path)
    cls = component_class(spec.room, spec.type)
    return cls(
        spec.name,
        cls.Options(**{**_inherited(cls, config), **spec.options}),
        _secrets(cls, spec, config.environment),
        brands=config.brands,
    )


def _inherited(cls: type[Component], config: Config) -> dict[str, Any]:
    """Return what options take from the whole configuration where the item does not say."""
    shared = {"contact": config.contact, "timezone": config.timezone}
    return {
        name: value for name, value in shared.items() if value and name in cls.Options.model_fields
    }


def build_all(specs: Iterable[ComponentSpec], config: Config) -> list[Any]:
    """Build components of one room, in the order of ``specs``."""
    return [build(spec, config) for spec in specs]


def adhoc(
    room: str,
    kind: str,
    options: Mapping[str, Any],
    *,
    name: str = "",
    brands: Sequence[Brand] = (),
    environment: Mapping[str, str] | None = None,
) -> Component:
    """Build a component that no configuration names, for the ad-hoc crawl."""
    spec = ComponentSpec(room=room, type=kind, name=name or kind, options=dict(options))
    return build(spec, Config(brands=tuple(brands), environment=environment or {}))


def _secrets(cls: type[Component], spec: ComponentSpec, env: Mapping[str, str]) -> BaseModel:
    variables = secret_variables(cls, spec.secrets or spec.type)
    values = {name: SecretStr(env[var]) for name, var in variables.items() if env.get(var)}
    return cls.Secrets.model_validate(values)


def _problems_of(spec: ComponentSpec, config: Config) -> list[Problem]:
    try:
        cls = component_class(spec.room, spec.type)
    except ConfigError as error:
        return [
            Problem(p.message, f"{spec.where}.type", spec.lines.get("type", spec.line), p.hint)
            for p in error.problems
        ]
    problems = []
    try:
        cls.Options(**spec.options)
    except ValidationError as error:
        problems += [_option_problem(cls, spec, dict(detail)) for detail in error.errors()]
    try:
        _secrets(cls, spec, config.environment)
    except ValidationError as error:
        variables = secret_variables(cls, spec.secrets or spec.type)
        for detail in error.errors():
            field = str(detail["loc"][0]) if detail["loc"] else ""
            described = cls.Secrets.model_fields.get(field)
            hint = (described.description if described else "") or "set it in .env"
            if detail["type"] == "missing":
                text = (
                    f"{spec.type} `{spec.name}` needs the environment variable {variables[field]}"
                )
            else:
                # never detail["msg"]: it may quote the value
                text = f"the environment variable {variables.get(field, field)} is not usable"
            problems.append(Problem(text, spec.where, spec.line, hint))
    return problems


def _option_problem(cls: type[Component], spec: ComponentSpec, detail: dict[str, Any]) -> Problem:
    path = [str(part) for part in detail["loc"]]
    top = path[0] if path else ""
    where = ".".join([spec.where, *path]) if spec.where else ".".join(path)
    line = spec.lines.get(top, spec.line)
    if detail["type"] == "extra_forbidden":
        known = [*cls.Options.model_fields, "name", "type", "secrets"]
        known += ["every"] if spec.room == "sources" else []
        return Problem(f"unknown option `{path[-1]}`", where, line, nearest(path[-1], known))
    if detail["type"] == "missing":
        return Problem(f"`{'.'.join(path)}` is missing", where, line)
    message = str(detail["msg"]).removeprefix("Value error, ")
    return Problem(message, where, line)


def _order_problems(specs: Sequence[ComponentSpec]) -> list[Problem]:
    """Say which step needs a field that nothing before it assigns, or assigns one twice."""
    problems = []
    assigned: dict[str, str] = {}
    for spec in specs:
        cls = component_class("enrichers", spec.type)
        assert issubclass(cls, Enricher)
        for name in cls.requires:
            if name not in assigned:
                problems.append(
                    Problem(
                        f"`{spec.name}` needs `{name}`, which no step before it gives",
                        spec.where,
                        spec.line,
                        f"put a step that gives `{name}` before it",
                    )
                )
        for name in cls.assigns:
            if name in assigned:
                problems.append(
                    Problem(
                        f"`{spec.name}` and `{assigned[name]}` both give `{name}`",
                        spec.where,
                        spec.line,
                        "keep one of them",
                    )
                )
            assigned[name] = spec.name
    return problems
