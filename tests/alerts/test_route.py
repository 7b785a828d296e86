"""Routing: first match, inheritance, groups, and configuration mistakes in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.route import DEFAULT_INHIBITIONS, Inhibition, Route
from renom.alert import Alert
from renom.errors import ConfigError

AlertOf = Callable[..., Alert]

TREE = {
    "channel": "team",
    "group_by": ["brand"],
    "group_wait": "2m",
    "repeat_every": "12h",
    "language": "fr",
    "routes": [
        {"match": {"severity": ["critical"]}, "channel": "crisis", "repeat_every": "1h"},
        {
            "match": {"kind": ["volume_spike", "negative_surge"]},
            "routes": [{"match": {"brand": "Norda"}, "channel": "rivals"}],
        },
    ],
}


def channels(route: Route, alert: Alert) -> list[str]:
    return [taker.channel for taker in route.takers(alert)]


def test_first_match_takes_the_alert(alert_of: AlertOf) -> None:
    route = Route.parse(TREE)
    assert channels(route, alert_of(severity="critical")) == ["crisis"]
    assert channels(route, alert_of("Norda")) == ["rivals"]
    assert channels(route, alert_of("Norda", severity="critical")) == ["crisis"]
    assert channels(route, alert_of(kind="keyword")) == ["team"]
    assert channels(route, alert_of()) == ["team"]


def test_children_inherit_what_they_do_not_say(alert_of: AlertOf) -> None:
    (crisis,) = Route.parse(TREE).takers(alert_of(severity="critical"))
    assert crisis.group_wait == timedelta(minutes=2)
    assert crisis.repeat_every == timedelta(hours=1)
    assert crisis.group_by == ("brand",)
    assert crisis.language == "fr"


def test_continue_also_tells_those_after_it(alert_of: AlertOf) -> None:
    route = Route.parse(
        {
            "channel": "team",
            "routes": [
                {"match": {"severity": "critical"}, "channel": "crisis", "continue": True},
                {"match": {"brand": "Norda"}, "channel": "rivals"},
            ],
        }
    )
    assert channels(route, alert_of(severity="critical")) == ["crisis", "team"]
    assert channels(route, alert_of("Norda", severity="critical")) == ["crisis", "rivals"]


def test_groups_follow_group_by(alert_of: AlertOf) -> None:
    route = Route.parse({"channel": "team", "group_by": ["brand", "severity"]})
    one, same = alert_of(rule="a"), alert_of(rule="b")
    assert route.group_of(one) == route.group_of(same)
    assert route.group_of(one) != route.group_of(alert_of("Norda"))
    assert route.group_of(one) != route.group_of(alert_of(severity="critical"))


def test_adding_a_route_does_not_rename_the_groups_of_others(alert_of: AlertOf) -> None:
    before = Route.parse(TREE)
    more = {**TREE, "routes": [{"match": {"kind": "keyword"}, "channel": "x"}, *TREE["routes"]]}  # type: ignore[list-item]
    after = Route.parse(more)
    alert = alert_of(severity="critical")
    (old,), (new,) = before.takers(alert), after.takers(alert)
    assert old.group_of(alert) == new.group_of(alert)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({}, "`channel` is missing"),
        ({"channel": "a", "chanel": "b"}, "unknown key `chanel`"),
        ({"channel": "a", "group_wait": 30}, "not a duration"),
        ({"channel": "a", "routes": [{"match": {"severity": "urgent"}}]}, "unknown severity"),
        ({"channel": "a", "match": {"brand": "x"}}, "outermost route"),
        ({"channel": "a", "routes": [{"match": "critical"}]}, "names and values"),
    ],
)
def test_mistakes_are_told_in_words(tree: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Route.parse(tree)


def test_a_critical_surge_mutes_a_lesser_one_of_the_same_brand(alert_of: AlertOf) -> None:
    (rule,) = DEFAULT_INHIBITIONS
    grave = alert_of(rule="neg", kind="negative_surge", severity="critical")
    assert rule.mutes(grave, alert_of())
    assert not rule.mutes(grave, alert_of("Norda"))
    assert not rule.mutes(grave, grave)
    assert not rule.mutes(grave, alert_of(kind="keyword"))
    assert not rule.mutes(alert_of(), grave)


def test_inhibitions_are_read_from_configuration(alert_of: AlertOf) -> None:
    rule = Inhibition.parse(
        {"when": {"kind": "silent_source"}, "mute": {"kind": "volume_spike"}, "equal": []}
    )
    assert rule.mutes(alert_of(kind="silent_source", rule="s"), alert_of())
    with pytest.raises(ConfigError, match="`mute` is missing"):
        Inhibition.parse({"when": {"kind": "keyword"}})
