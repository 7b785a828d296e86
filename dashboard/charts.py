"""Charts: pure functions from figures to Vega-Lite specifications. No Streamlit call in here.

Data stands inside a layer, where Streamlit leaves it as JSON; at the top level it would be
turned into an Arrow table through pandas on every run. Colours hold on light and dark ground and
for colour-blind eyes (after Okabe and Ito 2008): negative vermilion, positive blue, neutral grey.
Times are written without a zone, so that a browser anywhere shows the hours of the reader's zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dashboard.periods import Bucket
from dashboard.wording import Wording
from renom.measures import negative_share, net_sentiment, wilson
from renom.tally import Tally

Spec = dict[str, Any]

NEGATIVE, NEUTRAL, POSITIVE, UNSCORED = "#d9602b", "#98a3b3", "#3b82c4", "#c9d0d9"
OWN = "#5b6bd6"
OTHERS = ("#e0a030", "#1d9a80", "#c06fa8", "#7a8aa0", "#8c6d46", "#4aa3c7", "#a3b04a")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1])

_FAINT = 0.45
_ENOUGH = 10
_PALE_WHILE_OPEN = {"condition": {"test": "datum.open", "value": _FAINT}, "value": 1}
_LEGEND = {
    "title": None,
    "orient": "top",
    "offset": 4,
    "symbolType": "square",
    "columns": 4,
    "labelLimit": 100,
}
_LINES = {**_LEGEND, "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolSize": 260}
_BLOCK = {"type": "rect", "stroke": "#8884", "strokeWidth": 0.5}
_SIGNED = {"format": "d", "labelExpr": "(datum.value > 0 ? '+' : '') + datum.label"}
_GRID = {"grid": True, "gridOpacity": 0.25, "domain": False, "ticks": False}


def palette(names: Sequence[str], own: Sequence[str]) -> dict[str, str]:
    """Return a colour for each brand: ours the accent, the others distinct from feelings."""
    colours: dict[str, str] = {}
    for name in names:
        if name in own and OWN not in colours.values():
            colours[name] = OWN
        else:
            used = len([c for c in colours.values() if c != OWN])
            colours[name] = OTHERS[used % len(OTHERS)]
    return colours


def volume(buckets: Sequence[Bucket], say: Wording, *, height: int = 190) -> Spec:
    """Return mentions per bucket, stacked by sentiment; a bucket still filling is faint."""
    names = {
        "negative": say("Negative"),
        "neutral": say("Neutral"),
        "positive": say("Positive"),
        "unscored": say("Not scored"),
    }
    rows = [
        {
            "t": _wall(bucket.start),
            "end": _wall(bucket.end),
            "label": names[label],
            "n": count,
            "low": below,
            "high": below + count,
            "all": bucket.tally.mentions,
            "when": _when(bucket, say),
            "open": bucket.open,
        }
        for bucket in buckets
        for label, count, below in _stacked(_by_label(bucket.tally))
    ]
    colours = dict(zip(names.values(), (NEGATIVE, NEUTRAL, POSITIVE, UNSCORED), strict=True))
    present = [name for name in names.values() if any(row["label"] == name for row in rows)]
    layer = {
        "data": {"values": rows or _nothing(buckets)},
        "mark": _BLOCK,
        "encoding": {
            "x": _time(buckets, "t", say),
            "x2": {"field": "end"},
            "y": _count("low", say("Mentions")),
            "y2": {"field": "high"},
            "color": _legend("label", present, [colours[name] for name in present]),
            "opacity": _PALE_WHILE_OPEN,
            "tooltip": [
                _tip("when", "nominal", say("Period")),
                _tip("label", "nominal", say("Sentiment")),
                _tip("n", "quantitative", say("Mentions")),
                _tip("all", "quantitative", say("All together")),
            ],
        },
    }
    return _chart([layer], say, height=height)


def net_line(buckets: Sequence[Bucket], say: Wording, *, height: int = 190) -> Spec:
    """Return net sentiment in points: a dot per bucket, and a line over seven buckets at a time.

    A bucket with nothing scored has no dot; the line leaves a gap where seven buckets together
    have fewer than ten scored mentions.
    """
    rows = [
        {
            "t": _wall(_middle(bucket)),
            "net": net_sentiment(bucket.tally),
            "smooth": net_sentiment(pooled) if pooled.scored >= _ENOUGH else None,
            "n": bucket.tally.scored,
            "when": _when(bucket, say),
            "open": bucket.open,
        }
        for bucket, pooled in _pooled(buckets, 7)
    ]
    x = _time(buckets, "t", say)
    y = {
        "field": "net",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [-100, 100]},
        "axis": {**_GRID, "values": [-100, -50, 0, 50, 100], **_SIGNED},
    }
    zero: Spec = {
        "data": {"values": [{"zero": 0}]},
        "mark": {"type": "rule", "strokeDash": [3, 3], "opacity": 0.6, "color": NEUTRAL},
        "encoding": {"y": {**y, "field": "zero"}},
    }
    line: Spec = {
        "data": {"values": rows},
        "mark": {
            "type": "line",
            "color": OWN,
            "strokeWidth": 2.5,
            "invalid": "break-paths-filter-domains",
        },
        "encoding": {"x": x, "y": {**y, "field": "smooth"}},
    }
    colour = {
        "condition": [
            {"test": "datum.net < 0", "value": NEGATIVE},
            {"test": "datum.net > 0", "value": POSITIVE},
        ],
        "value": NEUTRAL,
    }
    dots: Spec = {
        "data": {"values": [row for row in rows if row["net"] is not None]},
        "mark": {"type": "point", "filled": True, "size": 30, "opacity": 1},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour,
            "opacity": {"condition": {"test": "datum.open", "value": 0.3}, "value": 0.8},
            "tooltip": [
                _tip("when", "nominal", say("Period")),
                _tip("net", "quantitative", say("Net sentiment"), "+.0f"),
                _tip("n", "quantitative", say("Scored mentions")),
            ],
        },
    }
    return _chart([zero, dots, line], say, height=height)


def voice_over_time(
    series: Mapping[str, Sequence[Bucket]],
    colours: Mapping[str, str],
    say: Wording,
    *,
    height: int = 220,
) -> Spec:
    """Return each brand's share of voice per bucket, stacked to 100 %."""
    names = list(series)
    totals: dict[datetime, int] = {}
    for buckets in series.values():
        for bucket in buckets:
            totals[bucket.start] = totals.get(bucket.start, 0) + bucket.tally.mentions
    below = dict.fromkeys(totals, 0.0)
    rows = []
    for name, buckets in series.items():
        for bucket in buckets:
            if not bucket.tally.mentions:
                continue
            share = bucket.tally.mentions / totals[bucket.start]
            low = below[bucket.start]
            below[bucket.start] = low + share
            rows.append(
                {
                    "t": _wall(bucket.start),
                    "end": _wall(bucket.end),
                    "brand": name,
                    "n": bucket.tally.mentions,
                    "share": share,
                    "low": low,
                    "high": low + share,
                    "when": _when(bucket, say),
                    "open": bucket.open,
                }
            )
    some = next(iter(series.values()), ())
    layer: Spec = {
        "data": {"values": rows or _nothing(some)},
        "mark": _BLOCK,
        "encoding": {
            "x": _time(some, "t", say),
            "x2": {"field": "end"},
            "y": {
                "field": "low",
                "type": "quantitative",
                "title": None,
                "scale": {"domain": [0, 1]},
                "axis": {**_GRID, "format": ".0%", "tickCount": 5},
            },
            "y2": {"field": "high"},
            "color": _legend("brand", names, [colours[name] for name in names]),
            "opacity": _PALE_WHILE_OPEN,
            "tooltip": [
                _tip("when", "nominal", say("Period")),
                _tip("brand", "nominal", say("Brand")),
                _tip("share", "quantitative", say("Share of voice"), ".0%"),
                _tip("n", "quantitative", say("Mentions")),
            ],
        },
    }
    return _chart([layer], say, height=height)


