"""Reading queries: the tree, what is printed back, and every refusal in plain words."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renom.errors import QueryError
from renom.query import (
    And,
    Document,
    Field,
    Matcher,
    Near,
    Node,
    Not,
    Or,
    Range,
    Term,
    Within,
    Word,
    matches,
    parse,
    tokens,
    walk,
)


def term(*words: str) -> Term:
    return Term(tuple(Word(word) for word in words))


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("orange", term("orange")),
        ("orange mobile", And((term("orange"), term("mobile")))),
        ("a AND b AND c", And((term("a"), term("b"), term("c")))),
        ("a OR b c", Or((term("a"), And((term("b"), term("c")))))),
        ("a NOT b", And((term("a"), Not(term("b"))))),
        ("a AND NOT b", And((term("a"), Not(term("b"))))),
        ("a -b", And((term("a"), Not(term("b"))))),
        ("NOT NOT a", term("a")),
        ("+a +b", And((term("a"), term("b")))),
        ('"service client"', term("service", "client")),
        ("« service client »", term("service", "client")),
        ("“service client”", term("service", "client")),
        ("l'Orange", term("l", "Orange")),
        ("e-mail", term("e", "mail")),
        ("canal+", term("canal", "+")),
        ("{Orange}", Term((Word("Orange", exact=True),))),
        ("#orange", Term((Word("orange", sigil="#"),))),
        ("@orange_fr", Term((Word("orange_fr", sigil="@"),))),
        ('"a b"~5', Near((term("a"), term("b")), 5)),
        ("a NEAR/5 b", Near((term("a"), term("b")), 5)),
        ("a NEAR/5f b", Near((term("a"), term("b")), 5, ordered=True)),
        ("a ONEAR/5 b", Near((term("a"), term("b")), 5, ordered=True)),
        ("a NEAR/5 b c", And((Near((term("a"), term("b")), 5), term("c")))),
        ("title:orange", Within("title", term("orange"))),
        ("title:(a OR b)", Within("title", Or((term("a"), term("b"))))),
        ("site:lemonde.fr", Field("site", "lemonde.fr")),
        ("site:(a.fr OR b.fr)", Or((Field("site", "a.fr"), Field("site", "b.fr")))),
        ("url:https://a.fr/x?y=1", Field("url", "https://a.fr/x?y=1")),
        ("language:FR", Field("language", "fr")),
        ("rating:[1 TO 2]", Range("rating", 1.0, 2.0)),
        ("rating:5", Range("rating", 5.0, 5.0)),
        ("followers:>=10000", Range("followers", 10000.0, None)),
        ("a <<< all of this is a comment >>> b", And((term("a"), term("b")))),
        ("and or not", And((term("and"), term("or"), term("not")))),
        ('"AND"', term("AND")),
        ("a - b", And((term("a"), term("b")))),
        ("a , b — c ?", And((term("a"), term("b"), term("c")))),
        ("(a -) b!", And((term("a"), term("b")))),
        (r"f\*\*k", term("f", "k")),
        ("hashtag:orange", Term((Word("orange", sigil="#"),))),
        ("raw:Orange", Term((Word("Orange", exact=True),))),
        ("lang:fr", Field("language", "fr")),
        ("titre:orange", Within("title", term("orange"))),
    ],
)
def test_text_gives_tree(text: str, root: Node) -> None:
    query = parse(text)
    assert query.root == root
    assert query.text == text


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("", "the query is empty", 1),
        ("(a", "this parenthesis is not closed", 1),
        ("a)", "this closing parenthesis was never opened", 2),
        ("(a]", "this closing square bracket was never opened", 3),
        ('a "b', "a quotation mark is not closed", 3),
        ("a <<< b", "a comment is not closed", 3),
        ("a AND", "something is missing after AND", 3),
        ("OR a", "something is missing before OR", 1),
        ("a ()", "something is missing before this parenthesis", 4),
        ("a NEAR b", "NEAR needs a distance", 3),
        ("a NEAR/5000 b", "5000 words is too far", 3),
        ("a NEAR/5 (b AND c)", "NEAR can't be used with b AND c", 3),
        ("*", "'*' matches everything", 1),
        ("sitee:lemonde.fr", "'sitee' is not a field", 1),
        ("kind:artcle", "'artcle' is not a kind", 1),
        ("language:french", "'french' is not a language code", 1),
        ("a rating:[2 TO 1]", "the range of rating is empty", 10),
        ("rating:good", "'good' is not a number", 1),
        ("published:[2026-13 TO *]", "'2026-13' is not a date", 11),
        ("title:(site:a.fr)", "a field can't stand inside another field", 8),
        ("[1 TO 2]", "a range needs a field", 1),
        ("-", "something is missing after -", 1),
        ("a ||", "there is nothing to search for in '||'", 3),
    ],
)
def test_mistake_is_named_with_its_column(text: str, message: str, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert caught.value.message == message
    assert (caught.value.line, caught.value.column) == (1, column)
    assert caught.value.hint


def test_line_is_counted_too() -> None:
    with pytest.raises(QueryError) as caught:
        parse("orange AND (\n  mobile OR\n  kind:artcle)")
    assert (caught.value.line, caught.value.column) == (3, 3)


def test_unknown_field_proposes_the_nearest() -> None:
    with pytest.raises(QueryError, match="not a field") as caught:
        parse("autor:x")
    assert "author:" in caught.value.hint


@pytest.mark.parametrize("text", ["NOT a", "a OR NOT b", "-a -b", "NOT (a AND b)"])
def test_brand_definition_needs_something_to_find(text: str) -> None:
    assert not parse(text).positive
    with pytest.raises(QueryError, match="must be missing"):
        parse(text, refuse_negative=True)


@pytest.mark.parametrize(
    "text", ["a NOT b", "site:lemonde.fr", "site:x.fr NOT a", "a OR kind:post"]
)
def test_fields_or_words_are_something_to_find(text: str) -> None:
    assert parse(text, refuse_negative=True).positive


@pytest.mark.parametrize(
    "text",
    [
        "x" * 20_001,
        "(" * 101 + "a" + ")" * 101,
        " NEAR/1 ".join(["a"] * 200),
        "a (b OR NOT " * 80 + "c" + ")" * 80,
        "a" * 101,
        '"' + "a " * 51 + '"~9',
        " OR ".join(["(a NEAR/1 b)"] * 501),
        " NEAR/1 ".join(["a"] * 22),
    ],
)
def test_oversized_query_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text)


def test_many_terms_and_deep_nesting_within_limits_are_read() -> None:
    assert len(parse(" OR ".join(f"w{n}" for n in range(2_000))).root.items) == 2_000  # type: ignore[union-attr]
    assert parse("(" * 100 + "a" + ")" * 100).root == term("a")
    assert parse("NOT " * 4_000 + "a").root == term("a")


_SOUP = """AND OR NOT NEAR/3 NEAR/2f ONEAR/1 NEAR ( ) " { } [ ] * ? - + # @ ~3 <<< >>> title: site:
rating: published: [1 TO 2] [* TO 2026] kind:post é œ l' ’ « » “ a b orange : / TO 1 2026-01-01 😍
東 \u0301 \u200b \x00 language:fr sentiment:"""
_pieces = st.sampled_from([*_SOUP.split(), "\n", "\t", " "])


@settings(
    max_examples=int(os.environ.get("RENOM_FUZZ", "700")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(_pieces, max_size=14).map(" ".join),
        st.lists(_pieces, max_size=14).map("".join),
    )
)
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert parse(str(query)) == query
    assert list(walk(query.root))
    document = Document(text or "x", title=text[:5])
    assert bool(Matcher({"q": query}).match(document)) == matches(query, document)


_words = st.sampled_from(
    ["orange", "Été", "AND", "to", "o*ge", "b?nk", "東京", "h&m", "+", "😍", "rock-n-roll", "x_y"]
)
_terms = st.one_of(
    _words.map(lambda word: f'"{word}"'),
    st.lists(_words, min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.lists(_words, min_size=2, max_size=4).map(lambda words: f'"{" ".join(words)}"~4'),
    st.sampled_from(["{Orange}", "{Orange Bank}", '"{Orange} bank"', "#tag", "@me", "{#Tag}"]),
    st.sampled_from(
        [
            "title:orange",
            'title:"a b"',
            "title:(a OR b NEAR/2 c)",
            'source:"my feed"',
            'url:"https://a.fr/?q=(x)"',
            "rating:[1.5 TO *]",
            "published:[2026-01-31 TO 2026-02]",
            "published:[2026-01-31T10:00:00+02:00 TO *]",
            'brand:"H&M"',
        ]
    ),
)
_queries = st.recursive(
    _terms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map(lambda part: f"NOT ({part})"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} NOT {pair[1]}"),
        st.tuples(_words, _words).map(lambda pair: f'("{pair[0]}" NEAR/3f "{pair[1]}") NEAR/2 x'),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(_queries)
def test_query_prints_back_to_the_same_tree(text: str) -> None:
    query = parse(text)
    assert parse(str(query)) == query


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(exclude_characters='*?"{}“”„‟«»〝〞＂<'), max_size=40))
def test_phrase_has_the_tokens_of_the_text(text: str) -> None:
    try:
        root = parse(f'"{text}"').root
    except QueryError:
        return
    assert isinstance(root, Term)
    assert [word.folded for word in root.words] == [token.folded for token in tokens(text)]
    assert [word.sigil for word in root.words] == [token.sigil for token in tokens(text)]
