"""Say in French what the parser and the linter say in English.

The catalogue is keyed by the English sentence, with ``{}`` for what varies: parser and linter
write plain English, and a message that the catalogue lacks stays English.
"""

from __future__ import annotations

import re
from functools import cache

from renom.errors import QueryError

_FRENCH = {
    # parser: messages
    "the query is empty": "la requête est vide",
    "the query is {} characters long": "la requête fait {} caractères",
    "the query only says what must be missing, so almost everything would match":
        "la requête ne dit que ce qui doit manquer : presque tout correspondrait",
    "a comment is not closed": "un commentaire n’est pas fermé",
    "the query is nested too deeply": "trop de parenthèses les unes dans les autres",
    "this closing parenthesis was never opened": "cette parenthèse fermante n’a pas été ouverte",
    "this closing square bracket was never opened": "ce crochet fermant n’a pas été ouvert",
    "this closing brace was never opened": "cette accolade fermante n’a pas été ouverte",
    "this parenthesis is not closed": "cette parenthèse n’est pas fermée",
    "this square bracket is not closed": "ce crochet n’est pas fermé",
    "this brace is not closed": "cette accolade n’est pas fermée",
    "a quotation mark is not closed": "un guillemet n’est pas fermé",
    "{} is not expected here": "{} n’est pas attendu ici",
    "something is missing after {}": "il manque quelque chose après {}",
    "something is missing before this parenthesis":
        "il manque quelque chose avant cette parenthèse",
    "something is missing before {}": "il manque quelque chose avant {}",
    "a range needs a field": "un intervalle demande un champ",
    "too many NEAR in a row": "trop de NEAR à la suite",
    "NEAR can't be used with {}": "NEAR ne peut pas porter sur {}",
    "a field can't stand inside another field": "un champ ne peut pas être dans un autre champ",
    "more than {} words": "plus de {} mots",
    "more than {} words near each other": "plus de {} mots proches les uns des autres",
    "more than {} NEAR": "plus de {} NEAR",
    "{}: takes words, not a range": "{}: demande des mots, pas un intervalle",
    "{}: takes a value, not a range": "{}: demande une valeur, pas un intervalle",
    "NEAR needs a distance": "NEAR demande une distance",
    "{} has no value": "{} n’a pas de valeur",
    "there is nothing to search for in {}": "il n’y a rien à chercher dans {}",
    "{} matches everything": "{} trouve tout",
    "a word has more than 100 characters": "un mot a plus de 100 caractères",
    "{} is not a word": "{} n’est pas un mot",
    "{} words is too far": "{} mots, c’est trop loin",
    "{} is not a field": "{} n’est pas un champ",
    "{} is not a range of {}": "{} n’est pas un intervalle de {}",
    "{} is not a date": "{} n’est pas une date",
    "{} is not a number": "{} n’est pas un nombre",
    "{} is not a {} code": "{} n’est pas un code ({})",
    "{} is not a {}": "{} n’est pas une valeur de {}",
    "the range of {} is empty": "l’intervalle de {} est vide",
    # parser: hints
    "a query has at most {} characters": "une requête a au plus {} caractères",
    "write a word to look for": "écrivez un mot à chercher",
    "add at least one word or field that must be there":
        "ajoutez au moins un mot ou un champ qui doit être présent",
    "end it with >>>": "terminez-le par >>>",
    "at most {} levels; most parentheses can be left out":
        "au plus {} niveaux ; la plupart des parenthèses sont inutiles",
    "remove it, or add {} before it": "supprimez-la, ou ajoutez {} avant",
    'add " at the end of the phrase': "ajoutez \" à la fin de l’expression",
    "add {} where it ends": "ajoutez {} là où elle finit",
    "put it in quotes": "mettez-le entre guillemets",
    "add a word, or remove it": "ajoutez un mot, ou supprimez-le",
    "write a word before {}, or put it in quotes to search for it":
        "écrivez un mot avant {}, ou mettez-le entre guillemets pour le chercher",
    "write something before the parenthesis, or remove it":
        "écrivez quelque chose avant la parenthèse, ou supprimez-la",
    "write the field first, as in {}": "écrivez d’abord le champ, comme dans {}",
    "split the query": "partagez la requête",
    "only words, phrases and (a OR b) can stand beside NEAR":
        "seuls des mots, des expressions et (a OR b) peuvent entourer NEAR",
    "move it outside": "sortez-le",
    "write NEAR/5": "écrivez NEAR/5",
    "write it without a space": "écrivez-le sans espace",
    "write at least one letter or digit beside the wildcard":
        "écrivez au moins une lettre ou un chiffre à côté du joker",
    "write at least one letter or digit": "écrivez au moins une lettre ou un chiffre",
    "shorten it with *": "abrégez-le avec *",
    "write * for any one word": "écrivez * pour un mot quelconque",
    "at most {}": "au plus {}",
    "put an address in quotes, or write {}":
        "mettez une adresse entre guillemets, ou écrivez {}",
    "did you mean {}: ? To search for the words themselves, use quotes":
        "vouliez-vous dire {}: ? Pour chercher les mots eux-mêmes, mettez des guillemets",
    "fields are {}; to search for the words themselves, use quotes":
        "les champs sont {} ; pour chercher les mots eux-mêmes, mettez des guillemets",
    "did you mean {} ?": "vouliez-vous dire {} ?",
    "one of {}": "au choix : {}",
    "write the code, as in {}": "écrivez le code, comme dans {}",
    "write {}, with * for an open side": "écrivez {}, avec * pour un côté ouvert",
    "write {}": "écrivez {}",
    # linter
    "typographic quotes ({}) are read as plain ones":
        "les guillemets typographiques ({}) sont lus comme des guillemets droits",
    "- that stands alone is left out; to exclude what follows, write NOT":
        "un - isolé est ignoré ; pour exclure ce qui suit, écrivez NOT",
    "{} is searched as a word; the operator is written {}":
        "{} est cherché comme un mot ; l’opérateur s’écrit {}",
    "{} is searched as words; the operator is written {}":
        "{} est cherché comme des mots ; l’opérateur s’écrit {}",
    "- before a word is read as NOT": "- devant un mot est lu comme NOT",
    "AND NOT is read as NOT": "AND NOT est lu comme NOT",
    "{} is read as {}": "{} est lu comme {}",
    "{} starts with a wildcard: it finds much that isn't meant":
        "{} commence par un joker : il trouve beaucoup de mots non voulus",
    "{} finds every word that starts with {}": "{} trouve tous les mots qui commencent par {}",
    "{} mixed with {} needs parentheses to say what belongs together":
        "{} mêlé à {} demande des parenthèses pour dire ce qui va ensemble",
    "the query only says what must be missing: a brand needs something to find":
        "la requête ne dit que ce qui doit manquer : une marque demande quelque chose à trouver",
    "{} is both wanted and excluded: this never finds it":
        "{} est à la fois voulu et exclu : il ne sera jamais trouvé",
}  # fmt: skip


