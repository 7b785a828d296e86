"""Matching: what a query finds in a text, and that fast and slow ways agree."""

from __future__ import annotations

import time
import unicodedata
from datetime import UTC, datetime
from itertools import pairwise, product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from renom.mention import Author, Engagement, Mention, Rating
from renom.query import (
    And,
    Document,
    Matcher,
    Near,
    Node,
    Not,
    Or,
    Term,
    Token,
    fold,
    fold_case,
    folded_tokens,
    matches,
    normalise,
    parse,
    spans,
    tokens,
)
from renom.query.spreading import spread_joined


def found(query: str, text: str) -> list[str] | None:
    """Return the highlighted pieces of ``text``, or None when ``query`` doesn't match."""
    document = Document(text)
    parsed = parse(query)
    matched = Matcher({"q": parsed}).match(document)
    assert bool(matched) == matches(parsed, document)
    if not matched:
        return None
    assert matched["q"] == spans(parsed, document)
    return [document.text[start:end] for start, end in matched["q"]]


@pytest.mark.parametrize(
    ("query", "text", "pieces"),
    [
        ("orange", "ORANGE, Orange. orange", ["ORANGE", "Orange", "orange"]),
        ("orange", "l'Orange, l’Orange, lʼOrange et d'Orange", ["Orange"] * 4),
        (
            "orange",
            "Orange's Orange-Bank @orange #orange orange.fr",
            ["Orange"] * 2 + ["orange"] * 3,
        ),
        ("orange", "oranges orangé #OrangeFail blood_orange", ["orangé"]),
        ("orange", "_orange_ **Orange** <Orange>", ["orange", "Orange", "Orange"]),
        ("orange*", "#OrangeFail", ["OrangeFail"]),
        ("#orange", "orange #Orange x#orange ＃orange", ["Orange", "orange"]),
        ("@orange", "me@orange.fr @Orange", ["Orange"]),
        ("cafe", "CAFÉ cafe café", ["CAFÉ", "cafe", "café"]),
        ("café", "CAFÉ cafe café", ["CAFÉ", "café"]),
        ("opérat*", "operateur OPÉRATEUR", ["OPÉRATEUR"]),
        ("coeur", "cœur CŒUR", ["cœur", "CŒUR"]),
        ("cœur", "coeur", ["coeur"]),
        ("strasse", "Straße", ["Straße"]),
        ("orange", "𝐎𝐫𝐚𝐧𝐠𝐞 ｏｒａｎｇｅ o\u00adrange", ["𝐎𝐫𝐚𝐧𝐠𝐞", "ｏｒａｎｇｅ", "o\u00adrange"]),
        ("{Orange}", "orange Orange ORANGE", ["Orange"]),
        ("{Oran*}", "oranges Oranges", ["Oranges"]),
        ("{Été}", "été Été Ete", ["Été"]),
        (
            '"service client"',
            "Service\n client, service-client",
            ["Service\n client", "service-client"],
        ),
        ('"service client"', "service au client", None),
        ('"serv* cli?nt"', "services client", ["services client"]),
        ('"orange * mobile"', "orange est mobile; orange mobile", ["orange est mobile"]),
        ('"{Orange} bank"', "orange bank Orange Bank", ["Orange Bank"]),
        ("aujourd'hui", "Aujourd’hui", ["Aujourd’hui"]),
        ("canal+", "le canal, Canal+", ["Canal+"]),
        ("canal", "Canal+", ["Canal"]),
        ("H&M", "h & m, H M", ["h & m"]),
        ("😡", "quoi 😡😡 ?", ["😡", "😡"]),
        ("👩🏽‍💻", "ok 👩‍💻", ["👩‍💻"]),
        ("東京", "大東京都", ["東京"]),
        ("*phone", "iPhone phone phones", ["iPhone", "phone"]),
        ("o*n*e", "orange one onze ono", ["orange", "one", "onze"]),
        ("b?nk", "bank bnk baank", ["bank"]),
        ("a AND b", "b a", ["b", "a"]),
        ("a AND b", "a", None),
        ("a OR b", "b", ["b"]),
        ("a OR (b AND c)", "b a", ["a"]),
        ("a NOT b", "a b", None),
        ("a NOT b", "a c", ["a"]),
        ("NOT b", "c", []),
        ("a NEAR/2 b", "b x y a", ["b", "a"]),
        ("a NEAR/1 b", "b x y a", None),
        ("a NEAR/2f b", "b x y a", None),
        ("a NEAR/0f b", "a b x a", ["a", "b"]),
        ("a NEAR/3 a", "a x", None),
        ('"a b c"~1', "c x a b", ["c", "a", "b"]),
        ('"a b c"~0', "c x a b", None),
        ('"a a b"~1', "a b", None),
        ('"a a b"~1', "a b a", ["a", "b", "a"]),
        ("(a OR b) NEAR/1 (c OR d)", "a x x c b d", ["c", "b", "d"]),
        ("(a NEAR/1 b) NEAR/1 c", "a b x x c a x b x c", ["c", "a", "b", "c"]),
        ("title:a", "a", None),
    ],
)
def test_query_finds(query: str, text: str, pieces: list[str] | None) -> None:
    assert found(query, text) == pieces


