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
    names = [driver.name for driver in alert.drivers if driver.name][:3]
    return say("Mostly about: {names}").format(names=say.listing(names)) if names else ""


def _window(alert: Alert, say: Wording) -> str:
    return say.span(timedelta(seconds=alert.window_seconds or 3600))


def _brand(alert: Alert, say: Wording) -> str:
    return alert.labels.get("brand") or say("All brands")


def _volume(alert: Alert, say: Wording) -> str:
    return say("{brand}: {n} mentions in {window}, where {usual} are usual.").format(
        brand=_brand(alert, say),
        n=say.number(alert.value),
        window=_window(alert, say),
        usual=say.number(alert.expected, digits=1),
    )


def _negative(alert: Alert, say: Wording) -> str:
    brand, window = _brand(alert, say), _window(alert, say)
    share = alert.measures.get("negative_share")
    usual = alert.measures.get("usual_negative_share")
    if share is not None and usual is not None:
        return say(
            "{brand}: {share} of mentions are negative over {window}, against {usual} usually."
        ).format(brand=brand, share=say.percent(share), window=window, usual=say.percent(usual))
    return say("{brand}: {n} negative mentions in {window}, where {usual} are usual.").format(
        brand=brand,
        n=say.number(alert.value),
        window=window,
        usual=say.number(alert.expected, digits=1),
    )


def _keyword(alert: Alert, say: Wording) -> str:
    text = say.plural(
        "{n} mention of what the rule “{rule}” watches for, in {window}.",
        "{n} mentions of what the rule “{rule}” watches for, in {window}.",
        round(alert.value),
        rule=alert.rule,
        window=_window(alert, say),
    )
    brand = alert.labels.get("brand")
    return f"{brand}: {text}" if brand else text


def _rating(alert: Alert, say: Wording) -> str:
    return say.plural(
        "{brand}: {n} review of {stars} stars or fewer in {window}.",
        "{brand}: {n} reviews of {stars} stars or fewer in {window}.",
        round(alert.value),
        brand=_brand(alert, say),
        stars=say.number(alert.measures.get("stars"), digits=1),
        window=_window(alert, say),
    )


def _silent(alert: Alert, say: Wording) -> str:
    text = say("Source {source} has brought nothing for {quiet}.").format(
        source=alert.labels.get("source") or alert.rule,
        quiet=say.span(timedelta(hours=max(1, round(alert.value)))),
    )
    if alert.expected is None:
        return text
    usual = say.span(timedelta(hours=max(1, round(alert.expected))))
    return f"{text} {say('Usually a mention comes every {usual}.').format(usual=usual)}"


_KINDS = {
    "volume_spike": _volume,
    "negative_surge": _negative,
    "keyword": _keyword,
    "low_rating": _rating,
    "silent_source": _silent,
}