_MOST_COLONS = 5


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    # The most literal sentences first: "a range needs a field" before "{} is not a {}".
    ordered = sorted(_FRENCH.items(), key=lambda item: (item[0].count("{}"), -len(item[0])))
    return tuple(
        (re.compile("(.*?)".join(map(re.escape, english.split("{}"))), re.DOTALL), french)
        for english, french in ordered
    )


def say(message: str, language: str) -> str:
    """Return a sentence of the parser or linter in ``language``; English where none is known."""
    if language != "fr" or not message:
        return message
    parts = message.split(": ", _MOST_COLONS)  # the linter joins message and hint
    for number in range(1, len(parts)):
        first = _said(": ".join(parts[:number]))
        if first and (second := _said(": ".join(parts[number:]))):
            return f"{first} : {second}"
    return _said(message) or message


def say_error(error: QueryError, language: str) -> QueryError:
    """Return ``error`` with message and hint in ``language``."""
    message, hint = say(error.message, language), say(error.hint, language)
    return QueryError(message, hint, column=error.column, line=error.line)


def _said(message: str) -> str:
    for pattern, french in _patterns():
        if match := pattern.fullmatch(message):
            pieces = french.split("{}")
            filled = zip(pieces, (*match.groups(), ""), strict=True)
            return "".join(piece + value for piece, value in filled)
    return ""
