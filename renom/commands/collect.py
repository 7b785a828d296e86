"""Collect from configured sources, or crawl ad hoc without any configuration."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Annotated, Any

import typer

from renom import registry
from renom.app import DEFAULT_EVERY, App
from renom.brand import Brand
from renom.commands._output import err, out, print_json, progress, safe, table
from renom.commands._session import EXIT_FAILED, Json, open_app
from renom.config import ComponentSpec
from renom.contracts import Source, parse_duration
from renom.errors import ConfigError
from renom.mention import Mention
from renom.pipeline import Collected, collect
from renom.query import parse


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Configured sources (default: all), or a source type with --url."),
    ] = None,
    url: Annotated[str | None, typer.Option(help="Address to crawl ad hoc.")] = None,
    query: Annotated[
        str | None, typer.Option(help="Boolean query deciding what is a mention (ad hoc).")
    ] = None,
    brand: Annotated[
        str | None, typer.Option(help="Only this brand; ad hoc: file what is found under it.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Look back this far, e.g. 7d.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many mentions.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be stored; store nothing.")
    ] = False,
    enrich: Annotated[
        bool, typer.Option("--enrich/--no-enrich", help="Understand what was stored.")
    ] = False,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="Option of an ad-hoc source: key=value.")
    ] = None,
    json: Json = False,
) -> None:
    """Collect from the configured sources, or ad hoc: `renom collect rss --url URL --query Q`."""
    app = open_app()
    back = _since(since)
    chosen = _chosen(app, names or [], url, query, brand, option or [])
    results = []
    with progress() as shown:
        for spec in chosen:
            task = shown.add_task(spec.name, detail="")

            def report(result: Collected, task: Any = task) -> None:
                shown.update(
                    task,
                    detail=f"{result.read} read, {result.saved.stored} new, "
                    f"{result.rejected_count} rejected",
                )

            source = _build(app, spec, back)
            if dry_run:
                results.append(app.preview(source, limit=limit))
            else:
                results.append(
                    collect(
                        source,
                        app.store,
                        app.matcher,
                        now=app.now,
                        every=spec.every or DEFAULT_EVERY,
                        limit=limit,
                        fresh=back is not None,
                        progress=report,
                    )
                )
            shown.remove_task(task)
    enriched = app.enrich().mentions if enrich and not dry_run else None
    if json:
        print_json({"dry_run": dry_run, "sources": [_plain(r) for r in results]})
    else:
        _print(results, dry_run=dry_run)
        if enriched is not None:
            out.print(f"{enriched} mentions understood")
    if any(result.error is not None for result in results):
        raise SystemExit(EXIT_FAILED)


def _since(text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"--since: {error}") from None


def _chosen(
    app: App,
    names: list[str],
    url: str | None,
    query: str | None,
    brand: str | None,
    options: list[str],
) -> list[ComponentSpec]:
    """Return what to run: an ad-hoc source, the named ones, or all."""
    configured = {spec.name.casefold() for spec in app.config.sources}
    if names and names[0].casefold() not in configured and names[0] in registry.types("sources"):
        if query:
            app.extra_brands = (Brand(name=brand or query, query=_parsed(query)),)
            app.config = dataclasses.replace(app.config, brands=())
        elif brand is not None:
            _only(app, brand)
        elif not app.config.brands:
            raise ConfigError(
                "nothing says what is a mention", "give --query 'acme AND NOT roadrunner'"
            )
        given = dict(_pair(text) for text in options)
        if url is not None:
            given["url"] = url
        return [ComponentSpec("sources", names[0], f"adhoc-{names[0]}", given, where="--set")]
    if url is not None or query is not None:
        raise ConfigError(
            "--url and --query go with a source type",
            "e.g. renom collect rss --url URL --query 'acme'; types: "
            + ", ".join(registry.types("sources")),
        )
    if brand is not None:
        _only(app, brand)
    if not names and not app.config.sources:
        raise ConfigError(
            "no source is configured", "run `renom init`, or crawl ad hoc with a type and --url"
        )
    return [app.source(name)[1] for name in names] if names else list(app.config.sources)


def _parsed(query: str) -> str:
    parse(query, refuse_negative=True)
    return query


def _only(app: App, name: str) -> None:
    kept = tuple(b for b in app.config.brands if b.name.casefold() == name.casefold())
    if not kept:
        known = ", ".join(b.name for b in app.config.brands) or "none"
        raise ConfigError(f"no brand is named `{name}`", f"configured: {known}")
    app.config = dataclasses.replace(app.config, brands=kept)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text}: write key=value")
    return key.strip(), value.strip()


def _build(app: App, spec: ComponentSpec, back: timedelta | None) -> Source:
    options = {**spec.options, "backfill": back} if back is not None else spec.options
    config = dataclasses.replace(app.config, brands=app.brands)
    built = registry.build(dataclasses.replace(spec, options=options), config)
    assert isinstance(built, Source)
    return built


def _print(results: list[Collected], *, dry_run: bool) -> None:
    if dry_run:
        for result in results:
            for mention, brands in result.mentions:
                _print_mention(mention, brands)
    shown = table(
        "source",
        "read",
        "would store" if dry_run else "new",
        "known",
        "no brand",
        "rejected",
        "seconds",
        right=("read", "new", "would store", "known", "no brand", "rejected", "seconds"),
    )
    for r in results:
        shown.add_row(
            safe(r.source),
            str(r.read),
            str(r.saved.stored),
            str(r.saved.already_known + r.unchanged),
            str(r.saved.unmatched),
            str(r.rejected_count),
            f"{r.seconds:.1f}",
        )
    out.print(shown)
    for r in results:
        for rejection in r.rejected[:10]:
            err.print(safe(f"rejected {rejection.item}: {rejection.reason}", width=200))
        if r.rejected_count > 10:
            err.print(safe(f"... and {r.rejected_count - 10} more rejected ({r.source})"))
        if r.error is not None:
            err.print(safe(f"{r.source}: {r.error.message}", style="red"))
            if r.error.hint:
                err.print(safe(f"hint: {r.error.hint}"))


def _print_mention(mention: Mention, brands: tuple[str, ...]) -> None:
    when = mention.published_at.strftime("%Y-%m-%d %H:%M")
    head = safe(f"{when}  {mention.kind}  {', '.join(brands)}", style="cyan")
    out.print(head)
    out.print(safe(mention.title or mention.text, width=110, style="bold"))
    if mention.title:
        out.print(safe(mention.text, width=240))
    if mention.url:
        out.print(safe(mention.url, style="dim"))
    out.print()


def _plain(result: Collected) -> dict[str, Any]:
    return {
        "source": result.source,
        "read": result.read,
        "stored": result.saved.stored,
        "already_known": result.saved.already_known,
        "unchanged": result.unchanged,
        "unmatched": result.saved.unmatched,
        "deleted": result.saved.deleted,
        "rejected": result.rejected_count,
        "rejections": result.rejected,
        "error": result.error.message if result.error else None,
        "hint": result.error.hint if result.error else None,
        "seconds": round(result.seconds, 3),
        "mentions": [
            {**_mention(mention), "brands": brands} for mention, brands in result.mentions
        ],
    }


def _mention(mention: Mention) -> dict[str, Any]:
    return {f.name: getattr(mention, f.name) for f in dataclasses.fields(mention)}
