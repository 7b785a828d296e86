"""Sample a brand's mentions to judge: how precise its query is, and what is missed."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from renom.app import App
from renom.brand import Brand
from renom.commands._output import out, print_json, safe
from renom.commands._session import Json, open_app
from renom.errors import ConfigError
from renom.mention import Mention
from renom.query import Document, matches, parse
from renom.reading import Selection
from renom.relevance import Estimate, rank, share

Kind = Literal["matched", "set aside", "near"]

_LOOKED_AT = 5_000
_BY = "renom query sample"
_YES = {"yes", "y", "1", "true", "oui", "o", "relevant"}
_NO = {"no", "n", "0", "false", "non", "irrelevant", "not_relevant", "not relevant"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A mention drawn; ``kind`` tells from where, ``said`` is the judgement so far."""

    mention: Mention
    kind: Kind
    said: bool | None = None


def command(
    brand: Annotated[str, typer.Argument(help="Name of a brand of the configuration.")],
    n: Annotated[int, typer.Option("--n", min=1, max=1000, help="How many to draw.")] = 50,
    label: Annotated[
        list[str] | None, typer.Option(help="A judgement, KEY=yes or KEY=no; can be repeated.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Judgements in a CSV with the columns key and relevant.")
    ] = None,
    pool: Annotated[
        Path | None, typer.Option(help="Texts, one a line, to look in for what the query misses.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who judges.")] = _BY,
    json: Json = False,
) -> None:
    """Draw mentions to judge and estimate precision and recall: `renom query sample Orange`."""
    app = open_app(need_file=True)
    watched = _brand(app, brand)
    given = dict([_label(text) for text in label or ()])
    if file is not None:
        given.update(_read_labels(file))
    for key, relevant in given.items():
        app.store.judge(key, watched.name, relevant, by=by, now=app.now())
    drawn = draw(app, watched, n)
    if not json and sys.stdin.isatty() and sys.stdout.isatty():
        drawn = _ask(app, watched, drawn, by)
    report = {
        "brand": watched.name,
        "judged_now": len(given),
        **measure(app, watched, drawn),
        "pool": None if pool is None else _in_pool(watched, pool),
    }
    if json:
        print_json({**report, "sample": [_plain(one) for one in drawn]})
    else:
        _print(report, drawn)


def _brand(app: App, name: str) -> Brand:
    for brand in app.brands:
        if brand.name.casefold() == name.casefold():
            return brand
    known = ", ".join(brand.name for brand in app.brands)
    raise ConfigError(f"no brand is named `{name}`", f"known: {known}")


def _label(text: str) -> tuple[str, bool]:
    key, _, said = text.rpartition("=")
    if not key:
        raise ConfigError(f"--label {text}: write KEY=yes or KEY=no")
    return key, _truth(said, f"--label {text}")


def _truth(said: str, where: str) -> bool:
    word = said.strip().casefold()
    if word not in _YES | _NO:
        raise ConfigError(f"{where}: {said!r} is neither yes nor no")
    return word in _YES


def _read_labels(file: Path) -> dict[str, bool]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    if rows and not {"key", "relevant"} <= rows[0].keys():
        raise ConfigError(f"{file}: the first line must name the columns key and relevant")
    return {
        row["key"]: _truth(row["relevant"], f"{file}, line {number}")
        for number, row in enumerate(rows, 2)
        if row["relevant"] and row["relevant"].strip()
    }


# -- drawing -----------------------------------------------------------------------------------


