"""Charts show the figures they are given, in the reader's language and in both themes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dashboard import charts, periods
from dashboard.periods import Bucket
from dashboard.wording import Wording
from renom.reading import Selection
from renom.tally import Series, Tally

PARIS = ZoneInfo("Europe/Paris")
FR, EN = Wording("fr", PARIS), Wording("en", PARIS)
START = datetime(2026, 3, 2, tzinfo=PARIS)
DAY = timedelta(days=1)


def days(*tallies: Tally, open_last: bool = False) -> tuple[Bucket, ...]:
    last = len(tallies) - 1
    return tuple(
        Bucket(START + i * DAY, START + (i + 1) * DAY, tally, open=open_last and i == last)
        for i, tally in enumerate(tallies)
    )


def values(spec: dict[str, Any], layer: int = 0) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = spec["layer"][layer]["data"]["values"]
    return rows


def test_stack_adds_up_to_the_volume() -> None:
    buckets = days(Tally(mentions=10, positive=2, neutral=3, negative=4), Tally(mentions=1))
    rows = values(charts.volume(buckets, EN))
    assert sum(row["n"] for row in rows if row["t"].startswith("2026-03-02")) == 10
    assert [row["label"] for row in rows if row["t"].startswith("2026-03-03")] == ["Not scored"]


def test_open_bucket_is_marked() -> None:
    buckets = days(Tally(mentions=3, neutral=3), Tally(mentions=1, neutral=1), open_last=True)
    rows = values(charts.volume(buckets, FR))
    assert [row["open"] for row in rows] == [False, True]
    assert "en cours" in rows[1]["when"]


def test_nothing_scored_is_a_gap_not_a_zero() -> None:
    buckets = days(Tally(mentions=2, negative=2), Tally(mentions=5), Tally(mentions=1, positive=1))
    spec = charts.net_line(buckets, EN)
    assert [row["net"] for row in values(spec, 1)] == [-100.0, 100.0]


def test_net_line_pools_seven_buckets_and_needs_ten_scored() -> None:
    buckets = days(*[Tally(mentions=2, positive=2)] * 5, *[Tally(mentions=2, negative=2)] * 7)
    line = [row["smooth"] for row in values(charts.net_line(buckets, EN), 2)]
    assert line[:4] == [None] * 4
    assert line[4] == 100
    assert line[-1] == -100


def test_shares_of_a_bucket_add_up_to_one() -> None:
    series = {
        "A": days(Tally(mentions=3), Tally()),
        "B": days(Tally(mentions=1), Tally(mentions=2)),
    }
    rows = values(charts.voice_over_time(series, {"A": "#000", "B": "#111"}, EN))
    first = [row["share"] for row in rows if row["t"].startswith("2026-03-02")]
    assert sum(first) == 1
    assert sorted(first) == [0.25, 0.75]


def test_few_mentions_draw_no_net_sentiment_line() -> None:
    few = {"A": days(Tally(mentions=5, positive=5))}
    many = {"A": days(Tally(mentions=30, positive=30))}
    colours = {"A": "#000"}
    assert all(row["net"] is None for row in values(charts.net_over_time(few, colours, EN)))
    assert values(charts.net_over_time(many, colours, EN))[0]["net"] == 100


def test_negative_interval_holds_the_share() -> None:
    tallies = {"A": Tally(mentions=10, negative=3, neutral=7), "B": Tally(mentions=4)}
    (row,) = values(charts.negative_intervals(tallies, {"A": "#000", "B": "#111"}, EN))
    assert row["low"] < row["share"] == 0.3 < row["high"]


def test_brand_colours_differ_from_each_other_and_from_feelings() -> None:
    names = [f"b{i}" for i in range(8)]
    colours = charts.palette(names, ["b0"])
    assert colours["b0"] == charts.OWN
    assert len(set(colours.values())) == 8
    assert not {charts.NEGATIVE, charts.POSITIVE} & set(colours.values())


def test_axis_speaks_french() -> None:
    spec = charts.volume(days(Tally(mentions=1, neutral=1)), FR)
    locale = spec["config"]["locale"]
    assert locale["time"]["months"][1] == "février"
    assert locale["time"]["days"][0] == "dimanche"
    assert locale["number"]["decimal"] == ","


def test_specs_are_json_and_fix_no_ground_colour() -> None:
    buckets = days(Tally(mentions=1, neutral=1))
    series, colours = {"A": buckets}, {"A": "#5b6bd6"}
    for spec in (
        charts.volume(buckets, FR),
        charts.volume((), FR),
        charts.net_line(buckets, FR),
        charts.voice_over_time(series, colours, FR),
        charts.voice_over_time({}, {}, FR),
        charts.net_over_time(series, colours, FR),
        charts.negative_intervals({"A": Tally()}, colours, FR),
    ):
        text = json.dumps(spec, allow_nan=False)
        assert spec["background"] == "transparent"
        assert "labelColor" not in text
        assert "data" not in spec


def test_line_ends_where_the_data_ends() -> None:
    buckets = days(*[Tally(mentions=20, positive=20)] * 3, Tally(), Tally())
    line = [row["smooth"] for row in values(charts.net_line(buckets, EN), 2)]
    assert line == [100, 100, 100, None, None]


def test_days_of_another_year_are_told_with_it() -> None:
    say = Wording("en", PARIS, 2030)
    axis = charts.volume(days(Tally(mentions=1, neutral=1)), say)["layer"][0]["encoding"]["x"]
    assert axis["axis"]["format"] == "%-d %b %Y"
    assert say.day(START) == "2 Mar 2026"


def test_days_are_the_readers_days_when_clocks_change() -> None:
    start = datetime(2026, 3, 27, 23, tzinfo=UTC)
    series = Series(start, timedelta(hours=1), tuple(Tally(mentions=1) for _ in range(72)))
    now = datetime(2026, 4, 2, tzinfo=UTC)
    buckets = periods.regroup(series, DAY, zone=PARIS, now=now)
    # 28 March has 24 hours, the 29th only 23, the 30th 24; one hour is left for the 31st.
    assert [b.tally.mentions for b in buckets] == [24, 23, 24, 1]
    assert [b.start.day for b in buckets] == [28, 29, 30, 31]


def test_hour_told_twice_in_autumn_keeps_its_mentions() -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    series = Series(start, timedelta(hours=1), tuple(Tally(mentions=1) for _ in range(6)))
    buckets = periods.regroup(series, timedelta(hours=1), zone=PARIS, now=start)
    assert sum(b.tally.mentions for b in buckets) == 6


def test_coarser_buckets_lose_no_mention_and_count_from_the_end() -> None:
    fine = days(*[Tally(mentions=1)] * 60, open_last=True)
    coarse = periods.coarser(fine)
    assert sum(b.tally.mentions for b in coarse) == 60
    assert [b.tally.mentions for b in coarse] == [4] + [7] * 8
    assert [b.open for b in coarse] == [False] * 8 + [True]
    assert periods.coarser(fine[:7]) == fine[:7]


def test_only_the_bucket_of_now_is_open() -> None:
    now = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
    end = datetime(2026, 3, 4, 11, tzinfo=UTC)
    series = Series(end - timedelta(hours=5), timedelta(hours=1), (Tally(),) * 5)
    buckets = periods.regroup(series, timedelta(hours=1), zone=PARIS, now=now)
    assert [b.open for b in buckets] == [False] * 4 + [True]


def test_period_before_is_as_long_and_touches() -> None:
    now = datetime(2026, 3, 4, 10, 30, tzinfo=UTC)
    start, end = periods.bounds("7d", now=now)
    before = periods.earlier(Selection(start=start, end=end))
    assert before.end == start
    assert before.start == start - timedelta(days=7)
    assert end == datetime(2026, 3, 4, 11, tzinfo=UTC)
