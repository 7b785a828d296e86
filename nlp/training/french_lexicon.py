"""Inflect the hand-written French stems into the lexicon that ``nlp.vader`` reads.

Run ``python -m nlp.training.french_lexicon`` after editing ``nlp/resources/french_stems.txt``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

RESOURCES = Path(__file__).parents[1] / "resources"
STEMS = RESOURCES / "french_stems.txt"
LEXICON = RESOURCES / "french_lexicon.tsv"

_ER = """er e es ons ez ent ais ait ions iez aient ai as a âmes èrent erai eras era erons erez eront
    erais erait erions eriez eraient ant é ée és ées"""
_IR = """ir is it issons issez issent issais issait issaient isse isses irai iras ira irons irez
    iront irais irait iraient issant i ie ies"""
_RE = """re s - ons ez ent ais ait aient e es rai ras ra rons rez ront rais rait raient ant u ue
    us ues"""

# Verbs of no regular pattern: the forms people write in reviews and posts.
_IRREGULAR = {
    "plaire": "plaire plais plaît plait plaisent plaisait plaira plairont plairait plu plaisant",
    "satisfaire": "satisfaire satisfais satisfait satisfaite satisfaits satisfaites satisfont",
    "sourire": "sourire souris sourit sourient souriait souri souriant souriants sourira",
    "rire": "rire ris rit rient riait riaient ri rira riant",
    "convaincre": "convaincre convaincs convainc convainquent convaincu convaincue convaincus"
    " convaincues convaincant",
    "soutenir": "soutenir soutiens soutient soutenons soutenez soutiennent soutenu soutenue"
    " soutenus soutenues soutiendra soutenait",
    "résoudre": "résoudre résout résolvent résolu résolue résolus résolues résoudra",
    "secourir": "secourir secourt secourent secouru secourue secourus",
    "offrir": "offrir offre offres offrent offert offerte offerts offertes offrait offrira",
    "promouvoir": "promouvoir promeut promeuvent promu promue promus promouvant",
    "accueillir": "accueillir accueille accueillent accueilli accueillie accueillis accueillies",
    "haïr": "haïr hais hait haïssons haïssent haï haïe haïs haïssait",
    "mentir": "mentir mens ment mentent menti mentait mentaient mentira",
    "décevoir": "décevoir déçois déçoit déçoivent déçu déçue déçus déçues décevait décevra"
    " décevant décevante décevants décevantes",
    "détruire": "détruire détruis détruit détruisent détruite détruits détruites détruira"
    " détruisait",
    "plaindre": "plaindre plains plaint plaignent plaignez plaignait plaindrai plainte",
    "craindre": "craindre crains craint craignent craignait craignez craindre",
    "souffrir": "souffrir souffre souffres souffrent souffert souffrait souffrira",
    "fuir": "fuir fuis fuit fuient fuyez fuyons fuyant fuyait",
    "nuire": "nuire nuis nuit nuisent nuisait nui nuira",
    "défaillir": "défaillir défaille défaillent",
}


def feminine(word: str) -> str:
    """Return the feminine singular of a masculine singular adjective."""
    rules = (
        ("e", "e"),
        ("teur", "trice"),
        ("eur", "euse"),
        ("eux", "euse"),
        ("oux", "ouse"),
        ("er", "ère"),
        ("if", "ive"),
        ("el", "elle"),
        ("eil", "eille"),
        ("ien", "ienne"),
        ("on", "onne"),
        ("et", "ète"),
        ("ic", "ique"),
        ("eau", "elle"),
        ("nt", "nte"),
    )
    if word in {"inférieur", "supérieur", "meilleur", "intérieur", "extérieur", "majeur"}:
        return f"{word}e"
    for ending, other in rules:
        if word.endswith(ending):
            return word[: len(word) - len(ending)] + other
    return f"{word}e"


def plural(word: str) -> str:
    """Return the plural of a noun or adjective."""
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")):
        return f"{word}x"
    if word.endswith("al") and word not in {"fatal", "banal", "final"}:
        return f"{word[:-2]}aux"
    return f"{word}s"


def _stem_before(ending: str, stem: str) -> str:
    """Adjust an -er verb's stem to the ending: ``mange-ons``, ``dépannè-``, ``déçoi-``."""
    if stem.endswith("g") and ending[0] in "aâo":
        return f"{stem}e"
    if stem.endswith("c") and ending[0] in "aâo":
        return f"{stem[:-1]}ç"
    if ending in {"e", "es", "ent"} or (ending.startswith("er") and ending not in {"er"}):
        if stem.endswith("y"):
            return f"{stem[:-1]}i"
        if len(stem) > 2 and stem[-2] in "eé" and stem[-1] not in "aeiouyéx":
            keeps_accent = stem[-2] == "é" and ending.startswith("er")
            doubled = stem.endswith(("el", "et")) and stem[-2] == "e"
            if doubled:
                return stem + stem[-1]
            if not keeps_accent:
                return f"{stem[:-2]}è{stem[-1]}"
    return stem


def conjugate(verb: str) -> Iterator[str]:
    """Yield the forms of a verb that matter: present, past, future, conditional, participles."""
    if verb in _IRREGULAR:
        yield from _IRREGULAR[verb].split()
    elif "-" in verb or "'" in verb:
        yield verb
    elif verb.endswith("er"):
        for ending in _ER.split():
            yield _stem_before(ending, verb[:-2]) + ending
    elif verb.endswith("ir"):
        yield from (verb[:-2] + ending for ending in _IR.split())
    elif verb.endswith("re"):
        yield from (verb[:-2] + ending.replace("-", "") for ending in _RE.split())
    else:
        yield verb


def inflect(part: str, stem: str) -> Iterator[str]:
    """Yield every written form of one stem of ``french_stems.txt``."""
    if part == "v":
        yield from conjugate(stem)
    elif part == "a":
        masculine, _, other = stem.partition("/")
        for word in (masculine, other or feminine(masculine)):
            yield word
            yield plural(word)
    elif part == "n":
        yield stem
        yield plural(stem)
    else:
        yield stem


def lexicon(text: str) -> dict[str, tuple[float, str]]:
    """Return form -> (valence, part) for the text of ``french_stems.txt``.

    A form that several stems share keeps its first entry, so adjectives outrank nouns, nouns
    verbs and verbs invariable words.
    """
    found: dict[str, tuple[float, str]] = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        part, valence, *stems = line.split()
        for stem in stems:
            for form in inflect(part, stem):
                found.setdefault(form, (float(valence), part))
    return found


def main() -> None:
    """Write ``french_lexicon.tsv``."""
    entries = lexicon(STEMS.read_text("utf-8"))
    lines = [f"{form}\t{value:g}\t{part}" for form, (value, part) in sorted(entries.items())]
    LEXICON.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{LEXICON.name}: {len(entries)} forms")


if __name__ == "__main__":
    main()