def net_over_time(
    series: Mapping[str, Sequence[Bucket]],
    colours: Mapping[str, str],
    say: Wording,
    *,
    height: int = 220,
) -> Spec:
    """Return net sentiment per brand, over seven buckets at a time so that lines can be read.

    Each point pools the mentions of its bucket and the six before; points that pool fewer than
    ten scored mentions are left out.
    """
    names = list(series)
    rows = [
        {
            "t": _wall(_middle(bucket)),
            "brand": name,
            "net": net_sentiment(pooled) if pooled.scored >= _ENOUGH else None,
            "n": pooled.scored,
            "when": _when(bucket, say),
        }
        for name, buckets in series.items()
        for bucket, pooled in _pooled(buckets, 7)
    ]
    some = next(iter(series.values()), ())
    encoding = {
        "x": _time(some, "t", say),
        "y": {
            "field": "net",
            "type": "quantitative",
            "title": None,
            "axis": {**_GRID, **_SIGNED, "tickCount": 5},
        },
        "color": _legend("brand", names, [colours[name] for name in names]) | {"legend": _LINES},
        "strokeDash": {
            "field": "brand",
            "type": "nominal",
            "scale": {"domain": names, "range": list(DASHES[: len(names)])},
            "legend": _LINES,
        },
        "tooltip": [
            _tip("when", "nominal", say("Until")),
            _tip("brand", "nominal", say("Brand")),
            _tip("net", "quantitative", say("Net sentiment"), "+.0f"),
            _tip("n", "quantitative", say("Scored mentions")),
        ],
    }
    line: Spec = {
        "data": {"values": rows},
        "mark": {
            "type": "line",
            "strokeWidth": 2,
            "invalid": "break-paths-filter-domains",
            "point": {"size": 20, "filled": True},
        },
        "encoding": encoding,
    }
    return _chart([line], say, height=height)


