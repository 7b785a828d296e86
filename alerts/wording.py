"""Wording: what messages say, in English and French, with numbers and times as Babel writes them.

Both languages hold the same phrases with the same places (a test compares them).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "colon": ":",
        "spike": "{brand}: {ratio}x usual mentions ({value} in {window}, usual {expected})",
        "spike_new": "{brand}: {value} mentions in {window} (usual: fewer than 1)",
        "surge": "{brand}: {ratio}x usual negative mentions "
        "({value} in {window}, usual {expected})",
        "surge_new": "{brand}: {value} negative mentions in {window} (usual: fewer than 1)",
        "keyword": "{brand}: {mentions} found by “{rule}”",
        "rating": "{brand}: {reviews} with {stars} or fewer",
        "silent": "Source {source}: nothing for {length}",
        "silent_paused": "Source {source} is paused",
        "denied": "Channel {channel} refuses messages",
        "other": "{subject}: {rule}",
        "resolved_subject": "Resolved: {title}",
        "repeat_subject": "Still: {title}",
        "more_subject": "{title} (+{count} more)",
        "lead_first": "New alert",
        "lead_new_alerts": "New alert in this group",
        "lead_resolved": "Resolved",
        "lead_repeat": "Still going on, not acknowledged",
        "severity_info": "Info",
        "severity_warning": "Warning",
        "severity_critical": "Critical",
        "ended": "Ended",
        "since": "Since",
        "until": "Ended",
        "lasted": "{when}, after {length}",
        "peak": "Peak in {window}",
        "usual": "{value} (usual {expected})",
        "usual_few": "{value} (usual: fewer than 1)",
        "record": "Highest in",
        "total": "In all since the start",
        "share": "Share negative",
        "share_change": "{share} (usual {usual}, {points} points)",
        "new_mentions": "New mentions",
        "new_reviews": "New reviews",
        "quiet_for": "Silent for",
        "usual_gap": "Usual time between mentions",
        "why": "What drove it",
        "driver": "{share} of the excess, {mentions}",
        "kind_topic": "topic",
        "kind_entity": "name",
        "kind_source": "source",
        "kind_author": "author",
        "kind_language": "language",
        "kind_story": "story",
        "quotes": "Most telling mentions",
        "open_mention": "Open the mention",
        "stars_given": "rated {rating}",
        "label_negative": "negative",
        "label_neutral": "neutral",
        "label_positive": "positive",
        "open_dashboard": "See these mentions in Renom",
        "open_sources": "See the sources in Renom",
        "rule": "Rule “{rule}” ({kind})",
        "rule_from": "Rule “{rule}” ({kind}), alerts from {threshold}",
        "rule_volume_spike": "volume spike",
        "rule_negative_surge": "negative surge",
        "rule_keyword": "keyword",
        "rule_low_rating": "low rating",
        "rule_silent_source": "silent source",
        "rule_channel_denied": "delivery",
        "more_alerts": "and {count} more",
        "footer": "Sent by Renom. Times are in {zone}.",
        "unsubscribe": "Stop these messages",
        "mention_one": "{n} mention",
        "mention_many": "{n} mentions",
        "negative_mention_one": "{n} negative mention",
        "negative_mention_many": "{n} negative mentions",
        "review_one": "{n} review",
        "review_many": "{n} reviews",
        "star_one": "{n} star",
        "star_many": "{n} stars",
        "minutes": "{n} min",
        "hours": "{n} h",
        "days_one": "{n} day",
        "days_many": "{n} days",
        "and_minutes": "{hours} h {minutes} min",
    },
    "fr": {
        "colon": " :",
        "spike": "{brand} : {ratio} fois le volume habituel "
        "({value} mentions en {window}, d’habitude {expected})",
        "spike_new": "{brand} : {value} mentions en {window} (d’habitude moins d’une)",
        "surge": "{brand} : {ratio} fois plus de mentions négatives que d’habitude "
        "({value} en {window}, d’habitude {expected})",
        "surge_new": "{brand} : {value} mentions négatives en {window} (d’habitude moins d’une)",
        "keyword": "{brand} : {mentions} pour « {rule} »",
        "rating": "{brand} : {reviews} à {stars} ou moins",
        "silent": "Source {source} : rien depuis {length}",
        "silent_paused": "La source {source} est en pause",
        "denied": "Le canal {channel} refuse les messages",
        "other": "{subject} : {rule}",
        "resolved_subject": "Terminé : {title}",
        "repeat_subject": "Toujours en cours : {title}",
        "more_subject": "{title} (et {count} de plus)",
        "lead_first": "Nouvelle alerte",
        "lead_new_alerts": "Nouvelle alerte dans ce groupe",
        "lead_resolved": "Terminé",
        "lead_repeat": "Toujours en cours, sans prise en charge",
        "severity_info": "Information",
        "severity_warning": "Attention",
        "severity_critical": "Critique",
        "ended": "Terminée",
        "since": "Depuis",
        "until": "Fin",
        "lasted": "{when}, au bout de {length}",
        "peak": "Maximum en {window}",
        "usual": "{value} (d’habitude {expected})",
        "usual_few": "{value} (d’habitude moins de 1)",
        "record": "Du jamais-vu depuis",
        "total": "En tout depuis le début",
        "share": "Part négative",
        "share_change": "{share} (d’habitude {usual}, {points} points)",
        "new_mentions": "Nouvelles mentions",
        "new_reviews": "Nouveaux avis",
        "quiet_for": "Silence depuis",
        "usual_gap": "Écart habituel entre deux mentions",
        "why": "Ce qui l’explique",
        "driver": "{share} de l’excédent, {mentions}",
        "kind_topic": "sujet",
        "kind_entity": "nom",
        "kind_source": "source",
        "kind_author": "auteur",
        "kind_language": "langue",
        "kind_story": "récit",
        "quotes": "Les mentions les plus parlantes",
        "open_mention": "Ouvrir la mention",
        "stars_given": "note {rating}",
        "label_negative": "négatif",
        "label_neutral": "neutre",
        "label_positive": "positif",
        "open_dashboard": "Voir ces mentions dans Renom",
        "open_sources": "Voir les sources dans Renom",
        "rule": "Règle « {rule} » ({kind})",
        "rule_from": "Règle « {rule} » ({kind}), alerte à partir de {threshold}",
        "rule_volume_spike": "pic de volume",
        "rule_negative_surge": "poussée négative",
        "rule_keyword": "mot-clé",
        "rule_low_rating": "mauvaise note",
        "rule_silent_source": "source muette",
        "rule_channel_denied": "envoi",
        "more_alerts": "et {count} de plus",
        "footer": "Envoyé par Renom. Fuseau horaire : {zone}.",
        "unsubscribe": "Ne plus recevoir ces messages",
        "mention_one": "{n} mention",
        "mention_many": "{n} mentions",
        "negative_mention_one": "{n} mention négative",
        "negative_mention_many": "{n} mentions négatives",
        "review_one": "{n} avis",
        "review_many": "{n} avis",
        "star_one": "{n} étoile",
        "star_many": "{n} étoiles",
        "minutes": "{n} min",
        "hours": "{n} h",
        "days_one": "{n} jour",
        "days_many": "{n} jours",
        "and_minutes": "{hours} h {minutes} min",
    },
}


def _typeset(phrase: str) -> str:
    """Return a French phrase with the spaces that must not break."""
    for sign in (":", "»", "?", "!"):
        phrase = phrase.replace(f" {sign}", f"\u00a0{sign}")
    return phrase.replace("« ", "«\u00a0")


_TYPESET = {"en": PHRASES["en"], "fr": {key: _typeset(p) for key, p in PHRASES["fr"].items()}}
_WHEN = {"en": "d MMM y, HH:mm", "fr": "d MMM y 'à' HH:mm"}


class Wording:
    """The phrases of one language and one time zone. Unknown languages read English."""

    def __init__(self, language: str, timezone: str = "UTC") -> None:
        self.language = language if language in PHRASES else "en"
        self.timezone = timezone
        self._phrases = _TYPESET[self.language]

    def say(self, phrase: str, **values: object) -> str:
        """Return a phrase with its places filled."""
        return self._phrases[phrase].format(**values)

    def knows(self, phrase: str) -> bool:
        """Say whether there is such a phrase."""
        return phrase in self._phrases

    def number(self, value: float) -> str:
        """Write a number: whole from ten up, one decimal below."""
        rounded = round(value) if abs(value) >= 10 else round(value, 1)
        return str(format_decimal(rounded, locale=self.language))

    def percent(self, share: float) -> str:
        """Write a share in 0..1 as whole per cent."""
        return str(format_percent(round(share, 2), locale=self.language))

    def count(self, noun: str, n: float) -> str:
        """Write a number with its noun; French counts 0 and 1 as one, English only 1."""
        one = abs(n) < 2 if self.language == "fr" else n == 1
        return self.say(f"{noun}_{'one' if one else 'many'}", n=self.number(n))

    def when(self, moment: datetime) -> str:
        """Write a moment in the reader's zone."""
        zone = ZoneInfo(self.timezone)
        pattern = _WHEN[self.language]
        return str(format_datetime(moment, pattern, tzinfo=zone, locale=self.language))

    def length(self, seconds: float) -> str:
        """Write a length of time: 40 min, 5 h 20 min, 30 h, 4 days."""
        minutes = max(1, round(seconds / 60))
        if minutes < 60:
            return self.say("minutes", n=minutes)
        if minutes < 600 and minutes % 60:
            return self.say("and_minutes", hours=minutes // 60, minutes=minutes % 60)
        if minutes < 48 * 60:
            return self.say("hours", n=round(minutes / 60))
        return self.count("days", round(minutes / 1440))