def test_composed_and_decomposed_accents_are_the_same() -> None:
    decomposed = unicodedata.normalize("NFD", "l'été à Orléans")
    assert found("été", decomposed) == [unicodedata.normalize("NFD", "été")]
    assert found("{été}", decomposed) == [unicodedata.normalize("NFD", "été")]
    assert found(unicodedata.normalize("NFD", "orléans"), "Orléans") == ["Orléans"]


NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
MENTION = Mention(
    platform="trustpilot",
    external_id="1",
    source="avis-orange",
    url="https://fr.trustpilot.com/reviews/AbC?page=2",
    kind="review",
    title="Service client déplorable",
    text="Je quitte Orange.",
    published_at=NOW,
    collected_at=NOW,
    author=Author("@Jean_D", name="Jean Dupont", followers=120),
    language="fr",
    rating=Rating(2, 1, 5),
    engagement=Engagement(likes=3, views=1000),
    place="FR, Lyon",
)
DOCUMENT = Document.of(
    MENTION,
    sentiment="negative",
    brands=("Orange", "H&M"),
    aspects=("customer_service",),
    emotions=("anger",),
    touchpoint="get help",
)


@pytest.mark.parametrize(
    "query",
    [
        "title:deplorable",
        'title:("service client" NOT orange)',
        "title:(client NEAR/1 déplorable)",
        "author:jean_d",
        "author:@jean_d",
        'author:"jean dupont"',
        "author:*dupont",
        "site:trustpilot.com",
        "site:fr.trustpilot.com",
        "site:www.trustpilot.com",
        "site:*.trustpilot.*",
        "url:reviews/abc?page=2",
        "url:reviews*page",
        "language:fr",
        "country:fr",
        "platform:trustpilot",
        "source:avis-*",
        "kind:review",
        "sentiment:negative",
        "brand:orange",
        'brand:"h&m"',
        "aspect:customer_service",
        "emotion:anger",
        'touchpoint:"get help"',
        "rating:[1 TO 2]",
        "rating:2",
        "rating:<=2",
        "engagement:[3 TO 3]",
        "followers:[100 TO *]",
        "published:[2026-03-15 TO 2026-03-15]",
        "published:2026-03",
        "published:2026",
        "published:[2026-03-15T13:00:00+01:00 TO *]",
        "orange AND language:(fr OR en) AND rating:[* TO 2] NOT sentiment:positive",
    ],
)
def test_field_matches(query: str) -> None:
    assert matches(parse(query), DOCUMENT)
    assert not matches(parse(f"NOT ({query})"), DOCUMENT)
    assert list(Matcher({"yes": parse(query), "no": parse(f"NOT ({query})")}).names(DOCUMENT)) == [
        "yes"
    ]


@pytest.mark.parametrize(
    "query",
    [
        "title:orange",
        "author:jean",
        "site:pilot.com",
        "site:trustpilot",
        "country:be",
        "kind:post",
        "rating:[3 TO *]",
        "engagement:[4 TO *]",
        "published:[* TO 2026-03-14]",
        "published:[2026-03-15T13:00:00 TO *]",
    ],
)
def test_field_does_not_match(query: str) -> None:
    assert not matches(parse(query), DOCUMENT)


@pytest.mark.parametrize(
    "query",
    ["rating:[* TO *]", "followers:[0 TO *]", "published:[* TO *]", "site:*", "author:*a*"],
)
def test_unknown_value_never_matches(query: str) -> None:
    if query == "site:*":
        query = "site:*.*"
    assert not matches(parse(query), Document("a"))


def test_spans_count_characters_of_the_mention() -> None:
    (span, other) = spans(parse("client AND orange"), DOCUMENT)
    assert MENTION.full_text[slice(*span)] == "client"
    assert MENTION.full_text[slice(*other)] == "Orange"
    assert spans(parse("title:client"), DOCUMENT) == (span,)
    assert spans(parse("kind:review"), DOCUMENT) == ()


def test_names_keep_the_order_given() -> None:
    matcher = Matcher({name: parse("orange") for name in "zab"})
    assert matcher.names(Document("orange")) == ("z", "a", "b")
    assert list(matcher.match(Document("orange"))) == ["z", "a", "b"]
    assert Matcher({}).match(Document("orange")) == {}