def negative_intervals(
    tallies: Mapping[str, Tally], colours: Mapping[str, str], say: Wording, *, row: int = 34
) -> Spec:
    """Return each brand's share of negative mentions with its 95 % Wilson interval."""
    rows = []
    for name, tally in tallies.items():
        if (share := negative_share(tally)) is None:
            continue
        low, high = wilson(tally.negative, tally.scored)
        rows.append({"brand": name, "share": share, "low": low, "high": high, "n": tally.scored})
    y = {
        "field": "brand",
        "type": "nominal",
        "sort": list(tallies),
        "title": None,
        "axis": {"domain": False, "ticks": False, "labelLimit": 140},
    }
    x = {
        "type": "quantitative",
        "title": None,
        "scale": {"domainMin": 0},
        "axis": {**_GRID, "format": ".0%", "tickCount": 5},
    }
    tips = [
        _tip("brand", "nominal", say("Brand")),
        _tip("share", "quantitative", say("Negative share"), ".1%"),
        _tip("low", "quantitative", say("At least"), ".1%"),
        _tip("high", "quantitative", say("At most"), ".1%"),
        _tip("n", "quantitative", say("Scored mentions")),
    ]
    names = list(tallies)
    colour = {
        "field": "brand",
        "type": "nominal",
        "scale": {"domain": names, "range": [colours[name] for name in names]},
        "legend": None,
    }
    whisker: Spec = {
        "data": {"values": rows},
        "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.4, "strokeCap": "round"},
        "encoding": {
            "y": y,
            "x": {"field": "low", **x},
            "x2": {"field": "high"},
            "color": colour,
            "tooltip": tips,
        },
    }
    dot: Spec = {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
        "encoding": {"y": y, "x": {"field": "share", **x}, "color": colour, "tooltip": tips},
    }
    return _chart([whisker, dot], say, height=max(90, row * max(1, len(rows)) + 30))


