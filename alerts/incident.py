"""Incident: from judged windows to states that open, last through lulls, and end.

An incident opens at the first window that is far above the usual and lasts until windows have
lain near the usual for some hours: so it does not flap. It is a pure function of the counts;
whoever looks again later, or replays the past, sees the same incidents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.baseline import Window
from renom.brand import Brand
from renom.tally import Series

HISTORY = timedelta(weeks=8)
"""How far back the usual is learned."""

HOUR = timedelta(hours=1)

WIDTHS = (1, 3, 6, 12, 24)
"""Window widths in hours that a rule chooses from when it is not told one."""

ENOUGH = 4.0
"""Mentions usual in a window for it to be wide enough."""


@dataclass(frozen=True, slots=True)
class Incident:
    """``first`` is the window that opened it, ``peak`` the one with the highest count.

    ``ended`` is the index of the window that ended it, None while it lasts.
    """

    first: Window
    peak: Window
    ended: int | None = None


def follow(
    windows: Sequence[Window],
    *,
    hot: Callable[[Window], bool],
    warm: Callable[[Window], bool],
    calm_hours: int,
    open_last: bool = False,
) -> list[Incident]:
    """Return the incidents, oldest first.

    ``hot`` opens one; it ends once ``calm_hours`` windows in a row are not even ``warm``. With
    ``open_last`` the last window is still filling: it may open an incident, never end one. A
    window without a usual (too little history) neither opens nor ends.
    """
    found: list[Incident] = []
    first: Window | None = None
    peak: Window | None = None
    calm = 0
    for position, window in enumerate(windows):
        if window.usual is None:
            continue
        is_hot = hot(window)
        if first is None or peak is None:
            if is_hot:
                first, peak, calm = window, window, 0
            continue
        peak = window if window.count > peak.count else peak
        if is_hot or warm(window):
            calm = 0
        elif not (open_last and position == len(windows) - 1):
            calm += 1
        if calm >= calm_hours:
            found.append(Incident(first, peak, window.index))
            first = peak = None
    if first is not None and peak is not None:
        found.append(Incident(first, peak))
    return found


def width_for(counts: Sequence[float], wanted: timedelta | None) -> int:
    """Return the window's width in hours: the wanted one, else what the brand's level calls for.

    That is the narrowest of 1, 3, 6, 12 and 24 h that usually holds at least four mentions, by
    the median day: a brand with three mentions a day is judged by days, one with thousands by
    hours. Days are counted up to the last whole one, so that the choice seldom changes.
    """
    if wanted is not None:
        return max(1, round(wanted / HOUR))
    days = [sum(counts[at : at + 24]) for at in range(0, len(counts) - 23, 24)]
    days = sorted(days[-28:])
    usual_day = days[len(days) // 2] if days else 0.0
    return next((width for width in WIDTHS if usual_day / 24 * width >= ENOUGH), WIDTHS[-1])


def known_from(counts: Sequence[float], series: Series, watched_since: datetime | None) -> int:
    """Return the index of the hour from which silence means silence.

    Hours before the first mention count only if something was collected then.
    """
    first = next((index for index, count in enumerate(counts) if count), len(counts))
    if watched_since is None:
        return first
    watched = max(0, -int((series.start - watched_since) // HOUR))
    return min(first, watched)


def chosen(brands: Sequence[Brand], *, brand: str | None, names: Sequence[str]) -> tuple[str, ...]:
    """Return the brands a rule watches: those named, else every own brand."""
    named = tuple(dict.fromkeys([*([brand] if brand else []), *names]))
    if not named:
        return tuple(b.name for b in brands if b.role == "own")
    known = {b.name.casefold(): b.name for b in brands}
    return tuple(known.get(name.casefold(), name) for name in named)