# A second, slow reading of the same definitions, to hold the fast one against.


def word_fits(word: object, token: Token) -> bool:
    pattern, text = word.text, token.text  # type: ignore[attr-defined]
    if word.sigil and word.sigil != token.sigil:  # type: ignore[attr-defined]
        return False
    if word.exact:  # type: ignore[attr-defined]
        return glob_fits(pattern, unicodedata.normalize("NFC", text))
    if fold(pattern) != fold_case(pattern):
        return glob_fits(fold_case(pattern), fold_case(text))
    return glob_fits(fold(pattern), fold(text))


def glob_fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob_fits(pattern[1:], text[skip:]) for skip in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and glob_fits(pattern[1:], text[1:])


def slow_stretches(node: Node, words: list[Token]) -> set[tuple[int, int]]:
    if isinstance(node, Term):
        width = len(node.words)
        return {
            (at, at + width)
            for at in range(len(words) - width + 1)
            if all(word_fits(w, t) for w, t in zip(node.words, words[at:], strict=False))
        }
    if isinstance(node, Or):
        return set().union(*(slow_stretches(item, words) for item in node.items))
    assert isinstance(node, Near)
    near = set()
    for parts in product(*(slow_stretches(item, words) for item in node.items)):
        ordered = sorted(parts)
        apart = all(a[1] <= b[0] for a, b in pairwise(ordered))
        if not apart or (node.ordered and list(parts) != ordered):
            continue
        start, end = ordered[0][0], ordered[-1][1]
        if end - start - sum(b - a for a, b in parts) <= node.distance:
            near.add((start, end))
    return {
        one
        for one in near
        if not any(one != two and one[0] <= two[0] and two[1] <= one[1] for two in near)
    }


def slow_matches(node: Node, words: list[Token]) -> bool:
    if isinstance(node, And):
        return all(slow_matches(item, words) for item in node.items)
    if isinstance(node, Or):
        return any(slow_matches(item, words) for item in node.items)
    if isinstance(node, Not):
        return not slow_matches(node.item, words)
    return bool(slow_stretches(node, words))


_words = st.sampled_from(
    ["a", "b", "c", "é", "E", "ab", "a*", "*b", "?", "{A}", "#a", "@b", "+", "d'a"]
)
_phrases = st.lists(_words.filter(lambda w: "?" not in w), min_size=2, max_size=3)
_texts = st.lists(
    st.sampled_from(
        ["a", "A", "b", "c", "é", "e", "É", "ab", "abb", "#a", "@b", "+", "l'a", "x", "a-b"]
    ),
    min_size=1,
    max_size=12,
).map(" ".join)
_near_items = st.one_of(
    _words.filter(lambda w: w != "?"),
    _phrases.map(lambda words: f'"{" ".join(words)}"'),
    st.tuples(_words, _phrases).map(lambda p: f'("{p[0]}b" OR "{" ".join(p[1])}")'),
)
_leaves = st.one_of(
    _near_items,
    st.lists(st.sampled_from("abcé"), min_size=3, max_size=4).flatmap(
        lambda words: st.integers(0, 4).map(lambda n: f'"{" ".join(words)}"~{n}')
    ),
    st.tuples(_near_items, _near_items, st.integers(0, 4), st.sampled_from(["", "f"])).map(
        lambda t: f"({t[0]} NEAR/{t[2]}{t[3]} {t[1]})"
    ),
    st.tuples(_near_items, _near_items, _near_items, st.integers(0, 2), st.integers(0, 3)).map(
        lambda t: f"(({t[0]} NEAR/{t[3]} {t[1]}) NEAR/{t[4]}f {t[2]})"
    ),
)
_queries = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(inner, inner, st.sampled_from([" ", " AND ", " OR ", " NOT "])).map(
            lambda t: f"({t[0]}{t[2]}{t[1]})"
        ),
        inner.map(lambda part: f"NOT {part}"),
    ),
    max_leaves=5,
)


@settings(max_examples=900, deadline=None, suppress_health_check=list(HealthCheck))
@given(_queries, _texts)
@example('("a b" OR b) NEAR/1 c', "a b x c")
def test_matcher_agrees_with_the_slow_definition(query: str, text: str) -> None:
    parsed = parse(query)
    document = Document(text)
    expected = slow_matches(parsed.root, tokens(text))
    assert matches(parsed, document) == expected
    assert ("q" in Matcher({"other": parse("zzz"), "q": parsed}).match(document)) == expected


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_queries, min_size=1, max_size=5), st.lists(_texts, max_size=6))
def test_many_texts_and_queries_at_once_agree_with_one_by_one(
    queries: list[str], texts: list[str]
) -> None:
    parsed = {str(number): parse(query) for number, query in enumerate(queries)}
    documents = [Document(text) for text in texts]
    matcher = Matcher(parsed)
    expected = [
        {name: spans(query, document) for name, query in parsed.items() if matches(query, document)}
        for document in documents
    ]
    assert matcher.match_many(documents) == expected
    assert matcher.names_many(iter(documents)) == [tuple(found) for found in expected]
    assert [matcher.match(document) for document in documents] == expected


