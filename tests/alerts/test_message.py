"""Messages in words: both languages, every kind of alert, safe and equal numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.channels.console import Console
from alerts.letter import plain_text
from alerts.message import one_line, render
from alerts.wording import PHRASES, Wording
from renom.alert import Alert
from renom.contracts import ChannelOptions, Message

MessageOf = Callable[..., Message]
AlertOf = Callable[..., Alert]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_both_languages_have_the_same_phrases_and_places() -> None:
    english, french = PHRASES["en"], PHRASES["fr"]
    assert english.keys() == french.keys()
    for key in english:
        places = [set(re.findall(r"{(\w+)}", phrases[key])) for phrases in (english, french)]
        assert places[0] == places[1], key


KINDS: list[tuple[dict[str, Any], str, str]] = [
    (
        {},
        "Solvéa: 3.4x usual mentions (412 in 1 h, usual 120)",
        "Solvéa : 3,4 fois le volume habituel (412 mentions en 1 h, d’habitude 120)",
    ),
    (
        {"value": 9.0, "expected": 0.4, "window_seconds": 86400},
        "Solvéa: 9 mentions in 24 h (usual: fewer than 1)",
        "Solvéa : 9 mentions en 24 h (d’habitude moins d’une)",
    ),
    (
        {"kind": "negative_surge", "value": 62.0, "expected": 20.0, "window_seconds": 10800},
        "Solvéa: 3.1x usual negative mentions (62 in 3 h, usual 20)",
        "Solvéa : 3,1 fois plus de mentions négatives que d’habitude (62 en 3 h, d’habitude 20)",
    ),
    (
        {"kind": "keyword", "rule": "rappel", "value": 1.0},
        "Solvéa: 1 mention found by “rappel”",
        "Solvéa : 1 mention pour « rappel »",
    ),
    (
        {"kind": "low_rating", "value": 2.0, "measures": {"stars": 2.0}},
        "Solvéa: 2 reviews with 2 stars or fewer",
        "Solvéa : 2 avis à 2 étoiles ou moins",
    ),
    (
        {"kind": "silent_source", "labels": {"source": "presse"}, "value": 72.0, "unit": "hours"},
        "Source presse: nothing for 3 days",
        "Source presse : rien depuis 3 jours",
    ),
    (
        {"kind": "channel_denied", "labels": {"channel": "crise"}},
        "Channel crise refuses messages",
        "Le canal crise refuse les messages",
    ),
    ({"kind": "test", "rule": "test"}, "Solvéa: test", "Solvéa : test"),
]


@pytest.mark.parametrize(("given", "english", "french"), KINDS)
def test_every_kind_has_a_title_in_both_languages(
    message_of: MessageOf, alert_of: AlertOf, given: dict[str, Any], english: str, french: str
) -> None:
    alert = alert_of(**given)
    assert render(message_of(alert)).subject == english
    assert plain(render(message_of(alert, language="fr")).subject) == french


def test_the_reason_shows_in_the_subject(
    message_of: MessageOf, alert_of: AlertOf, now: Any
) -> None:
    alert = alert_of()
    ended = alert_of(ends_at=now)

    def subject(*alerts: Alert, **given: Any) -> str:
        return plain(render(message_of(*alerts, **given)).subject)

    assert subject(alert, reason="repeat").startswith("Still: Solvéa")
    assert subject(ended, reason="resolved").startswith("Resolved: Solvéa")
    assert subject(ended, reason="resolved", language="fr").startswith("Terminé : Solvéa")
    assert subject(alert, ended, reason="resolved").endswith("(+1 more)")


def test_an_ended_alert_tells_its_length_and_quotes_nothing(
    message_of: MessageOf, alert_of: AlertOf
) -> None:
    alert = alert_of()
    ended = alert_of(
        ends_at=alert.starts_at + timedelta(hours=5, minutes=20), evidence=("press:1",)
    )
    letter = render(message_of(ended, reason="resolved"))
    assert letter.severity == "resolved"
    assert letter.alerts[0].quotes == ()
    assert "17 Mar 2026, 13:20, after 5 h 20 min" in plain_text(letter)


def test_the_link_opens_the_mentions_meant(message_of: MessageOf, alert_of: AlertOf) -> None:
    alert = alert_of(brand="Orange & Co", kind="negative_surge", window_seconds=10800)
    link = urlsplit(render(message_of(alert)).alerts[0].link)
    assert link.path == "/mentions"
    assert parse_qs(link.query) == {
        "brand": ["Orange & Co"],
        "from": ["2026-03-17T04:00:00Z"],
        "to": ["2026-03-17T09:00:00Z"],
        "label": ["negative"],
    }
    assert render(message_of(alert, dashboard_url="")).alerts[0].link == ""


def test_share_is_told_with_its_change(message_of: MessageOf, alert_of: AlertOf) -> None:
    alert = alert_of(
        kind="negative_surge", measures={"negative_share": 0.71, "usual_negative_share": 0.384}
    )
    text = plain(plain_text(render(message_of(alert, language="fr"))))
    assert "71 % (d’habitude 38 %, +33 points)" in text


def test_outside_text_loses_control_marks_and_is_cut_at_a_word() -> None:
    assert one_line("a\r\nb\t\x1b[31mc\u202ed\x00") == "a b [31mcd"
    assert one_line("mot " * 100, 20) == "mot mot mot mot mot…"
    assert one_line("x" * 100, 20) == "x" * 19 + "…"
    assert one_line("👩\u200d💻 là") == "👩\u200d💻 là"


def test_numbers_and_lengths_read_naturally() -> None:
    english, french = Wording("en"), Wording("fr")
    assert english.number(12345.6) == "12,346"
    assert plain(french.number(12345.6)) == "12 346"
    assert english.number(3.44) == "3.4"
    assert french.number(3.0) == "3"
    assert french.count("mention", 1.5) == "1,5 mention"
    assert english.count("mention", 0) == "0 mentions"
    assert [english.length(s) for s in (30, 3600, 19200, 108_000, 345_600)] == [
        "1 min",
        "1 h",
        "5 h 20 min",
        "30 h",
        "4 days",
    ]


def test_the_console_prints_without_steering_the_terminal(
    message_of: MessageOf, alert_of: AlertOf, capsys: pytest.CaptureFixture[str]
) -> None:
    message = message_of(alert_of(brand="Acme\x1b[2J"))
    assert Console("console", ChannelOptions()).send(message) == message.key
    printed = capsys.readouterr().out
    assert "Acme[2J: 3.4x usual mentions" in printed
    assert "\x1b" not in printed