def draw(app: App, brand: Brand, n: int) -> list[Drawn]:
    """Return ``n`` mentions the query matches, and up to half as many it may have missed.

    Of everything the query's words matched, stored or set aside, the first ``n`` in an order as
    if shuffled; then mentions stored for other brands that name this one or hold its context.
    """
    said = {one.mention_key: one.relevant for one in app.store.judgements(brand.name)}
    beyond = _near(app, brand, said)
    found: dict[str, Drawn] = {}
    for one in app.store.sample(brand.name, limit=n):
        found[one.mention.key] = Drawn(one.mention, "matched")
    for held in app.store.set_aside(brand.name):
        found[held.mention.key] = Drawn(held.mention, "set aside")
    for mention in beyond:  # a person's yes has made some of them matches
        found.pop(mention.key, None)
    first = sorted(found.values(), key=lambda one: rank(one.mention.key))[:n]
    near = [Drawn(mention, "near") for mention in beyond[: max(1, n // 2)]]
    return [Drawn(one.mention, one.kind, said.get(one.mention.key)) for one in (*first, *near)]


def _near(app: App, brand: Brand, said: Mapping[str, bool]) -> list[Mention]:
    """Return mentions stored for other brands only that a relaxed query finds, as if shuffled."""
    found: dict[str, Mention] = {}
    page = app.store.search(Selection(query=relaxed(brand)), limit=1000)
    looked = 0
    while True:
        looked += len(page.found)
        for one in page.found:
            if brand.name not in one.brands or said.get(one.mention.key):
                found[one.mention.key] = one.mention
        if page.after is None or looked >= _LOOKED_AT:
            break
        page = app.store.search(Selection(query=relaxed(brand)), limit=1000, after=page.after)
    query = parse(brand.query)
    unmatched = [one for one in found.values() if not matches(query, Document.of(one))]
    return sorted(unmatched, key=lambda mention: rank(mention.key))


def relaxed(brand: Brand) -> str:
    """Return a query for anything that may be about the brand: its names and context words."""
    said = (brand.name, *brand.aliases, *brand.context)
    words = ['"' + text.replace('"', " ").replace("\\", " ").strip() + '"' for text in said]
    words += [f"@{handle}" for handle in brand.handles.values() if handle.isidentifier()]
    return " OR ".join(word for word in dict.fromkeys(words) if word.strip('" '))


# -- measuring ---------------------------------------------------------------------------------


def measure(app: App, brand: Brand, drawn: Sequence[Drawn]) -> dict[str, Any]:
    """Return what the judgements of a draw say of the query, of the sieve and of what is missed.

    ``precision_words`` is the query's own, before the sieve; ``precision`` that of what is kept;
    ``set_aside`` the share of what the sieve held back that is relevant: its mistakes; ``near``
    the share of what a relaxed query finds among other brands' mentions. ``recall`` compares the
    relevant mentions kept with those estimated to be missed, in what the database holds: what no
    brand's query matched was never stored.
    """
    first = [one for one in drawn if one.kind != "near"]
    held = {
        one.mention.key for one in app.store.set_aside(brand.name) if one.probability is not None
    }
    kept = [one for one in first if one.mention.key not in held]
    aside = [one for one in first if one.mention.key in held]
    near = [one for one in drawn if one.kind == "near"]
    said = {one.mention_key: one.relevant for one in app.store.judgements(brand.name)}
    volume = app.store.tally(Selection(brands=(brand.name,))).mentions
    precision = _share(kept)
    missed_near = _share(near)
    missed_aside = _share(aside)
    many_near = len(_near(app, brand, said)) if near else 0
    relevant = (precision.share or 0.0) * volume
    missed = (missed_near.share or 0.0) * many_near + (missed_aside.share or 0.0) * len(held)
    model = app.sieve.model(brand.name, now=app.now())
    return {
        "mentions": volume,
        "judged": len(said),
        "precision_words": _share(first),
        "precision": precision,
        "set_aside": {"mentions": len(held), "relevant": missed_aside},
        "near": {"mentions": many_near, "relevant": missed_near},
        "recall": relevant / (relevant + missed)
        if precision.share and _known(near, aside)
        else None,
        "classifier": None
        if model is None
        else {"in_use": model.speaks, "labels": model.labels, "threshold": model.threshold},
    }


def _known(*groups: Sequence[Drawn]) -> bool:
    """Whether there is such a group, and something of each was judged."""
    filled = [group for group in groups if group]
    return bool(filled) and all(any(one.said is not None for one in group) for group in filled)


def _share(drawn: Iterable[Drawn]) -> Estimate:
    said = [one.said for one in drawn if one.said is not None]
    return share(sum(said), len(said))


def _in_pool(brand: Brand, pool: Path) -> dict[str, Any]:
    """Return what the query and the relaxed one find in a file of texts, one a line."""
    try:
        texts = [line.strip() for line in pool.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{pool} cannot be read: {error}") from error
    strict, wide = parse(brand.query), parse(relaxed(brand))
    documents = [Document(text) for text in texts]
    found = [document for document in documents if matches(strict, document)]
    missed = [d for d in documents if matches(wide, d) and not matches(strict, d)]
    missed.sort(key=lambda document: rank(document.text))
    return {
        "texts": len(texts),
        "matched": len(found),
        "near": len(missed),
        "examples": [document.text[:300] for document in missed[:20]],
    }


# -- telling -----------------------------------------------------------------------------------


def _ask(app: App, brand: Brand, drawn: Sequence[Drawn], by: str) -> list[Drawn]:
    out.print(safe(f"Is it about {brand.name}? y or n, Enter to leave open, q to stop."))
    answered: list[Drawn] = []
    stopped = False
    for one in drawn:
        if one.said is not None or stopped:
            answered.append(one)
            continue
        out.print()
        out.print(safe(one.mention.full_text, width=600))
        said = out.input("[y/n/q] ").strip().casefold()
        stopped = said == "q"
        if said in _YES | _NO:
            app.store.judge(one.mention.key, brand.name, said in _YES, by=by, now=app.now())
            one = Drawn(one.mention, one.kind, said in _YES)
        answered.append(one)
    return answered


def _plain(one: Drawn) -> dict[str, Any]:
    return {
        "key": one.mention.key,
        "kind": one.kind,
        "relevant": one.said,
        "text": one.mention.full_text,
        "url": one.mention.url,
    }


def _print(report: Mapping[str, Any], drawn: Sequence[Drawn]) -> None:
    for one in drawn:
        if one.said is None:
            out.print(safe(f"{one.mention.key}  ({one.kind})", style="cyan"))
            out.print(safe(one.mention.full_text, width=300))
    head = f"{report['brand']}: {report['mentions']} mentions, {report['judged']} judged"
    out.print(safe(head, style="bold"))
    out.print(safe(f"precision of the query     {_told(report['precision_words'])}"))
    out.print(safe(f"precision of what is kept  {_told(report['precision'])}"))
    aside, near = report["set_aside"], report["near"]
    out.print(
        safe(f"set aside: {aside['mentions']}, of which relevant  {_told(aside['relevant'])}")
    )
    out.print(
        safe(f"perhaps missed: {near['mentions']}, of which relevant  {_told(near['relevant'])}")
    )
    recall = report["recall"]
    out.print(
        safe(f"recall in what is stored   {'unknown' if recall is None else f'{recall:.0%}'}")
    )
    if report["pool"] is not None:
        pool = report["pool"]
        out.print(
            safe(f"pool: {pool['texts']} texts, {pool['matched']} matched, {pool['near']} near it")
        )
        for text in pool["examples"]:
            out.print(safe(f"  {text}", width=200))
    out.print(safe("Judge with --label KEY=yes, --file labels.csv, or in a terminal.", style="dim"))


def _told(estimate: Estimate) -> str:
    if estimate.share is None:
        return "nothing judged yet"
    return (
        f"{estimate.share:.0%} (between {estimate.low:.0%} and {estimate.high:.0%}, "
        f"{estimate.judged} judged)"
    )