def test_long_and_short_texts_are_matched_together() -> None:
    long = "x " * 70_000
    texts = ["orange", long, f"{long} orange", "", "pomme", f"orange\n{long}"] * 2 + [
        "orange"
    ] * 600
    parsed = {"o": parse("orange"), "not": parse("NOT pomme"), "x": parse("x*")}
    expected = [
        tuple(
            name
            for name, found in (
                ("o", "orange" in text),
                ("not", "pomme" not in text),
                ("x", "x" in text),
            )
            if found
        )
        for text in texts
    ]
    assert Matcher(parsed).names_many(map(Document, texts)) == expected


@pytest.mark.parametrize("length", [199, 200, 201])
def test_word_of_more_than_200_letters_is_never_found(length: int) -> None:
    document = Document(f"b {'a' * length} c")
    assert matches(parse("aa*"), document) == (length <= 200)
    assert ("q" in Matcher({"q": parse("aa*")}).match(document)) == (length <= 200)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_index_form_is_our_tokens_in_ascii(text: str) -> None:
    indexed = normalise(text)
    assert indexed.isascii()
    assert indexed == indexed.lower()
    assert len(indexed.split()) == len(tokens(text))
    assert all(part.isalnum() for part in indexed.split())


_letters = st.one_of(
    st.text(max_size=3),
    st.text(alphabet="aéœßÀ_+&$€£ \u00ad\u0301\u200b\u2009\u0005\u202f\ufe0f½ªˆ’ʼ", max_size=6),
    st.sampled_from(
        ["😍", "👍🏽", "👩‍💻", "🇫🇷", "🅰", "東", "\u2329", "\ufdfa", "\u037a", "x_y", "…"]
    ),
)


@settings(max_examples=700, deadline=None)
@given(st.lists(_letters, max_size=8).map("".join))
@example("a_\u00adb")
@example("\x05ab")
def test_fast_tokens_are_the_tokens(text: str) -> None:
    expected = [token.folded for token in tokens(text)]
    assert folded_tokens(text) == expected
    others = ["l’été_à_la_fin_", "\x06 a", "東京 ok", "b\x05\x04c\n"]
    together = spread_joined([*others, text, "€ 5"]).decode().split("\n")
    assert together[-2].split() == expected
    assert [piece.split() for piece in together[:-2]] == [folded_tokens(one) for one in others]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_tokens_are_found_by_their_own_text(text: str) -> None:
    matcher_text = Document(text or "x")
    for token in tokens(text)[:5]:
        assert text[token.start : token.end] == token.text
        assert fold(token.folded) == token.folded
        if len(token.folded) <= 100 and "*" not in token.text:
            name = f"{{{token.text}}}"
            assert Matcher({"q": parse(name), "r": parse(f'"{token.text}"')}).names(
                matcher_text
            ) == (
                "q",
                "r",
            )


@pytest.mark.parametrize(
    "query",
    [
        "orange",
        '"a a a a b"',
        "a*a*a*a*a*b",
        "*a?a?a?a?b",
        "(a NEAR/1000 a) NEAR/1000 b",
        '"a a a b"~900',
        '"a * * b"',
        "a OR b OR c OR d NOT z*",
        "{A} OR é",
    ],
)
@pytest.mark.parametrize("text", ["a ", "a", "a b ", "l'é ", "_a", "a\u0301", "@a#"])
def test_time_grows_no_faster_than_the_text(query: str, text: str) -> None:
    matcher = Matcher({"q": parse(query)})

    def seconds(times: int) -> float:
        document = Document(text * times)
        start = time.process_time()
        matcher.match(document)
        return time.process_time() - start

    short = max(min(seconds(4_000), seconds(4_000)), 0.002)
    assert seconds(32_000) < short * 8 * 5


def test_ten_megabytes_are_matched() -> None:
    text = "le service client d’Orange répond 😡 " * 280_000
    document = Document(text)
    assert len(text) > 10_000_000
    matcher = Matcher({"yes": parse('"service client" AND {Orange}'), "no": parse("free")})
    assert matcher.names(document) == ("yes",)
