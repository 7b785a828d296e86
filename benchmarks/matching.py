"""Measure matching: texts per second against 1, 100, 1,000 and 10,000 Boolean queries.

Run ``python benchmarks/matching.py [--texts N] [--queries 1,100,1000]``. Columns, all by CPU time
of one core and on the same texts in the same process:

- ``names``: ``Matcher.names``, the full Boolean answer; ``match``: with spans to highlight;
- ``scan``: the bare multi-pattern scan for the same anchors in folded text, the limit;
- ``regex``: one compiled regular expression per word of each query (on fewer texts).

Texts are made up: 60 % English and 15 % French-like of a Zipf vocabulary, 35 % name a brand.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from collections.abc import Callable, Iterable

from ahocorasick_rs import AhoCorasick

from renom.query import Document, Matcher, Node, Not, Or, Query, Term, fold, parse
from renom.query.anchors import anchors_of
from renom.query.text import spread

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


def measure(sample: list[str], parsed: dict[str, Query]) -> dict[str, float]:
    """Return the rates of all engines for one set of queries."""
    start = time.process_time()
    matcher = Matcher(parsed)
    build = time.process_time() - start
    documents = [Document(text) for text in sample]
    folded = [fold(text) for text in sample]
    literals = {anchor for query in parsed.values() for anchor in anchors_of(query.root) or ()}
    lines = [spread(text) for text in sample]
    bare = AhoCorasick(sorted(literals)).find_matches_as_indexes
    few = max(20, min(len(sample), 20_000 // max(len(parsed), 1)))
    naive = regex_matcher(parsed.values())
    return {
        "names": rate(lambda: [matcher.names(document) for document in documents], len(sample)),
        "match": rate(lambda: [matcher.match(document) for document in documents], len(sample)),
        "scan": rate(lambda: [bare(text, overlapping=True) for text in lines], len(sample)),
        "fold": rate(lambda: [spread(text) for text in sample], len(sample)),
        "regex": rate(lambda: [naive(text) for text in folded[:few]], few),
        "matches": sum(len(matcher.names(document)) for document in documents),
        "build": build,
    }


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
    sample = texts(chance, words, brands[: max(counts)], options.texts)
    written = queries(chance, words, brands)
    print(f"{len(sample):,} texts, mean {sum(map(len, sample)) / len(sample):.0f} characters")
    print(
        f"{'queries':>8} {'names/s':>9} {'match/s':>9} {'scan/s':>9} {'fold/s':>9} {'regex/s':>9}"
        f" {'names:scan':>10} {'names:regex':>11} {'matches':>8} {'build s':>8} {'peak MB':>8}"
    )
    for count in counts:
        parsed = {brand: parse(written[brand]) for brand in brands[:count]}
        row = measure(sample, parsed)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count:>8,} {row['names']:>9,.0f} {row['match']:>9,.0f} {row['scan']:>9,.0f}"
            f" {row['fold']:>9,.0f} {row['regex']:>9,.0f} {row['names'] / row['scan']:>10.2f}"
            f" {row['names'] / row['regex']:>11,.1f} {row['matches']:>8,.0f} {row['build']:>8.2f}"
            f" {peak:>8.0f}"
        )


if __name__ == "__main__":
    main()
