"""Import files: exports of surveys, reviews, social tools and help desks."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renom import registry
from renom.app import App
from renom.brand import Brand
from renom.commands._output import err, out, print_json, progress, safe, table
from renom.commands._session import EXIT_FAILED, Json, open_app
from renom.commands.init import proposed_query
from renom.config import ComponentSpec, Config
from renom.contracts import Rejection, Saved
from renom.errors import ConfigError
from renom.mention import KINDS
from renom.pipeline import Collected, collect

if TYPE_CHECKING:
    from crawlers.files import FilesSource

MOST_BRANDS = 50
"""Brands taken from a file when none is configured; a column with more names is no brand column."""


def command(
    files: Annotated[list[str], typer.Argument(help="Files, folders or globs.")],
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="field=COLUMN, e.g. text=Verbatim; repeatable."),
    ] = None,
    save_as: Annotated[
        str | None, typer.Option(help="Remember this mapping for files of the same kind.")
    ] = None,
    brand: Annotated[str | None, typer.Option(help="File every row under this brand.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="article, post, review, survey, email ...")
    ] = None,
    platform: Annotated[str | None, typer.Option(help="Where the content lives.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of all rows.")] = None,
    scale: Annotated[str | None, typer.Option(help="Rating scale, worst..best: 0..10.")] = None,
    date_format: Annotated[str | None, typer.Option(help="strptime form: %d/%m/%Y.")] = None,
    date: Annotated[str | None, typer.Option(help="Date of rows that have none.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of times without one.")] = None,
    name: Annotated[str | None, typer.Option(help="Name as a source; default: the file's.")] = None,
    labels: Annotated[
        bool, typer.Option("--labels/--no-labels", help="Keep the sentiment labels of the file.")
    ] = True,
    enrich: Annotated[
        bool, typer.Option("--enrich/--no-enrich", help="Understand what was stored.")
    ] = True,
    json: Json = False,
) -> None:
    """Import CSV, JSON Lines, JSON, XLSX (also .gz); columns are recognised, guessed or mapped."""
    app = open_app()
    options = _options(
        app,
        map=dict(_pair(text) for text in map_ or ()),
        brand=brand,
        kind=_known_kind(kind),
        platform=platform,
        language=language,
        rating_scale=_scale(scale),
        date_format=date_format,
        published_at=date,
        timezone=timezone or app.config.timezone,
        labels=labels,
    )
    sources = [_source(app, path, options, name) for path in files]
    if not app.brands:
        _take_brands(app, sources, brand)
        sources = [_source(app, path, options, name) for path in files]
    if save_as is not None:
        _save(app, sources[0], save_as)
    results = []
    with progress() as shown:
        for source in sources:
            task = shown.add_task(f"reading {source.name}", detail="")

            def report(result: Collected, task: Any = task) -> None:
                shown.update(task, detail=f"{result.read:,} rows, {result.saved.stored:,} new")

            results.append(
                collect(source, app.store, app.matcher, now=app.now, fresh=True, progress=report)
            )
            shown.remove_task(task)
    understood = _understand(app) if enrich else 0
    _tell(app, sources, results, understood, json)
    if any(result.error is not None for result in results):
        raise SystemExit(EXIT_FAILED)


def _options(app: App, **given: Any) -> dict[str, Any]:
    kept = {key: value for key, value in given.items() if value not in (None, {}, "")}
    return {**kept, "mappings": str(_mappings(app))}


def _mappings(app: App) -> Path:
    folder = Path(app.config.path).parent if app.config.path else Path()
    return folder / "mappings.yaml"


def _source(app: App, path: str, options: dict[str, Any], name: str | None) -> FilesSource:
    stem = Path(path).name.split(".")[0] or Path(path).resolve().name
    spec = ComponentSpec("sources", "files", name or stem, {**options, "path": path})
    config: Config = dataclasses.replace(app.config, brands=app.brands)
    built: Any = registry.build(spec, config)
    return built


def _take_brands(app: App, sources: Sequence[FilesSource], brand: str | None) -> None:
    """Watch the brands that the files name, when no configuration names any."""
    names: Counter[str] = Counter({brand: 1} if brand else {})
    for source in () if brand else sources:
        for batch in source.fetch(None, now=app.now()):
            del batch  # only the brand values seen on the way matter
        names.update(source.unknown_brands)
    if not names:
        raise ConfigError(
            "no brand is configured and the files name none",
            "file everything under one with --brand NAME, or run `renom init`",
        )
    if len(names) > MOST_BRANDS:
        raise ConfigError(
            f"the files name {len(names)} brands and none is configured",
            "name the ones to watch in config.yaml (`renom init`)",
        )
    app.extra_brands = tuple(
        Brand(name, proposed_query(name), role="own" if index == 0 else "competitor")
        for index, (name, _) in enumerate(names.most_common())
    )
    err.print(safe("no config.yaml: watching " + ", ".join(b.name for b in app.extra_brands)))


def _save(app: App, source: FilesSource, name: str) -> None:
    from crawlers._columns import load_mappings, save_mapping

    path = _mappings(app)
    [first] = source._paths()[:1]
    opened, mapping = source.open(first)
    opened.close()
    mapping = dataclasses.replace(
        mapping,
        kind=source.options.kind or mapping.kind,
        platform=source.options.platform or mapping.platform,
    )
    save_mapping(path, name, opened.columns, mapping)
    err.print(safe(f"mapping `{name}` saved in {path} ({len(load_mappings(path))} in all)"))


def _understand(app: App) -> int:
    waiting = app.store.pending_count()
    with progress(total=True) as shown:
        task = shown.add_task("understanding", total=waiting, detail="")
        return app.enrich(progress=lambda done: shown.update(task, completed=done)).mentions


def _tell(
    app: App,
    sources: Sequence[FilesSource],
    results: Sequence[Collected],
    understood: int,
    json: bool,
) -> None:
    saved = sum((r.saved for r in results), Saved())
    rejected = [item for r in results for item in r.rejected]
    count = sum(r.rejected_count for r in results)
    reasons: Counter[str] = Counter(item.reason for item in rejected)
    if saved.unmatched:
        reasons["matches no brand"] += saved.unmatched
    read = sum(r.read for r in results) + count
    brands = {
        name: tally.mentions
        for name, tally in app.store.by("brand", _selection(sources), limit=MOST_BRANDS).items()
    }
    errors = [r.error for r in results if r.error is not None]
    if json:
        print_json(
            {
                "read": read,
                "stored": saved.stored,
                "already_known": saved.already_known,
                "updated": saved.updated,
                "rejected": count + saved.unmatched,
                "reasons": dict(reasons.most_common()),
                "rejections": rejected
                + (
                    [Rejection(f"{saved.unmatched} rows", "matches no brand")]
                    if saved.unmatched
                    else []
                ),
                "unmatched": saved.unmatched,
                "understood": understood,
                "brands": brands,
                "columns": {s.name: _columns(s) for s in sources} if not errors else {},
                "errors": [{"message": e.message, "hint": e.hint} for e in errors],
            }
        )
        return
    for source in sources if not errors else ():
        pairs = ", ".join(f"{field} = {column}" for field, column in _columns(source).items())
        out.print(safe(f"{source.name}: {pairs}", style="dim"))
    out.print(
        f"{read:,} rows read: {saved.stored:,} stored, {saved.already_known:,} already known, "
        f"{count + saved.unmatched:,} rejected; {understood:,} understood"
    )
    if reasons:
        shown = table("rejected", "reason", right=("rejected",))
        for reason, n in reasons.most_common(10):
            shown.add_row(str(n), safe(reason, width=120))
        out.print(shown)
        for item in rejected[:5]:
            err.print(safe(f"{item.item}: {item.reason}", width=160))
    if brands:
        out.print(safe(", ".join(f"{name} {n:,}" for name, n in brands.items())))
    for error in errors:
        err.print(safe(error.message, style="red"))
        if error.hint:
            err.print(safe(f"hint: {error.hint}"))


def _selection(sources: Sequence[FilesSource]) -> Any:
    from renom.reading import Selection

    return Selection(sources=tuple(source.name for source in sources))


def _columns(source: FilesSource) -> dict[str, str]:
    """Return what each column of the first file was taken for."""
    [first] = source._paths()[:1]
    opened, mapping = source.open(first)
    opened.close()
    return dict(mapping.columns)


def _pair(text: str) -> tuple[str, str]:
    field, equals, column = text.partition("=")
    if not equals or not field or not column:
        raise ConfigError(f"--map {text}: write field=COLUMN, e.g. text=Verbatim")
    return field.strip(), column.strip()


def _known_kind(kind: str | None) -> str | None:
    if kind is not None and kind not in KINDS:
        raise ConfigError(f"unknown kind `{kind}`", "known: " + ", ".join(KINDS))
    return kind


def _scale(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    worst, dots, best = text.partition("..")
    try:
        return float(worst), float(best if dots else "")
    except ValueError:
        raise ConfigError(f"--scale {text}: write worst..best, e.g. 0..10") from None
