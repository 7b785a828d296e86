"""Measure matching: texts per second against 1, 100, 1,000 and 10,000 Boolean queries.

Run ``python benchmarks/matching.py [--texts 200000] [--queries 1,100,1000]``. Rates are texts per
CPU second of one core, on the same texts in the same process, the best of repeated runs:

- ``names``: ``Matcher.names_many``, the full Boolean answer; ``match``: with spans to highlight;
  ``one``: ``Matcher.names``, a text at a time (on fewer texts);
- ``scan``: the bare multi-pattern scan for the same anchors in texts already folded, many at a
  time as the matcher has them: the limit. ``fold+scan`` folds too, as every matcher must;
- ``regex``: one compiled regular expression per word of each query (on fewer texts);
- ``spaCy``: PhraseMatcher for the positive terms, tokenising included, no logic (fewer texts).

``MB`` is what building the matcher added to the process. Texts are made up: 15 % French-like, of
a Zipf vocabulary, 35 % name a brand.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ahocorasick_rs import BytesAhoCorasick

from renom.query import Document, Matcher, Node, Not, Or, Query, Term, fold, parse, terms
from renom.query.anchors import anchors_by_query
from renom.query.spreading import spread_joined

TOGETHER = 256

SYLLABLES = re.findall(
    "[a-z]+", "ba ce di fo gu la me ni po ru sa te vi zo tra ble cho pre sou men tion eur able"
)
ACCENTED = str.maketrans({"e": "é", "a": "à", "u": "ù"})


def vocabulary(chance: random.Random, size: int) -> list[str]:
    """Return ``size`` distinct pronounceable words, the most common short."""
    words: dict[str, None] = {}
    while len(words) < size:
        length = 2 + min(len(words) // 400, 2)
        words["".join(chance.choices(SYLLABLES, k=length))] = None
    return list(words)


def texts(chance: random.Random, words: list[str], brands: list[str], count: int) -> list[str]:
    """Return ``count`` texts of about 168 characters."""
    weights = [1 / (rank + 10) for rank in range(len(words))]
    made = []
    for _ in range(count):
        parts = chance.choices(words, weights, k=chance.randint(12, 36))
        if chance.random() < 0.35:
            name = chance.choice(brands)
            shown = chance.choice([name, name.title(), f"#{name}", f"@{name}", f"l'{name.title()}"])
            parts[chance.randrange(len(parts))] = shown
        text = " ".join(parts).capitalize() + chance.choice([".", " !", "?", " https://t.co/abc"])
        if chance.random() < 0.15:
            text = text.translate(ACCENTED).replace("'", "’")
        made.append(text)
    return made


def queries(chance: random.Random, words: list[str], brands: list[str]) -> dict[str, str]:
    """Return one Boolean query per brand, of the five forms analysts write."""
    made = {}
    for number, brand in enumerate(brands):
        a, b, c, d = chance.sample(words[50:4000], 4)
        made[brand] = (
            f"{brand} AND ({a} OR {b} OR {c}) NOT {d}",
            f'"{brand} {a}" OR {brand} NEAR/5 {b}',
            f"{{{brand.title()}}} OR @{brand} OR #{brand}",
            f"{brand[:-1]}* AND ({a} OR {b}* OR {c})",
            f"{brand} NOT ({a} OR {b})",
        )[number % 5]
    return made


def rate(run: Callable[[], object], count: int, least: float = 1.0) -> float:
    """Return texts per CPU second, from the best of repeated runs over ``count`` texts."""
    best, spent = float("inf"), 0.0
    while spent < least:
        start = time.process_time()
        run()
        taken = time.process_time() - start
        best, spent = min(best, taken), spent + taken
    return count / best


def regex_matcher(parsed: Iterable[Query]) -> Callable[[str], int]:
    """Return the naive way: every query's own regular expressions on every text."""

    def build(node: Node) -> Callable[[str], bool]:
        if isinstance(node, Term):
            glued = r"\W+".join(
                re.escape(word.folded).replace(r"\*", r"\w*") for word in node.words
            )
            found = re.compile(rf"\b{glued}\b").search
            return lambda text: found(text) is not None
        if isinstance(node, Not):
            inner = build(node.item)
            return lambda text: not inner(text)
        parts = [build(item) for item in getattr(node, "items", ())]
        if isinstance(node, Or):
            return lambda text: any(part(text) for part in parts)
        return lambda text: all(part(text) for part in parts)

    tests = [build(query.root) for query in parsed]
    return lambda text: sum(test(text) for test in tests)


