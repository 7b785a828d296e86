"""Message: freeze what a notification says, and put it into a reader's words.

``message_for`` builds the Message that goes to the outbox; ``render`` turns one into a
``Letter``, plain text parts that channels lay out. Everything in a Letter that came from outside is
cut, stripped of control characters, and still has to be escaped for where it is written.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from alerts.wording import Wording
from renom.alert import SEVERITIES, Alert, Driver, Reason
from renom.contracts import Excerpt, Message

QUOTED = 3
"""Mentions quoted per alert."""

SHOWN = 8
"""Alerts laid out per message; the rest are counted."""

_QUOTE = 260  # characters of a quoted mention
_NAME = 80  # characters of a name, rule or brand from configuration or outside
_DRIVERS = 5
_SURGES = ("volume_spike", "negative_surge")


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value, both in the reader's words."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A driver: ``percent`` is its share of the excess in whole per cent, 0..100."""

    name: str
    kind: str
    text: str
    percent: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A mention as quoted: one line of text, who and where, its address, its sentiment label."""

    text: str
    where: str
    url: str = ""
    link_text: str = ""
    label: str = ""
    label_text: str = ""


@dataclass(frozen=True, slots=True)
class AlertLetter:
    """One alert in a reader's words. ``severity`` is the plain word for layout, e.g. critical."""

    title: str
    severity: str
    severity_text: str
    firing: bool
    facts: tuple[Fact, ...]
    detail: str
    why: str
    causes: tuple[Cause, ...]
    quotes: tuple[Quote, ...]
    link: str
    link_text: str
    rule: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in a reader's words. ``more`` is empty or says how many alerts are not shown."""

    subject: str
    lead: str
    severity: str
    alerts: tuple[AlertLetter, ...]
    more: str
    footer: str
    words: Wording


def message_for(
    alerts: Sequence[Alert],
    *,
    channel: str,
    thread: str,
    reason: Reason,
    opens: bool,
    language: str,
    timezone: str,
    dashboard_url: str,
    excerpts: Callable[[Sequence[str]], dict[str, Excerpt]],
    now: datetime,
    recipient: str = "",
) -> Message:
    """Return the message with the excerpts it quotes and a key that replaying gives again."""
    wanted = [key for alert in alerts[:SHOWN] for key in alert.evidence[:QUOTED]]
    body = [
        channel,
        thread,
        recipient,
        reason,
        now.isoformat(),
        [[alert.fingerprint, alert.starts_at.isoformat(), alert.firing] for alert in alerts],
    ]
    digest = hashlib.blake2b(json.dumps(body, ensure_ascii=False).encode(), digest_size=12)
    return Message(
        key=digest.hexdigest(),
        channel=channel,
        thread=thread,
        reason=reason,
        alerts=tuple(alerts),
        created_at=now,
        excerpts=excerpts(list(dict.fromkeys(wanted))) if wanted else {},
        opens=opens,
        language=language if language in ("en", "fr") else "en",
        timezone=timezone,
        dashboard_url=dashboard_url.rstrip("/"),
        recipient=recipient,
    )


def render(message: Message) -> Letter:
    """Return the message in the words of its language, with times in its zone."""
    words = Wording(message.language, message.timezone)
    shown = message.alerts[:SHOWN]
    letters = tuple(_alert_letter(alert, message, words) for alert in shown)
    hidden = len(message.alerts) - len(shown)
    firing = [alert for alert in message.alerts if alert.firing]
    grave = max(
        (alert.severity for alert in firing or message.alerts),
        key=SEVERITIES.index,
        default="info",
    )
    return Letter(
        subject=_subject(message, letters, words),
        lead=words.say(f"lead_{message.reason.replace(' ', '_')}"),
        severity=grave if firing else "resolved",
        alerts=letters,
        more=words.say("more_alerts", count=hidden) if hidden else "",
        footer=words.say("footer", zone=message.timezone),
        words=words,
    )


def one_line(text: str, limit: int = _QUOTE) -> str:
    """Return text from outside on one line, without control or direction marks, cut at a word.

    Characters that reorder text (U+202A and kin) could make a quote read as something else.
    """
    kept = "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace()
        or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co")
        or char == "\u200d"  # joins emoji
    )
    kept = re.sub(r" +", " ", kept).strip()
    if len(kept) <= limit:
        return kept
    cut = kept[: limit - 1]
    space = cut.rfind(" ")
    if kept[limit - 1] != " " and space > limit // 2:
        cut = cut[:space]
    return cut.rstrip(" ,;:.") + "…"


