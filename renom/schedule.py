"""Schedule: APScheduler jobs for sources, enriching, rules, outbox and retention.

One job per source, never two runs of it at once. A job that raises is logged and runs again:
this is the job boundary, the only place that catches everything.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from renom.errors import RenomError

log = logging.getLogger("renom.schedule")


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do again and again. ``run`` may return when it is due next."""

    name: str
    every: timedelta
    run: Callable[[], datetime | None]
    first: datetime | None = None
    jitter: float = 0.0


class Schedule:
    """Runs jobs in threads until stopped. ``workers`` bounds how many run at once."""

    def __init__(self, *, workers: int = 8) -> None:
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None},
        )

    def add(self, job: Job) -> None:
        """Add a job; the first run is at ``job.first`` or now."""
        now = datetime.now(UTC)
        first = max(job.first or now, now)
        self._scheduler.add_job(
            self._run,
            trigger=IntervalTrigger(
                seconds=max(job.every.total_seconds(), 0.05),
                start_date=first,
                jitter=job.jitter or None,
            ),
            next_run_time=first,
            args=[job],
            id=job.name,
            name=job.name,
            replace_existing=True,
        )

    def start(self) -> None:
        """Begin to run the jobs."""
        self._scheduler.start()

    def stop(self, *, wait: bool = True) -> None:
        """Start no job any more; with ``wait``, let running ones finish."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=wait)

    def _run(self, job: Job) -> None:
        due = run_job(job)
        if due is not None:
            self._scheduler.modify_job(
                job.name, next_run_time=due + timedelta(seconds=random.uniform(0, job.jitter))
            )


def run_job(job: Job) -> datetime | None:
    """Run a job once; log whatever it raises and return when it is due, None for its interval."""
    try:
        return job.run()
    except RenomError as error:
        log.error("%s: %s%s", job.name, error.message, f" ({error.hint})" if error.hint else "")
    except Exception:
        log.exception("%s failed", job.name)
    return None
