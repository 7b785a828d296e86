"""Pipeline: collect one source; enrich what is pending.

Collecting and enriching are apart on purpose: a mention is safe on disk before any model sees
it, and enriching can run in as many processes as there are.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from renom.brand import Brand
from renom.contracts import (
    Batch,
    Enricher,
    Given,
    Partial,
    Pending,
    Rejection,
    Saved,
    SetAside,
    Source,
    Store,
)
from renom.enrichment import Enrichment
from renom.errors import EnrichmentError, SourceDenied, SourceError, SourceUnavailable
from renom.mention import Mention
from renom.query import Document, Matcher, parse
from renom.relevance.sieve import Sieve

log = logging.getLogger("renom.pipeline")

PAUSE_AFTER_CHANGED = 3
"""Failures in a row of a source whose answers are not understood before it is paused."""

FIRST_BACKOFF = timedelta(minutes=1)
LONGEST_BACKOFF = timedelta(hours=6)
LEASE = timedelta(minutes=5)
BATCH = 256

Matches = dict[str, tuple[str, ...]]


class BrandMatcher:
    """Which brands a mention is about: their queries, all at once, then the ``sieve``."""

    def __init__(self, brands: Sequence[Brand], sieve: Sieve | None = None) -> None:
        self._sieve = sieve
        self._matcher = Matcher(
            {brand.name: parse(brand.query, refuse_negative=True) for brand in brands}
        )
        self._languages = {b.name: frozenset(b.languages) for b in brands if b.languages}

    def match(self, mention: Mention) -> tuple[str, ...]:
        """Return the names of the brands whose query the mention matches.

        A brand limited to some languages is not matched by a mention that its source declares
        to be in another.
        """
        return self.match_many([mention])[0]

    def match_many(self, mentions: Sequence[Mention]) -> list[tuple[str, ...]]:
        """Return what :meth:`match` says of each mention, in order: faster than one by one."""
        found = self._matcher.names_many(map(Document.of, mentions))
        return [
            tuple(name for name in names if self._speaks(name, mention.language)) if names else ()
            for mention, names in zip(mentions, found, strict=True)
        ]

    def _speaks(self, name: str, language: str | None) -> bool:
        languages = self._languages.get(name)
        return language is None or languages is None or language in languages

    def held_back(
        self, mention: Mention, names: Sequence[str], *, now: datetime
    ) -> dict[str, float]:
        """Return those of the brands matched that the mention is clearly not about.

        The value is the probability, in 0..1, that it is. Most brands have no sieve and cost
        nothing.
        """
        if self._sieve is None or not names:
            return {}
        return self._sieve.held_back(mention.full_text, names, now=now)


@dataclass(slots=True)
class Collected:
    """What one run of a source brought. ``error`` is None when it finished."""

    source: str
    saved: Saved = field(default_factory=Saved)
    read: int = 0
    unchanged: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    rejected_count: int = 0
    error: SourceError | None = None
    next_check: timedelta | None = None
    seconds: float = 0.0
    mentions: list[tuple[Mention, tuple[str, ...]]] = field(default_factory=list)

    MAX_KEPT = 200

    def reject(self, items: Sequence[Rejection]) -> None:
        """Count rejections and keep the first ones for the report."""
        self.rejected_count += len(items)
        room = self.MAX_KEPT - len(self.rejected)
        self.rejected.extend(items[: max(0, room)])


def collect(
    source: Source,
    store: Store,
    matcher: BrandMatcher,
    *,
    now: Callable[[], datetime],
    every: timedelta | None = None,
    limit: int | None = None,
    fresh: bool = False,
    progress: Callable[[Collected], None] | None = None,
) -> Collected:
    """Run a source once and keep what it brings; never raises SourceError.

    The cursor is saved in the transaction of its batch, so a killed run continues after the last
    batch kept. ``fresh`` ignores the stored cursor (an ad-hoc crawl); with ``limit`` the run
    stops after that many mentions and, unless a batch fits whole, leaves the cursor where it was.
    """
    result = Collected(source.name)
    started = time.monotonic()
    cursor = None if fresh else store.cursor(source.name)
    try:
        for batch in source.fetch(cursor, now=now()):
            batch = _limited(batch, limit, result.read)
            matches, given, aside = match_batch(batch, matcher, now=now())
            batch = dataclasses.replace(batch, given=given)
            result.saved += store.save_batch(
                source.name, batch, matches, now=now(), type=source.type, aside=aside
            )
            result.read += len(batch.mentions)
            result.unchanged += batch.unchanged
            result.reject(batch.rejected)
            result.next_check = batch.next_check or result.next_check
            if progress is not None:
                progress(result)
            if limit is not None and result.read >= limit:
                break
    except SourceError as error:
        error.source = error.source or source.name
        result.error = error
        _record_failure(error, source, store, now=now(), every=every)
    else:
        wait = max(every or timedelta(0), result.next_check or timedelta(0))
        store.source_succeeded(
            source.name,
            type=source.type,
            now=now(),
            next_check=now() + wait if wait else None,
        )
    result.seconds = time.monotonic() - started
    return result


def preview(
    source: Source,
    matcher: BrandMatcher,
    *,
    now: datetime,
    limit: int | None = None,
    keep_unmatched: bool = False,
) -> Collected:
    """Run a source without storing anything; ``mentions`` holds what would be stored.

    Raises nothing of the source: ``error`` carries it, beside what was read before.
    """
    result = Collected(source.name)
    started = time.monotonic()
    try:
        for batch in source.fetch(None, now=now):
            matches, given, _ = match_batch(batch, matcher, now=now)
            result.read += len(batch.mentions)
            result.reject(batch.rejected)
            for mention in batch.mentions:
                own = given[mention.key].brands if mention.key in given else ()
                names = own or matches.get(mention.key, ())
                if names or keep_unmatched:
                    result.mentions.append((mention, names))
                    result.saved += Saved(stored=1)
                else:
                    result.saved += Saved(unmatched=1)
                if limit is not None and len(result.mentions) >= limit:
                    break
            if limit is not None and len(result.mentions) >= limit:
                break
    except SourceError as error:
        error.source = error.source or source.name
        result.error = error
    result.seconds = time.monotonic() - started
    return result


def match_batch(
    batch: Batch, matcher: BrandMatcher, *, now: datetime
) -> tuple[Matches, dict[str, Given], list[SetAside]]:
    """Return the brands of each mention by key, and the matches that the sieve held back.

    What a source files under a brand is believed.
    """
    matches: Matches = {}
    given = dict(batch.given)
    aside: list[SetAside] = []
    for mention in batch.mentions:
        said = given.get(mention.key)
        if said is not None and said.brands and not said.also_match:
            continue
        names = matcher.match(mention)
        held = matcher.held_back(mention, names, now=now)
        if held:
            names = tuple(name for name in names if name not in held)
            aside += [SetAside(mention, name, known) for name, known in held.items()]
        if said is not None and said.brands:
            together = tuple(dict.fromkeys((*said.brands, *names)))
            given[mention.key] = dataclasses.replace(said, brands=together)
        elif names:
            matches[mention.key] = names
    return matches, given, aside


def _limited(batch: Batch, limit: int | None, read: int) -> Batch:
    if limit is None or read + len(batch.mentions) <= limit:
        return batch
    kept = batch.mentions[: limit - read]
    keys = {mention.key for mention in kept}
    # The cursor covers the whole batch, so a cut batch must not move it.
    return dataclasses.replace(
        batch,
        mentions=kept,
        cursor=None,
        given={key: said for key, said in batch.given.items() if key in keys},
    )


def _record_failure(
    error: SourceError,
    source: Source,
    store: Store,
    *,
    now: datetime,
    every: timedelta | None,
) -> None:
    paused = isinstance(error, SourceDenied)
    state = store.source_failed(
        source.name,
        type=source.type,
        now=now,
        error=error.message,
        hint=error.hint,
    )
    if not paused and not isinstance(error, SourceUnavailable):
        paused = state.failures >= PAUSE_AFTER_CHANGED
    if paused:
        log.warning("source %s is paused: %s", source.name, error.message)
    else:
        log.warning("source %s failed (%d in a row): %s", source.name, state.failures, error)
    wait = backoff(state.failures, every)
    if isinstance(error, SourceUnavailable) and error.retry_after is not None:
        wait = max(wait, error.retry_after)
    store.schedule_source(source.name, paused=paused, next_check=None if paused else now + wait)


def backoff(failures: int, every: timedelta | None = None) -> timedelta:
    """Return how long to wait after ``failures`` in a row: doubling, between the usual interval
    (at least one minute) and six hours."""
    doubled = FIRST_BACKOFF * 2 ** min(max(failures - 1, 0), 16)
    return max(min(doubled, LONGEST_BACKOFF), every or FIRST_BACKOFF)


# -- enriching -------------------------------------------------------------------------------


@dataclass(slots=True)
class Enriched:
    """What one pass of enriching did; ``errors`` counts by enricher."""

    mentions: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def enrich(
    store: Store,
    enrichers: Sequence[Enricher],
    *,
    now: Callable[[], datetime],
    limit: int | None = None,
    batch_size: int = BATCH,
    progress: Callable[[int], None] | None = None,
) -> Enriched:
    """Enrich pending mentions until none is left or ``limit`` is reached."""
    result = Enriched()
    for _ in itertools.count():
        left = batch_size if limit is None else min(batch_size, limit - result.mentions)
        if left <= 0:
            break
        pending = store.claim_pending(now=now(), limit=left, lease=LEASE)
        if not pending:
            break
        done = understand(pending, enrichers, result)
        started = time.monotonic()
        store.save_enrichments(done, now=now())
        _spent(result, "storage", started)
        result.mentions += len(pending)
        if progress is not None:
            progress(result.mentions)
    return result


def understand(
    pending: Sequence[Pending],
    enrichers: Sequence[Enricher],
    result: Enriched | None = None,
) -> list[tuple[Pending, Enrichment]]:
    """Return the enrichment of each mention; a failing component leaves only its fields empty."""
    result = result if result is not None else Enriched()
    work = [dataclasses.replace(item, enrichment=Enrichment(item.mention.key)) for item in pending]
    for enricher in enrichers:
        started = time.monotonic()
        chosen = [i for i, item in enumerate(work) if _speaks(enricher, item)]
        partials = _partials(enricher, [work[i] for i in chosen], result)
        for index, partial in zip(chosen, partials, strict=True):
            if partial:
                work[index] = _with(work[index], partial, enricher)
        _spent(result, enricher.name, started)
    return list(zip(pending, (item.enrichment for item in work), strict=True))


def _speaks(enricher: Enricher, item: Pending) -> bool:
    if enricher.languages is None:
        return True
    return (item.enrichment.language or item.mention.language) in enricher.languages


def _partials(enricher: Enricher, batch: Sequence[Pending], result: Enriched) -> list[Partial]:
    if not batch:
        return []
    try:
        return enricher.enrich(batch)
    except EnrichmentError as error:
        if len(batch) == 1:
            log.warning("%s: %s", enricher.name, error.message)
            result.errors[enricher.name] = result.errors.get(enricher.name, 0) + 1
            return [{}]
    # One by one, so that only the mention that cannot be understood stays without.
    return [part for item in batch for part in _partials(enricher, [item], result)]


def _with(item: Pending, partial: Partial, enricher: Enricher) -> Pending:
    unknown = set(partial) - set(enricher.assigns)
    if unknown:
        raise EnrichmentError(
            f"{enricher.name} gave fields that it does not declare: {', '.join(sorted(unknown))}",
            component=enricher.name,
            mention_key=item.mention.key,
        )
    made = f"{enricher.type or enricher.name}/{enricher.version}"
    made_by: Mapping[str, str] = {
        **item.enrichment.made_by,
        **{name: made for name, value in partial.items() if value not in (None, ())},
    }
    enrichment = dataclasses.replace(item.enrichment, **partial, made_by=made_by)  # type: ignore[arg-type]
    return dataclasses.replace(item, enrichment=enrichment)


def _spent(result: Enriched, name: str, started: float) -> None:
    result.seconds[name] = result.seconds.get(name, 0.0) + time.monotonic() - started
