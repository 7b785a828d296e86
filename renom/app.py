"""App: the roof. Wires configuration, rooms and pipeline into one thing to call."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from renom import registry
from renom.brand import Brand
from renom.config import ComponentSpec, Config, default_config, environment, find, load
from renom.contracts import Channel, Enricher, Rule, Source
from renom.errors import ConfigError, Problem, RenomError, StorageError
from renom.pipeline import BrandMatcher, Collected, Enriched, collect, enrich, preview
from renom.relevance import POOL, Lessons, Sieve, rank

if TYPE_CHECKING:
    from alerts.engine import Engine, Evaluation
    from alerts.outbox import DeliveryReport
    from renom.schedule import Job, Schedule
    from storage.store import Store

log = logging.getLogger("renom.app")

DEFAULT_EVERY = timedelta(minutes=30)
"""How often a source without ``every`` is collected."""

Clock = Callable[[], datetime]


def clock() -> datetime:
    """Return the moment in UTC. Below the roof nobody reads a clock."""
    return datetime.now(UTC)


def load_config(path: str | None = None, *, database: str | None = None) -> Config:
    """Return the checked configuration meant by ``path``, ``RENOM_CONFIG`` or the folder.

    Without any file, the defaults. Raises ConfigError with every problem of file, components,
    secrets, order and route.
    """
    found = find(path, environment())
    if found is None:
        config = default_config()
        return replace_database(config, database)
    config, problems = load(found, database=database)
    problems = [*problems, *registry.check(config), *_route_problems(config)]
    if problems:
        raise ConfigError(problems, path=str(found))
    return config


def replace_database(config: Config, database: str | None) -> Config:
    """Return the configuration with another database, when one is given."""
    import dataclasses

    return dataclasses.replace(config, database=database) if database else config


def _route_problems(config: Config) -> list[Problem]:
    """Return what is wrong with route and inhibitions, which only the alerts room can read."""
    from alerts.route import Inhibition, Route

    parts: list[tuple[str, Callable[[Any], object], Any]] = []
    if config.route:
        parts.append(("alerts.route", Route.parse, config.route))
    parts += [("alerts.inhibit", Inhibition.parse, item) for item in config.inhibit]
    problems = []
    for where, parse, value in parts:
        try:
            parse(value)
        except ConfigError as error:
            problems += [
                Problem(
                    p.message, f"{where}.{p.where}".rstrip("."), config.lines.get(where), p.hint
                )
                for p in error.problems
            ]
    return problems


@dataclass(slots=True)
class Health:
    """What ``check --live`` heard from one component."""

    room: str
    name: str
    ok: bool
    text: str
    hint: str = ""


@dataclass
class App:
    """Everything wired. Components are built when first asked for, heavy libraries with them."""

    config: Config
    now: Clock = clock
    extra_brands: tuple[Brand, ...] = field(default=())

    @cached_property
    def store(self) -> Store:
        """The open database, migrated to the newest form."""
        from storage.store import open_store

        return open_store(self.config.database)

    @property
    def brands(self) -> tuple[Brand, ...]:
        """The brands watched."""
        return self.config.brands + self.extra_brands

    @cached_property
    def matcher(self) -> BrandMatcher:
        """The brand queries, ready to match, and the classifiers of ambiguous names."""
        return BrandMatcher(self.brands, self.sieve)

    @cached_property
    def sieve(self) -> Sieve:
        """The classifiers of ambiguous names, learned when first needed."""
        return Sieve(self.brands, self.lessons)

    def lessons(self, brand: Brand) -> Lessons:
        """Return what the store has to learn from about a brand."""
        if not self._has_store():
            return Lessons((), list)
        judged = self.store.judgements(brand.name)

        def pool() -> list[str]:
            known = {one.mention_key for one in judged}
            matched = self.store.sample(brand.name, limit=POOL)
            aside = self.store.set_aside(brand.name, limit=POOL)
            mentions = [found.mention for found in matched] + [one.mention for one in aside]
            mentions.sort(key=lambda mention: rank(mention.key))
            return [mention.full_text for mention in mentions if mention.key not in known]

        labels = tuple((one.text, one.relevant) for one in judged if one.text is not None)
        return Lessons(labels, pool)

    def _has_store(self) -> bool:
        """Whether there is a database: a dry run must not make one."""
        if "store" in self.__dict__:
            return True
        from storage.store import open_store

        try:
            open_store(self.config.database, create=False).close()
        except StorageError:
            return False
        return True

    @cached_property
    def enrichers(self) -> list[Enricher]:
        """The steps of understanding, in order."""
        return registry.build_all(self.config.enrichers, self.config)

    @cached_property
    def rules(self) -> list[Rule]:
        """The alert rules."""
        return registry.build_all(self.config.rules, self.config)

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The channels by name."""
        built: list[Channel] = registry.build_all(self.config.channels, self.config)
        return {channel.name: channel for channel in built}

    @cached_property
    def engine(self) -> Engine:
        """The alert engine."""
        from alerts.engine import Engine
        from alerts.route import DEFAULT_INHIBITIONS, Inhibition, Route

        route = self.config.route or {"channel": next(iter(self.channels), "console")}
        inhibitions = [Inhibition.parse(item) for item in self.config.inhibit]
        return Engine(
            self.rules,
            self.channels,
            Route.parse(route),
            dashboard_url=self.config.dashboard_url,
            timezone=self.config.timezone,
            language=self.config.language,
            inhibitions=inhibitions or DEFAULT_INHIBITIONS,
        )

    def source(self, name: str) -> tuple[Source, ComponentSpec]:
        """Return the configured source of that name. Raises ConfigError listing the known ones."""
        for spec in self.config.sources:
            if spec.name.casefold() == name.casefold():
                return self._source(spec), spec
        from renom.config import nearest

        known = [spec.name for spec in self.config.sources]
        hint = nearest(name, known) if known else "the configuration names no source"
        raise ConfigError(f"no source is named `{name}`", hint)

    def _source(self, spec: ComponentSpec) -> Source:
        built = registry.build(spec, self.config)
        assert isinstance(built, Source)
        return built

    def collect(
        self,
        names: Sequence[str] = (),
        *,
        progress: Callable[[Collected], None] | None = None,
        started: Callable[[str], None] | None = None,
        **how: Any,
    ) -> list[Collected]:
        """Run the named sources (all of them without names), one after another."""
        chosen = [self.source(n)[1] for n in names] if names else list(self.config.sources)
        results = []
        self._register(chosen)
        for spec in chosen:
            if started is not None:
                started(spec.name)
            results.append(
                collect(
                    self._source(spec),
                    self.store,
                    self.matcher,
                    now=self.now,
                    every=spec.every or DEFAULT_EVERY,
                    progress=progress,
                    **how,
                )
            )
        return results

    def preview(self, source: Source, **how: Any) -> Collected:
        """Run a source without storing anything."""
        return preview(source, self.matcher, now=self.now(), **how)

    def enrich(
        self, *, limit: int | None = None, progress: Callable[[int], None] | None = None
    ) -> Enriched:
        """Understand what is pending."""
        return enrich(self.store, self.enrichers, now=self.now, limit=limit, progress=progress)

    def evaluate(self) -> Evaluation:
        """Evaluate every rule and write the notifications due to the outbox."""
        return self.engine.evaluate(self.store, now=self.now())

    def deliver(self, *, limit: int = 50) -> DeliveryReport:
        """Send what the outbox holds and is due."""
        from alerts.outbox import deliver

        return deliver(
            self.store,
            self.channels,
            now=self.now(),
            limit=limit,
            default_channel=self.engine.route.channel,
            language=self.config.language,
            timezone=self.config.timezone,
            dashboard_url=self.config.dashboard_url,
        )

    def health(self) -> list[Health]:
        """Ask every component, and the database, whether it can work. Opens sockets."""
        answers = []
        for spec in self.config.specs:
            try:
                text = registry.build(spec, self.config).check()
                answers.append(Health(spec.room, spec.name, True, text))
            except RenomError as error:
                answers.append(Health(spec.room, spec.name, False, error.message, error.hint))
        try:
            counts = self.store.counts()
            answers.append(Health("storage", "database", True, f"{counts.mentions} mentions"))
        except RenomError as error:
            answers.append(Health("storage", "database", False, error.message, error.hint))
        return answers

    # -- running

    def jobs(self, *, tick: timedelta = timedelta(seconds=15)) -> list[Job]:
        """Return the jobs of ``renom run``; ``tick`` is the pace of enriching and delivery."""
        from renom.schedule import Job

        self._register(self.config.sources)
        due = {state.name: state for state in self.store.sources(now=self.now())}
        jobs = []
        for spec in self.config.sources:
            every = spec.every or DEFAULT_EVERY
            state = due.get(spec.name)
            jobs.append(
                Job(
                    f"collect {spec.name}",
                    every,
                    self._collect_job(spec),
                    first=state.next_check if state is not None else None,
                    jitter=min(every.total_seconds() / 10, 30.0),
                )
            )
        jobs.append(Job("enrich", tick, self._enrich_job))
        if self.config.rules:
            jobs.append(
                Job("rules", max(tick, min(tick * 4, timedelta(minutes=1))), self._rules_job)
            )
        jobs.append(Job("outbox", tick, self._outbox_job))
        if self.config.retention is not None:
            jobs.append(Job("retention", timedelta(hours=6), self._retention_job))
        return jobs

    def schedule(self, *, tick: timedelta = timedelta(seconds=15)) -> Schedule:
        """Return the schedule of every job, not yet started."""
        from renom.schedule import Schedule

        schedule = Schedule(workers=max(4, len(self.config.sources) + 3))
        for job in self.jobs(tick=tick):
            schedule.add(job)
        return schedule

    def _register(self, specs: Sequence[ComponentSpec]) -> None:
        """Make configured sources known before their first run, with how often they are checked."""
        for spec in specs:
            self.store.register_source(
                spec.name, type=spec.type, now=self.now(), every=spec.every or DEFAULT_EVERY
            )

    def _collect_job(self, spec: ComponentSpec) -> Callable[[], datetime | None]:
        def run() -> datetime | None:
            state = next(
                (s for s in self.store.sources(now=self.now()) if s.name == spec.name), None
            )
            if state is not None and state.paused:
                return None
            result = collect(
                self._source(spec),
                self.store,
                self.matcher,
                now=self.now,
                every=spec.every or DEFAULT_EVERY,
            )
            log.info(
                "%s: %d new, %d known, %d unmatched, %d rejected in %.1f s",
                spec.name,
                result.saved.stored,
                result.saved.already_known,
                result.saved.unmatched,
                result.rejected_count,
                result.seconds,
            )
            after = next(
                (s for s in self.store.sources(now=self.now()) if s.name == spec.name), None
            )
            return after.next_check if after is not None else None

        return run

    def _enrich_job(self) -> None:
        done = self.enrich()
        if done.mentions:
            log.info("enriched %d mentions", done.mentions)

    def _rules_job(self) -> None:
        self.evaluate()

    def _outbox_job(self) -> None:
        self.deliver()

    def _retention_job(self) -> None:
        if self.config.retention is not None:
            self.store.apply_retention(self.now() - self.config.retention)


def dashboard_environment(app: App, *, notice: str = "") -> Mapping[str, str]:
    """Return the environment in which the dashboard process finds its database and brands."""
    env = dict(os.environ)
    env["RENOM_DATABASE"] = app.config.database
    if app.config.path:
        env["RENOM_CONFIG"] = str(Path(app.config.path).resolve())
    if notice:
        env["RENOM_DEMO_NOTICE"] = notice
    return env
