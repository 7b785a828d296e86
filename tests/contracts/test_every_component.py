"""What every source, enricher, rule and channel must be; a new file is found unasked."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
from pydantic import SecretStr

from renom import registry
from renom.contracts import Batch, Channel, Component, Enricher, Rule, Source
from renom.enrichment import ENRICHMENT_FIELDS

ROOT = Path(__file__).resolve().parents[2]
ALL = [(room, kind) for room in registry.ROOMS for kind in registry.types(room)]
COLUMN = {"sources": "source", "enrichers": "enricher", "rules": "rule", "channels": "channel"}

# Removing or renaming a type breaks people's configurations: this list is the promise.
SHIPPED = {
    "sources": {"files", "rss", "web"},
    "enrichers": {"entities", "language", "stories", "topics", "vader"},
    "rules": {"keyword", "low_rating", "negative_surge", "silent_source", "volume_spike"},
    "channels": {"console", "email", "slack"},
}


def test_shipped_types_are_exactly_these() -> None:
    assert {room: set(registry.types(room)) for room in registry.ROOMS} == SHIPPED


@pytest.fixture(params=ALL, ids=lambda pair: "/".join(pair))
def component(request: pytest.FixtureRequest) -> tuple[str, str, type[Component]]:
    room, kind = request.param
    return room, kind, registry.component_class(room, kind)


def test_class_declares_what_its_room_needs(component: tuple[str, str, type[Component]]) -> None:
    room, _, cls = component
    contract = {"sources": Source, "enrichers": Enricher, "rules": Rule, "channels": Channel}[room]
    assert issubclass(cls, contract)
    assert not inspect.isabstract(cls)
    assert (cls.__doc__ or "").strip(), "say what it does in the class docstring"


def test_module_describes_itself_in_one_line(component: tuple[str, str, type[Component]]) -> None:
    room, kind, _ = component
    description = next(
        c.description for c in registry.listing() if (c.room, c.type) == (room, kind)
    )
    assert 10 < len(description) <= 120


def test_unknown_options_are_refused(component: tuple[str, str, type[Component]]) -> None:
    _, _, cls = component
    assert cls.Options.model_config.get("extra") == "forbid"
    assert cls.Secrets.model_config.get("extra") == "forbid"


def test_secrets_are_secret_and_say_where_to_get_them(
    component: tuple[str, str, type[Component]],
) -> None:
    _, _, cls = component
    for name, field in cls.Secrets.model_fields.items():
        assert "SecretStr" in str(field.annotation), f"{name} must be a SecretStr"
        assert field.description, f"{name} must say where to get it"
    example = (ROOT / ".env.example").read_text("utf-8")
    for variable in registry.secret_variables(cls, cls.type).values():
        assert variable in example, f"{variable} is missing in .env.example"


def test_no_option_looks_like_a_secret(component: tuple[str, str, type[Component]]) -> None:
    _, _, cls = component
    for name in cls.Options.model_fields:
        assert not any(word in name for word in ("password", "token", "secret", "api_key")), name


def test_constructor_stores_and_does_nothing(
    component: tuple[str, str, type[Component]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, cls = component

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a constructor opened something")

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)
    made = cls("name", cls.Options.model_construct(), cls.Secrets.model_construct())
    assert made.name == "name"


def test_readme_table_has_a_row(component: tuple[str, str, type[Component]]) -> None:
    room, kind, _ = component
    rows = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if "|" in line]
    assert any(row.startswith(f"| `{kind}` |") for row in rows), (
        f"add a row `| `{kind}` | ... |` to the README's table of {COLUMN[room]}s"
    )


def test_changelog_names_it(component: tuple[str, str, type[Component]]) -> None:
    _, kind, _ = component
    assert f"`{kind}`" in (ROOT / "CHANGELOG.md").read_text("utf-8"), (
        f"say in CHANGELOG.md that `{kind}` was added"
    )


def test_it_has_tests(component: tuple[str, str, type[Component]]) -> None:
    room, kind, _ = component
    folder = ROOT / "tests" / {"sources": "crawlers", "enrichers": "nlp"}.get(room, "alerts")
    texts = [path.read_text("utf-8") for path in folder.rglob("test_*.py")]
    module = f"{registry.ROOMS[room][0]}.{kind}"
    assert any(module in text for text in texts), f"no test in {folder.name}/ imports {module}"


@pytest.mark.parametrize("kind", registry.types("enrichers"))
def test_enricher_fields_exist(kind: str) -> None:
    cls = registry.component_class("enrichers", kind)
    assert issubclass(cls, Enricher)
    assert cls.assigns, "an enricher assigns something"
    for name in (*cls.assigns, *cls.requires):
        assert name in ENRICHMENT_FIELDS
    assert cls.version


@pytest.mark.parametrize("kind", registry.types("enrichers"))
def test_enricher_keeps_length_on_nothing(kind: str) -> None:
    cls = registry.component_class("enrichers", kind)
    built = cls("name", cls.Options(), cls.Secrets())
    assert isinstance(built, Enricher)
    assert built.enrich([]) == []


def test_importing_the_rooms_loads_no_heavy_library() -> None:
    import subprocess
    import sys

    code = (
        "import sys\n"
        "from renom import registry\n"
        "for room in registry.ROOMS:\n"
        "    for kind in registry.types(room):\n"
        "        registry.component_class(room, kind)\n"
        "heavy = {'spacy', 'scrapy', 'tweepy', 'praw', 'streamlit', 'trafilatura', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_generic_room_names_resolve_inside_the_repository() -> None:
    for name in ("crawlers", "nlp", "storage", "alerts", "dashboard", "renom"):
        module = importlib.import_module(name)
        assert Path(str(module.__file__)).resolve().is_relative_to(ROOT)


def test_only_one_place_catches_everything() -> None:
    packages = ("renom", "crawlers", "nlp", "storage", "alerts", "dashboard")
    broad = [
        f"{path.relative_to(ROOT)}:{number}"
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if line.strip().startswith(("except Exception", "except BaseException", "except:"))
    ]
    assert [place.split(":")[0] for place in broad] == ["renom/schedule.py"], broad


def test_secret_values_do_not_show_in_a_repr() -> None:
    assert "hunter2" not in repr(SecretStr("hunter2"))
    assert Batch().mentions == ()
