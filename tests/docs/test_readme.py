"""What the README says is true: its configuration loads, its source works, its links lead on."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from renom import registry
from renom.config import loads
from renom.contracts import Source

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
NOW = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_configuration_shown_has_no_problem() -> None:
    [text] = blocks("yaml")
    config, problems = loads(text)
    problems += registry.check(config)
    assert [str(p) for p in problems] == []
    assert [brand.name for brand in config.brands] == ["Orange", "Free"]


def test_the_examples_have_no_problem() -> None:
    for path in (ROOT / "examples").glob("*.yaml"):
        config, problems = loads(path.read_text("utf-8"), path=str(path))
        problems += registry.check(config)
        assert [str(p) for p in problems] == []


def test_the_source_in_one_file_works_as_shown() -> None:
    [text] = blocks("python")
    names: dict[str, object] = {"__name__": "crawlers.guestbook"}
    exec(compile(text, "guestbook.py", "exec"), names)
    cls = names["Guestbook"]
    assert isinstance(cls, type)
    assert issubclass(cls, Source)
    source = cls("book", cls.Options(entries=("Très bon accueil", "Fermé à midi")))
    [first] = source.fetch(None, now=NOW)
    assert [m.text for m in first.mentions] == ["Très bon accueil", "Fermé à midi"]
    [second] = source.fetch(first.cursor, now=NOW)
    assert second.mentions == ()


def test_every_link_to_a_file_leads_to_one() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 160


def test_every_secret_of_the_example_file_is_asked_for_by_something() -> None:
    known = {"RENOM_DATABASE"}
    for room in registry.ROOMS:
        for kind in registry.types(room):
            cls = registry.component_class(room, kind)
            known |= set(registry.secret_variables(cls, kind).values())
    example = (ROOT / ".env.example").read_text("utf-8")
    assert set(re.findall(r"RENOM_[A-Z_]+", example)) <= known