def dashboard_link(alert: Alert, message: Message) -> str:
    """Return the dashboard's address with the alert's filter and time range; "" without one."""
    if not message.dashboard_url:
        return ""
    if alert.kind == "silent_source":
        return f"{message.dashboard_url}/sources"
    brand = alert.labels.get("brand")
    if not brand:
        return f"{message.dashboard_url}/"
    start = alert.starts_at
    if alert.kind in _SURGES and alert.window_seconds:
        start = start - timedelta(seconds=alert.window_seconds)
    params = {
        "brand": brand,
        "from": _stamp(start),
        "to": _stamp(max(alert.ends_at or message.created_at, start + timedelta(hours=1))),
    }
    if alert.kind == "negative_surge":
        params["label"] = "negative"
    return f"{message.dashboard_url}/mentions?{urlencode(params)}"


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# -- one alert


def _alert_letter(alert: Alert, message: Message, words: Wording) -> AlertLetter:
    plain = alert.kind in ("silent_source", "channel_denied") or not words.knows(
        f"rule_{alert.kind}"
    )
    return AlertLetter(
        title=_title(alert, words),
        severity=alert.severity if alert.firing else "resolved",
        severity_text=words.say(f"severity_{alert.severity}" if alert.firing else "ended"),
        firing=alert.firing,
        facts=tuple(_facts(alert, words)),
        detail=one_line(alert.summary, 400) if plain else "",
        why=words.say("why"),
        causes=tuple(_causes(alert.drivers, words)) if alert.firing else (),
        quotes=tuple(_quotes(alert, message, words)) if alert.firing else (),
        link=dashboard_link(alert, message),
        link_text=words.say("open_sources" if alert.kind == "silent_source" else "open_dashboard"),
        rule=_rule(alert, words),
    )


def _subject(message: Message, letters: Sequence[AlertLetter], words: Wording) -> str:
    first = next((one for one in letters if one.firing), letters[0] if letters else None)
    title = first.title if first is not None else ""
    if message.reason == "resolved" and (first is None or not first.firing):
        title = words.say("resolved_subject", title=title)
    elif message.reason == "repeat":
        title = words.say("repeat_subject", title=title)
    others = len(message.alerts) - 1
    return words.say("more_subject", title=title, count=others) if others > 0 else title


def _title(alert: Alert, words: Wording) -> str:
    brand = one_line(alert.labels.get("brand", ""), _NAME)
    if alert.kind in _SURGES:
        base = "spike" if alert.kind == "volume_spike" else "surge"
        few = not alert.expected or alert.expected < 1
        ratio = "" if few or not alert.expected else words.number(alert.value / alert.expected)
        return words.say(
            f"{base}_new" if few else base,
            brand=brand,
            ratio=ratio,
            value=words.number(alert.value),
            window=_window(alert, words),
            expected=words.number(alert.expected or 0),
        )
    if alert.kind == "keyword":
        found = words.count("mention", alert.value)
        return words.say("keyword", brand=brand, mentions=found, rule=one_line(alert.rule, _NAME))
    if alert.kind == "low_rating":
        stars = words.count("star", alert.measures.get("stars", 2))
        return words.say(
            "rating", brand=brand, reviews=words.count("review", alert.value), stars=stars
        )
    if alert.kind == "silent_source":
        source = one_line(alert.labels.get("source", ""), _NAME)
        if alert.threshold is None:
            return words.say("silent_paused", source=source)
        return words.say("silent", source=source, length=words.length(alert.value * 3600))
    if alert.kind == "channel_denied":
        return words.say("denied", channel=one_line(alert.labels.get("channel", ""), _NAME))
    subject = ", ".join(one_line(value, _NAME) for value in alert.labels.values()) or alert.kind
    return words.say("other", subject=subject, rule=one_line(alert.rule, _NAME))


