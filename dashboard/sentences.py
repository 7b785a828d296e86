"""Sentences: what an alert says, written from its numbers in the reader's language."""

from __future__ import annotations

from datetime import timedelta

from dashboard.wording import Wording
from renom.alert import Alert


def sentence(alert: Alert, say: Wording) -> str:
    """Return the alert as one plain sentence; its own summary for kinds not known here."""
    write = _KINDS.get(alert.kind)
    return write(alert, say) if write else alert.summary


def why(alert: Alert, say: Wording) -> str:
    """Return what pushed it, or nothing: the greatest drivers by name."""
    # A source says where, not what: it is told only where nothing else is known.
    ranked = sorted(alert.drivers, key=lambda driver: driver.kind == "source")
    names = [driver.name for driver in ranked if driver.name][:3]
    return say("Mostly about: {names}").format(names=say.listing(names)) if names else ""


def _window(alert: Alert, say: Wording) -> str:
    return say.span(timedelta(seconds=alert.window_seconds or 3600))


def _brand(alert: Alert, say: Wording) -> str:
    return alert.labels.get("brand") or say("All brands")


def _usual(alert: Alert, say: Wording) -> str:
    """Return what is usual, in words; a mean below one is not worth a figure."""
    if not alert.expected or alert.expected < 1:
        return say("where hardly any is usual")
    return say("where {usual} are usual").format(usual=say.number(alert.expected, digits=1))


def _volume(alert: Alert, say: Wording) -> str:
    count = say.plural("{n} mention", "{n} mentions", round(alert.value))
    return say("{brand}: {mentions} in {window}, {usual}.").format(
        brand=_brand(alert, say),
        mentions=count,
        window=_window(alert, say),
        usual=_usual(alert, say),
    )


def _negative(alert: Alert, say: Wording) -> str:
    text = say("{brand}: {mentions} in {window}, {usual}.").format(
        brand=_brand(alert, say),
        mentions=say.plural("{n} negative mention", "{n} negative mentions", round(alert.value)),
        window=_window(alert, say),
        usual=_usual(alert, say),
    )
    share = alert.measures.get("negative_share")
    usual = alert.measures.get("usual_negative_share")
    if share is None or usual is None:
        return text
    more = say("{share} of what is said is negative, usually {usual}.").format(
        share=say.percent(share), usual=say.percent(usual)
    )
    return f"{text} {more}"


def _keyword(alert: Alert, say: Wording) -> str:
    return say.plural(
        "{brand}: {n} new mention of what the rule “{rule}” watches for.",
        "{brand}: {n} new mentions of what the rule “{rule}” watches for.",
        round(alert.value),
        brand=_brand(alert, say),
        rule=alert.rule,
    )


def _rating(alert: Alert, say: Wording) -> str:
    return say.plural(
        "{brand}: {n} new review of at most {stars} stars.",
        "{brand}: {n} new reviews of at most {stars} stars.",
        round(alert.value),
        brand=_brand(alert, say),
        stars=say.number(alert.measures.get("stars", 2.0), digits=1),
    )


def _silent(alert: Alert, say: Wording) -> str:
    source = alert.labels.get("source") or alert.rule
    if alert.threshold is None:
        return say("Source {source} is paused until a person acts.").format(source=source)
    text = say("Source {source} has brought nothing for {quiet}.").format(
        source=source, quiet=say.span(timedelta(hours=max(1, round(alert.value))))
    )
    if alert.expected is None:
        return text
    usual = say.span(timedelta(hours=max(1, round(alert.expected))))
    return f"{text} {say('Usually a mention comes every {usual}.').format(usual=usual)}"


def _denied(alert: Alert, say: Wording) -> str:
    channel = alert.labels.get("channel") or alert.rule
    return say("Channel {channel} refuses our messages.").format(channel=channel)


_KINDS = {
    "volume_spike": _volume,
    "negative_surge": _negative,
    "keyword": _keyword,
    "low_rating": _rating,
    "silent_source": _silent,
    "channel_denied": _denied,
}