def phrase_matcher(parsed: Iterable[Query]) -> Callable[[str], int]:
    """Return spaCy's way to find the positive terms, without the logic between them."""
    import spacy
    from spacy.matcher import PhraseMatcher

    blank = spacy.blank("en")
    matcher = PhraseMatcher(blank.vocab, attr="LOWER")
    for number, query in enumerate(parsed):
        found = {
            " ".join(word.folded.strip("*?") for word in term.words)
            for term in terms(query.root, positive_only=True)
        }
        matcher.add(str(number), [blank.make_doc(text) for text in sorted(found)])
    return lambda text: len(matcher(blank.make_doc(text)))


def resident() -> float:
    """Return the memory of this process in MB."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(sample: list[str], parsed: dict[str, Query]) -> dict[str, float]:
    """Return the rates of all engines for one set of queries."""
    before, start = resident(), time.process_time()
    matcher = Matcher(parsed)
    build = time.process_time() - start
    memory = resident() - before
    documents = [Document(text) for text in sample]
    anchors = anchors_by_query([query.root for query in parsed.values()])
    literals = {anchor.encode() for some in anchors for anchor in some or ()}
    bare = BytesAhoCorasick(sorted(literals)).find_matches_as_indexes
    batches = [sample[at : at + TOGETHER] for at in range(0, len(sample), TOGETHER)]
    folded = [spread_joined(batch) for batch in batches]
    naive, spacy = regex_matcher(parsed.values()), phrase_matcher(parsed.values())
    few = max(20, min(len(sample), 20_000 // max(len(parsed), 1)))
    lowered = [fold(text) for text in sample[:few]]
    some = documents[:5_000]
    count = len(sample)

    def fold_and_scan() -> None:
        for batch in batches:
            bare(spread_joined(batch), overlapping=True)

    return {
        "names": rate(lambda: matcher.names_many(documents), count),
        "match": rate(lambda: matcher.match_many(documents), count),
        "one": rate(lambda: [matcher.names(document) for document in some], len(some)),
        "fold+scan": rate(fold_and_scan, count),
        "scan": rate(lambda: [bare(text, overlapping=True) for text in folded], count),
        "regex": rate(lambda: [naive(text) for text in lowered], few),
        "spaCy": rate(lambda: [spacy(text) for text in sample[:300]], 300),
        "matches": sum(map(len, matcher.names_many(documents))),
        "build": build,
        "memory": memory,
    }


RATES = ("names", "match", "one", "fold+scan", "scan", "regex", "spaCy")
LIMITS = ("fold+scan", "scan", "regex", "spaCy")


def main() -> None:
    """Print the table."""
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    reader.add_argument("--texts", type=int, default=20_000)
    reader.add_argument("--queries", default="1,100,1000,10000")
    options = reader.parse_args()
    chance = random.Random(7)
    words = vocabulary(chance, 8_000)
    counts = [int(part) for part in options.queries.split(",")]
    brands = [f"{word}x{chance.choice('aeiou')}" for word in vocabulary(chance, max(counts))]
    sample = texts(chance, words, brands, options.texts)
    written = queries(chance, words, brands)
    print(f"{len(sample):,} texts, mean {sum(map(len, sample)) / len(sample):.0f} characters")
    heads = [f"{name + '/s':>11}" for name in RATES] + [f"{'names:' + name:>15}" for name in LIMITS]
    print(f"{'queries':>8}{''.join(heads)} {'matches':>8} {'build s':>8} {'MB':>6}")
    for count in counts:
        parsed = {brand: parse(written[brand]) for brand in brands[:count]}
        row = measure(sample, parsed)
        cells = [f"{row[name]:>11,.0f}" for name in RATES]
        cells += [f"{row['names'] / row[name]:>15,.2f}" for name in LIMITS]
        print(
            f"{count:>8,}{''.join(cells)} {row['matches']:>8,.0f} {row['build']:>8.2f}"
            f" {row['memory']:>6.1f}"
        )


if __name__ == "__main__":
    main()
