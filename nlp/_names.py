"""Fold the many spellings of one name onto one, and drop what only looks like a name."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from nlp import _text, _vader_french
from nlp._vader_english import tables

_LEGAL = re.compile(
    r"[\s,]+(?:s\.?a\.?(?:s\.?u?\.?)?|sarl|s\.a\.r\.l\.?|eurl|scop|snc|ltd\.?|limited|inc\.?"
    r"|incorporated|llc|llp|plc|corp\.?|corporation|co\.|gmbh|ag|n\.?v\.?|b\.?v\.?|s\.?p\.?a\.?)$",
    re.I,
)
_LEAD = re.compile(
    r"^(?:(?:the|a|an|le|la|les|un|une|des|du|de|au|aux|mr|mrs|ms|dr|m|mme|mlle|monsieur|madame"
    r"|et|and|chez|ce|cet|cette|mon|ma|mes|votre|vos|notre|nos|my|your|our)\.?\s+"
    r"|(?:[ldcjnst]|qu)')+",
    re.I,
)
_POSSESSIVE = re.compile(r"'s?$", re.I)
_EDGE = " \t\n.,;:!?\"'()[]{}<>«»“”„*-–—_/\\|#@&+=~`^…"
_VOWEL = re.compile(r"[aeiouy]")
_JUNK = re.compile(r"https?|www\.|[@#<>{}|\\\n]|\.(?:com|fr|co|ly)\b|\d{3,}|[:;=][)(dp]", re.I)
_COMMON = _text.words_of(
    """rt lol mdr ptdr omg wtf btw imo idk asap dm pls plz thx thanks thank merci bonjour bonsoir
    salut hello hi hey bye ok okay oui non yes no yeah nope today tomorrow tonight yesterday
    aujourd'hui demain hier soir matin midi lundi mardi mercredi jeudi vendredi samedi dimanche
    monday tuesday wednesday thursday friday saturday sunday janvier fevrier mars avril mai juin
    juillet aout septembre octobre novembre decembre january february march april may june july
    august september october november december bravo cordialement avis via app appli application
    service client clients customer support team equipe commande order livraison delivery colis
    site web email mail sms tel internet wifi bug update version mise jour compte account password
    restaurant hotel produit product prix price vol flight sav faq ceo pdg url http https user
    amp gt lt pst est gmt am pm tv pc cv qr pdf gps usb lte 4g 5g 3g app's haha hahaha gonna wanna
    ive im dont cant didnt wont ya yall guys guy dude bro sis mom dad maman papa monde gens tous
    tout rien personne serveur serveuse accueil cadre entree plat dessert menu carte cuisine
    attention dommage honte svp stp bref voila alors donc mais car puis enfin ensuite cependant
    franchement vraiment pourquoi comment quand quel quelle quels quelles combien why how when
    what where who which well just so but and also then there here please sorry""",
)


@cache
def _spellings() -> dict[str, str]:
    """Return folded word -> right spelling, for words that lose accents or capitals by folding."""
    text = (files("nlp") / "resources" / "names.txt").read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {_text.fold(word): word for line in lines for word in line.split()}


def _trim(surface: str) -> str:
    name = " ".join(_text.straighten(surface).split()).strip(_EDGE)
    name = _LEAD.sub("", name).strip(_EDGE)
    return _POSSESSIVE.sub("", name).strip(_EDGE)


def one_name(surface: str) -> str:
    """Return the one name for a name's spellings: ``L'ORÉAL S.A.`` and ``loréal`` meet.

    Case, accents, articles, possessives, ``#`` and ``@`` and legal forms do not part names. The
    result is written with capitals, and with the accents of the words in ``names.txt``.
    """
    name = _trim(surface)
    short = _LEGAL.sub("", name).strip(_EDGE)
    words = re.split(r"([\s'-]+)", _text.fold(short or name))
    return "".join(_spell(word) for word in words)


def _spell(word: str) -> str:
    known = _spellings().get(word)
    if known is not None:
        return known
    if 1 < len(word) <= 4 and word.isalpha() and not _VOWEL.search(word):
        return word.upper()
    return word[:1].upper() + word[1:]


def bounds(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the name itself stands inside ``text[start:end]``, articles left out."""
    surface = _text.straighten(text[start:end])
    trimmed = surface.strip(_EDGE)
    begin = surface.find(trimmed)
    inner = _LEAD.sub("", trimmed)
    begin += len(trimmed) - len(inner)
    inner = _POSSESSIVE.sub("", inner).rstrip(_EDGE)
    lead = len(inner) - len(inner.lstrip(_EDGE))
    return start + begin + lead, start + begin + len(inner)


@cache
def _felt() -> frozenset[str]:
    """Return the folded words of both sentiment lexicons: none of them alone is a name."""
    words = {*_vader_french.lexicon().words, *tables().lexicon}
    return frozenset(_text.fold(word) for word in words)


def is_name(surface: str, text: str, stops: frozenset[str]) -> bool:
    """Tell whether a model's entity looks like a name and not like an accident of social text.

    ``stops`` holds folded stop words of the language; ``text`` is the whole text: a word also
    written small in it is a common one.
    """
    name = _trim(surface)
    words = name.split()
    if not 2 <= len(name) <= 60 or len(words) > 5 or _JUNK.search(name):
        return False
    letters = sum(map(str.isalpha, name))
    if letters < 2 or letters < len(name.replace(" ", "")) * 0.6 or not any(map(str.isupper, name)):
        return False
    folded = [_text.fold(word.strip(_EDGE)) for word in words]
    if all(word in stops or word in _COMMON or len(word) < 2 for word in folded):
        return False
    if len(words) == 1:
        if folded[0] in _felt() or (len(name) == 2 and not name.isupper()):
            return False
        small = re.search(rf"\b{re.escape(name.lower())}\b", text)
        return small is None or name.isupper()
    common = sum(word in stops or word in _COMMON for word in folded)
    if name.isupper():
        return common == 0 and not any(word in _felt() for word in folded)
    return common <= len(words) / 2
