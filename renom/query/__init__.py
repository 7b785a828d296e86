"""The Boolean query language: grammar, parser, linter, matcher over many queries at once.

Brand definitions, rules, the dashboard's search box and ``renom search`` all use it;
``docs/query.md`` is its reference.
"""

from __future__ import annotations

from renom.query.document import Document, country_of, site_of
from renom.query.fields import FIELDS, LABEL_FIELDS, RANGE_FIELDS, TEXT_FIELDS
from renom.query.linter import Finding, lint
from renom.query.matcher import Matcher, Span, matches, spans
from renom.query.parser import parse
from renom.query.spreading import folded_tokens, normalise
from renom.query.text import Token, fold, fold_case, index_form, tokens
from renom.query.tree import (
    And,
    Field,
    Near,
    Node,
    Not,
    Or,
    Query,
    Range,
    Term,
    Within,
    Word,
    terms,
    walk,
)
from renom.query.wording import say_error

__all__ = [
    "FIELDS",
    "LABEL_FIELDS",
    "RANGE_FIELDS",
    "TEXT_FIELDS",
    "And",
    "Document",
    "Field",
    "Finding",
    "Matcher",
    "Near",
    "Node",
    "Not",
    "Or",
    "Query",
    "Range",
    "Span",
    "Term",
    "Token",
    "Within",
    "Word",
    "country_of",
    "fold",
    "fold_case",
    "folded_tokens",
    "index_form",
    "lint",
    "matches",
    "normalise",
    "parse",
    "say_error",
    "site_of",
    "spans",
    "terms",
    "tokens",
    "walk",
]