def _facts(alert: Alert, words: Wording) -> list[Fact]:
    facts = []
    if alert.kind in _SURGES:
        few = not alert.expected or alert.expected < 1
        value = words.say(
            "usual_few" if few else "usual",
            value=words.number(alert.value),
            expected=words.number(alert.expected or 0),
        )
        facts.append(Fact(words.say("peak", window=_window(alert, words)), value))
    share, usual = (alert.measures.get(k) for k in ("negative_share", "usual_negative_share"))
    if share is not None and usual is not None:
        points = round(100 * share) - round(100 * usual)
        text = words.say(
            "share_change",
            share=words.percent(share),
            usual=words.percent(usual),
            points=f"{points:+d}".replace("-", "\u2212"),
        )
        facts.append(Fact(words.say("share"), text))
    days = alert.measures.get("record_days", 0)
    if days >= 2 and alert.firing:
        facts.append(Fact(words.say("record"), words.count("days", days)))
    if "total" in alert.measures and alert.measures["total"] > alert.value:
        noun = "negative_mention" if alert.kind == "negative_surge" else "mention"
        facts.append(Fact(words.say("total"), words.count(noun, alert.measures["total"])))
    if alert.kind in ("keyword", "low_rating"):
        noun = "new_reviews" if alert.kind == "low_rating" else "new_mentions"
        facts.append(Fact(words.say(noun), words.number(alert.value)))
    if alert.kind == "silent_source" and alert.expected:
        facts.append(Fact(words.say("usual_gap"), words.length(alert.expected * 3600)))
    facts.append(Fact(words.say("since"), words.when(alert.starts_at)))
    if alert.ends_at is not None:
        seconds = (alert.ends_at - alert.starts_at).total_seconds()
        text = words.say("lasted", when=words.when(alert.ends_at), length=words.length(seconds))
        facts.append(Fact(words.say("until"), text))
    return facts


def _causes(drivers: Sequence[Driver], words: Wording) -> list[Cause]:
    causes = []
    for driver in drivers[:_DRIVERS]:
        kind = f"kind_{driver.kind}"
        share = min(1.0, max(0.0, driver.share))
        causes.append(
            Cause(
                name=one_line(driver.name, _NAME),
                kind=words.say(kind) if words.knows(kind) else driver.kind,
                text=words.say(
                    "driver",
                    share=words.percent(share),
                    mentions=words.count("mention", driver.mentions),
                ),
                percent=round(100 * share),
            )
        )
    return causes


def _quotes(alert: Alert, message: Message, words: Wording) -> list[Quote]:
    known: Mapping[str, Excerpt] = message.excerpts
    quotes = []
    for key in alert.evidence[:QUOTED]:
        excerpt = known.get(key)
        if excerpt is None:
            continue
        text = excerpt.text
        if excerpt.title and not text.startswith(excerpt.title):
            text = f"{excerpt.title} — {text}"
        where = [one_line(excerpt.author or "", _NAME), one_line(excerpt.platform, _NAME)]
        where.append(words.when(excerpt.published_at))
        if excerpt.rating:
            where.append(words.say("stars_given", rating=one_line(excerpt.rating, 20)))
        label = f"label_{excerpt.label}"
        quotes.append(
            Quote(
                text=one_line(text),
                where=" · ".join(part for part in where if part),
                url=_safe_url(excerpt.url),
                link_text=words.say("open_mention"),
                label=excerpt.label or "",
                label_text=words.say(label) if words.knows(label) else "",
            )
        )
    return quotes


def _safe_url(url: str | None) -> str:
    """Return a web address that holds nothing a mail or Slack could read as markup, or ""."""
    if not url or not url.lower().startswith(("http://", "https://")) or len(url) > 1000:
        return ""
    return re.sub(r"[\s<>|\"'`\\\x00-\x1f\x7f]", lambda m: f"%{ord(m.group()) & 0xFF:02X}", url)


def _rule(alert: Alert, words: Wording) -> str:
    kind = f"rule_{alert.kind}"
    name = one_line(alert.rule, _NAME)
    kind_text = words.say(kind) if words.knows(kind) else alert.kind or "?"
    if alert.threshold is None:
        return words.say("rule", rule=name, kind=kind_text)
    nouns = {"mentions": "mention", "negative mentions": "negative_mention", "reviews": "review"}
    if alert.unit in nouns:
        threshold = words.count(nouns[alert.unit], alert.threshold)
    elif alert.unit == "hours":
        threshold = words.length(alert.threshold * 3600)
    else:
        threshold = f"{words.number(alert.threshold)} {alert.unit}"
    return words.say("rule_from", rule=name, kind=kind_text, threshold=threshold)


def _window(alert: Alert, words: Wording) -> str:
    return words.length(alert.window_seconds or 3600)