def _by_label(tally: Tally) -> dict[str, int]:
    return {
        "negative": tally.negative,
        "neutral": tally.neutral,
        "positive": tally.positive,
        "unscored": max(0, tally.mentions - tally.scored),
    }


def _pooled(buckets: Sequence[Bucket], width: int) -> list[tuple[Bucket, Tally]]:
    """Return each bucket with the sum of it and those before it, nothing after the last scored."""
    last = max((i for i, bucket in enumerate(buckets) if bucket.tally.scored), default=-1)
    return [
        (
            bucket,
            sum((b.tally for b in buckets[max(0, i - width + 1) : i + 1]), Tally())
            if i <= last
            else Tally(),
        )
        for i, bucket in enumerate(buckets)
    ]


def _nothing(buckets: Sequence[Bucket]) -> list[Spec]:
    # A chart without a row has no axis: one empty row keeps the period in sight.
    return [{"t": _wall(b.start), "end": _wall(b.end), "low": 0, "high": 0} for b in buckets[:1]]


def _middle(bucket: Bucket) -> datetime:
    return bucket.start + (bucket.end - bucket.start) / 2


def _wall(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _parts(moment: datetime) -> Spec:
    # A domain is compared with parsed times: text would be taken for another one.
    return {
        "year": moment.year,
        "month": moment.month,
        "date": moment.day,
        "hours": moment.hour,
        "minutes": moment.minute,
    }


def _stacked(counts: Mapping[str, int]) -> list[tuple[str, int, int]]:
    rows: list[tuple[str, int, int]] = []
    below = 0
    for name, count in counts.items():
        if count:
            rows.append((name, count, below))
            below += count
    return rows


def _when(bucket: Bucket, say: Wording) -> str:
    width = bucket.end - bucket.start
    if width < timedelta(days=1):
        text = say.moment(bucket.start)
    elif width < timedelta(days=2):
        text = say.day(bucket.start)
    else:
        text = f"{say.day(bucket.start)} – {say.day(bucket.end - timedelta(hours=1))}"
    return f"{text} ({say('still filling')})" if bucket.open else text


def _time(buckets: Sequence[Bucket], field: str, say: Wording) -> Spec:
    hourly = bool(buckets) and buckets[0].end - buckets[0].start < timedelta(days=1)
    day = "%-d %b"
    if buckets and say.year not in (None, buckets[0].start.year):
        day = "%-d %b %Y"
    scale: Spec = {}
    if buckets:
        scale = {"domainMin": _parts(buckets[0].start), "domainMax": _parts(buckets[-1].end)}
    return {
        "field": field,
        "type": "temporal",
        "title": None,
        "scale": scale,
        "axis": {
            "format": f"{day} %H:%M" if hourly else day,
            "tickCount": 6,
            "grid": False,
            "ticks": False,
            "labelOverlap": True,
            "labelFlush": False,
        },
    }


def _count(field: str, name: str) -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "title": None,
        "axis": {**_GRID, "format": ",d", "tickMinStep": 1, "tickCount": 5, "description": name},
    }


def _legend(field: str, names: Sequence[str], colours: Sequence[str]) -> Spec:
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(names), "range": list(colours)},
        "legend": _LEGEND,
    }


def _tip(field: str, kind: str, title: str, format: str = "") -> Spec:
    return {"field": field, "type": kind, "title": title} | ({"format": format} if format else {})


def _chart(layers: list[Spec], say: Wording, *, height: int) -> Spec:
    return {
        "layer": layers,
        "height": height,
        # The card behind shows through, light or dark.
        "background": "transparent",
        "padding": {"left": 0, "top": 4, "right": 8, "bottom": 0},
        "config": {"locale": say.d3(), "view": {"stroke": None}},
    }
