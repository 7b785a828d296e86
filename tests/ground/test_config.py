"""The configuration: every problem at once, with its line; secrets from the environment only."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from renom import config as configuration
from renom import registry
from renom.app import load_config
from renom.config import loads
from renom.errors import ConfigError

GOOD = """\
database: sqlite:///x.db
timezone: Europe/Paris
language: fr
retention: 400d
brands:
  - name: Orange
    query: '{Orange} AND (mobile OR forfait) NOT (fruit OR jus)'
    languages: [fr, en]
    handles: {x: orange}
    promises:
      - {name: assistance, aspect: customer_service, claim: "À toute heure"}
  - {name: Free, role: competitor, query: '"Free Mobile" OR freebox'}
sources:
  - {name: presse, type: rss, url: "https://example.org/a.xml", every: 15m}
alerts:
  rules:
    - {name: spike, type: volume_spike, severity: critical}
  channels:
    - {name: screen, type: console}
  route: {channel: screen, group_by: [brand]}
"""


def test_a_good_file_is_read_whole() -> None:
    config, problems = loads(GOOD)
    assert problems == []
    assert [brand.name for brand in config.brands] == ["Orange", "Free"]
    assert config.brands[0].promises[0].claim == "À toute heure"
    assert config.retention == timedelta(days=400)
    assert config.sources[0].every == timedelta(minutes=15)
    assert config.sources[0].options == {"url": "https://example.org/a.xml"}
    assert registry.check(config) == []


def test_every_problem_is_told_at_once_with_its_line() -> None:
    text = """\
databse: sqlite:///x.db
timezone: Europe/Pari
retention: 400
brands:
  - name: Orange
    query: '(orange'
    role: rival
  - {name: orange, query: free}
sources:
  - {name: a, type: rrs, url: "https://example.org/a.xml"}
  - {name: b, type: rss, url: "https://example.org/b.xml", evry: 15m}
  - {name: c, type: rss, every: 15}
alerts:
  rules:
    - {name: spike, type: volume_spike, severity: terrible}
  route: {channel: nobody}
"""
    config, problems = loads(text)
    problems += registry.check(config)
    found = {(p.line, p.where.split("[")[0].split(".")[-1]) for p in problems}
    told = "\n".join(str(p) for p in problems)
    for line in (1, 2, 3, 6, 7, 10, 11, 12, 15, 16):
        assert any(at == line for at, _ in found), f"line {line} missing in:\n{told}"
    assert "did you mean `database`?" in told
    assert "did you mean `every`?" in told or "did you mean `every`" in told
    assert "did you mean `rss`?" in told
    assert "did you mean `Europe/Paris`?" in told
    assert "two brands are named `orange`" in told
    assert "column" in told


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ("password: hunter2", "RENOM_EMAIL_PASSWORD"),
        ("smtp_password: hunter2", "RENOM_EMAIL_SMTP_PASSWORD"),
        ("api_key: hunter2", "RENOM_EMAIL_API_KEY"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(line: str, variable: str) -> None:
    text = f"alerts:\n  channels:\n    - type: email\n      {line}\n"
    _, problems = loads(text)
    told = "\n".join(str(p) for p in problems)
    assert variable in told
    assert "hunter2" not in told
    assert any(p.line == 4 for p in problems)


def test_a_slack_webhook_address_counts_as_a_secret() -> None:
    address = "https://hooks.slack.com/services/" + "T000/B000/XXXX"
    _, problems = loads(f"alerts:\n  channels:\n    - {{type: slack, url: '{address}'}}\n")
    assert any("looks like a secret" in p.message for p in problems)
    assert all(address not in str(p) for p in problems)


def test_a_database_password_belongs_into_the_environment() -> None:
    _, problems = loads("database: postgresql://renom:hunter2@db/renom\n")
    assert "RENOM_DATABASE" in str(problems[0])
    assert "hunter2" not in str(problems[0])


def test_environment_outranks_file_and_argument_outranks_both(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("database: sqlite:///file.db\n", "utf-8")
    env = {"RENOM_DATABASE": "sqlite:///env.db"}
    assert configuration.load(path, env={})[0].database == "sqlite:///file.db"
    assert configuration.load(path, env=env)[0].database == "sqlite:///env.db"
    given, _ = configuration.load(path, env=env, database="sqlite:///cli.db")
    assert given.database == "sqlite:///cli.db"


def test_secrets_come_from_the_dotenv_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "RENOM_SLACK_WEBHOOK_URL=https://127.0.0.1/services/x\n", "utf-8"
    )
    (tmp_path / "config.yaml").write_text(
        "alerts:\n  channels:\n    - {name: s, type: slack}\n  route: {channel: s}\n", "utf-8"
    )
    config = load_config(str(tmp_path / "config.yaml"))
    channel = registry.build(config.channels[0], config)
    assert "services/x" not in repr(channel.secrets)
    assert channel.secrets.webhook_url.get_secret_value().endswith("services/x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("brands: [\n", "not readable as YAML"),
        ("- a\n- b\n", "key: value"),
        ("a: 1\na: 2\n", "not readable as YAML"),
        ("brands: Orange\n", "expected a list"),
        ("brands:\n  - Orange\n", "a brand is written"),
        ("sources:\n  - {name: a}\n", "`type` is missing"),
        ("alerts: {rulez: []}\n", "did you mean `rules`?"),
    ],
)
def test_a_wrong_shape_is_said_in_plain_words(text: str, says: str) -> None:
    try:
        _, problems = loads(text)
        told = "\n".join(str(p) for p in problems)
    except ConfigError as error:
        told = error.message
    assert says in told


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(str(tmp_path / "none.yaml"))
    assert "renom init" in caught.value.hint


def test_steps_of_understanding_are_checked_for_order() -> None:
    config, problems = loads("nlp:\n  - {type: vader}\n  - {type: language}\n")
    assert problems == []
    told = "\n".join(str(p) for p in registry.check(config))
    assert "needs `language`" in told


def test_two_steps_may_not_give_the_same_field() -> None:
    config, _ = loads("nlp:\n  - {type: language}\n  - {name: again, type: language}\n")
    assert "both give `language`" in "\n".join(str(p) for p in registry.check(config))
