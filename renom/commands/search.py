"""Search the mentions with a Boolean query."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import typer
from rich.text import Text

from renom.app import App
from renom.commands._output import ago, out, print_json, safe
from renom.commands._session import Json, open_app
from renom.contracts import parse_duration
from renom.errors import ConfigError
from renom.reading import Found, Selection


def command(
    query: Annotated[str, typer.Argument(help="Boolean query; empty for everything.")] = "",
    brand: Annotated[list[str] | None, typer.Option(help="Only these brands.")] = None,
    since: Annotated[str | None, typer.Option(help="Only the last, e.g. 7d.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only these sources.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only negative, neutral or positive.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only these languages.")] = None,
    order: Annotated[str, typer.Option(help="newest, relevance or telling.")] = "newest",
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 20,
    after: Annotated[str | None, typer.Option(help="Continue after this page.")] = None,
    json: Json = False,
) -> None:
    """Search the mentions: `renom search '"service client" NOT fibre' --since 7d`."""
    app = open_app()
    if order not in ("newest", "relevance", "telling"):
        raise ConfigError(f"--order {order}: newest, relevance or telling")
    for given in label or ():
        if given not in ("negative", "neutral", "positive"):
            raise ConfigError(f"--label {given}: negative, neutral or positive")
    now = app.now()
    selection = Selection(
        query=query,
        brands=tuple(brand or ()),
        start=now - _duration(since) if since else None,
        sources=tuple(source or ()),
        labels=tuple(label or ()),  # type: ignore[arg-type]
        languages=tuple(language or ()),
    )
    _search(app, selection, order, limit, after, now, json)  # type: ignore[arg-type]


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"--since: {error}") from None


def _search(
    app: App,
    selection: Selection,
    order: Literal["newest", "relevance", "telling"],
    limit: int,
    after: str | None,
    now: datetime,
    json: bool,
) -> None:
    page = app.store.search(selection, limit=limit, after=after, order=order)
    if json:
        print_json({"found": [plain(found) for found in page.found], "after": page.after})
        return
    for found in page.found:
        _print(found, now)
    more = f"; more with --after {page.after}" if page.after else ""
    out.print(safe(f"{len(page.found)} mentions{more}", style="dim"))


def _print(found: Found, now: datetime) -> None:
    mention = found.mention
    sentiment = found.enrichment.sentiment
    head = f"{ago(mention.published_at, now)} ago  {mention.platform}  {', '.join(found.brands)}"
    if sentiment is not None:
        head += f"  {sentiment.label}"
    if found.story_size > 1:
        head += f"  ({found.story_size} near-identical)"
    out.print(safe(head, style="cyan"))
    out.print(_highlighted(found, width=300))
    if mention.url:
        out.print(safe(mention.url, style="dim"))
    out.print()


def _highlighted(found: Found, *, width: int) -> Text:
    """Return the start of the text, or the part around the first match, with matches marked."""
    text = found.mention.full_text
    first = found.spans[0][0] if found.spans else 0
    begin = max(0, first - 80) if first > width - 80 else 0
    shown = Text("…" if begin else "")
    at = begin
    for start, end in found.spans:
        if start < at or end > begin + width:
            continue
        shown.append_text(safe(text[at:start]))
        shown.append_text(safe(text[start:end], style="bold yellow"))
        at = end
    shown.append_text(safe(text[at : max(at, begin + width)]))
    if begin + width < len(text):
        shown.append("…")
    return shown


def plain(found: Found) -> dict[str, Any]:
    """Return a found mention as one flat JSON object."""
    mention, enrichment = found.mention, found.enrichment
    return {
        "key": mention.key,
        "platform": mention.platform,
        "source": mention.source,
        "kind": mention.kind,
        "url": mention.url,
        "title": mention.title,
        "text": mention.text,
        "author": mention.author,
        "published_at": mention.published_at,
        "collected_at": mention.collected_at,
        "language": enrichment.language or mention.language,
        "rating": mention.rating,
        "engagement": mention.engagement,
        "brands": found.brands,
        "sentiment": enrichment.sentiment,
        "brand_sentiments": enrichment.brand_sentiments,
        "entities": enrichment.entities,
        "topics": enrichment.topics,
        "story": enrichment.story,
        "story_size": found.story_size,
        "spans": found.spans,
        "made_by": enrichment.made_by,
    }
