"""Measure ``volume_spike`` on the Numenta benchmark's tweet series, at hourly steps.

    python benchmarks/anomalies.py ../shared/data/nab_tweet_volume [--json]

Prints windows found, false alerts per brand-week, median delay and the benchmark's own standard
score for each sensitivity. A detection is the opening of an incident; the score follows NAB
(Lavin and Ahmad 2015, nab/sweeper.py): an early detection in a labelled window earns most, a
missed window and a detection outside every window cost. Nothing is chosen on the series' labels
at run time; each sensitivity has one parameter set for all brands.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.rules.volume_spike import SpikeOptions, incidents

PROFILES = {"standard": (1.0, 1.0, 0.11), "low_fp": (1.0, 1.0, 0.22), "low_fn": (1.0, 2.0, 0.11)}
_PROBATION_SHARE, _PROBATION_ROWS = 0.15, 750


@dataclass(frozen=True)
class Stream:
    """One brand's counts per row, when each row was, and the labelled windows as row ranges."""

    brand: str
    times: list[datetime]
    counts: list[int]
    windows: list[tuple[int, int]]
    labels: list[datetime]

    @property
    def probation(self) -> int:
        """Rows at the start that are not scored."""
        return int(min(_PROBATION_SHARE * len(self.times), _PROBATION_ROWS))

    @property
    def weeks(self) -> float:
        """Weeks that are scored."""
        return (self.times[-1] - self.times[self.probation]).total_seconds() / 604800


def moment(text: str) -> datetime:
    """Read the data's time form, taken as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(folder: Path) -> list[Stream]:
    """Read every series of the folder with its windows and labels."""
    windows = json.loads((folder / "windows.json").read_text("utf-8"))
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    streams = []
    for path in sorted(folder.glob("Twitter_volume_*.csv*")):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            rows = [(moment(r["timestamp"]), int(r["value"])) for r in csv.DictReader(lines)]
        times = [t for t, _ in rows]
        name = path.name.removesuffix(".gz")
        key = next(k for k in windows if k.endswith(name))
        spans = []
        for left, right in windows[key]:
            inside = [i for i, t in enumerate(times) if moment(left) <= t <= moment(right)]
            spans.append((inside[0], inside[-1]))
        brand = name.removeprefix("Twitter_volume_").removesuffix(".csv")
        streams.append(
            Stream(brand, times, [n for _, n in rows], spans, [moment(t) for t in labels[key]])
        )
    return streams


def detections(stream: Stream, options: SpikeOptions) -> list[int]:
    """Return the rows at which incidents open: the last row of the hour that opened each."""
    start = stream.times[0].replace(minute=0, second=0, microsecond=0)
    step = timedelta(hours=1)
    hours = [0] * (int((stream.times[-1] - start) / step) + 1)
    last_row = [0] * len(hours)
    for row, (at, count) in enumerate(zip(stream.times, stream.counts, strict=True)):
        hour = int((at - start) / step)
        hours[hour] += count
        last_row[hour] = row
    found = incidents(hours, start=start, options=options)
    return [last_row[i.first.index] for i in found if last_row[i.first.index] >= stream.probation]


def _sigmoid(position: float) -> float:
    return -1.0 if position > 3 else 2 / (1 + math.exp(5 * position)) - 1


def nab_score(streams: Sequence[Stream], rows: Sequence[Sequence[int]], profile: str) -> float:
    """Return NAB's normalised score, 0 for silence and 100 for perfection."""
    tp, fn, fp = PROFILES[profile]
    raw, total = 0.0, 0
    for stream, found in zip(streams, rows, strict=True):
        total += len(stream.windows)
        for left, right in stream.windows:
            inside = [row for row in found if left <= row <= right]
            if not inside:
                raw -= fn
                continue
            position = -(right - inside[0] + 1) / (right - left + 1)
            raw += tp * _sigmoid(position) / _sigmoid(-1.0)
        for row in found:
            if any(left <= row <= right for left, right in stream.windows):
                continue
            before = [w for w in stream.windows if w[1] < row]
            if before:
                left, right = before[-1]
                raw += fp * _sigmoid((row - right) / (right - left))
            else:
                raw -= fp
    null = -fn * total
    return 100 * (raw - null) / (tp * total - null)


def measure(streams: Sequence[Stream], options: SpikeOptions) -> dict[str, float]:
    """Return the figures of one parameter set over the streams."""
    rows = [detections(stream, options) for stream in streams]
    found, false, delays, useful, wanted = 0, 0, [], 0, 0
    for stream, hits in zip(streams, rows, strict=True):
        for (left, right), label in zip(stream.windows, stream.labels, strict=True):
            inside = [row for row in hits if left <= row <= right]
            wanted += 1
            if inside:
                found += 1
                delays.append((stream.times[inside[0]] - label).total_seconds() / 60)
        false += sum(not any(a <= row <= b for a, b in stream.windows) for row in hits)
        useful += len(hits)
    weeks = sum(stream.weeks for stream in streams)
    return {
        **{name: round(nab_score(streams, rows, name), 1) for name in PROFILES},
        "windows_found": found,
        "windows": wanted,
        "alerts_per_brand_week": round(useful / weeks, 2),
        "false_alerts_per_brand_week": round(false / weeks, 2),
        "median_delay_minutes": round(statistics.median(delays), 1) if delays else math.nan,
    }


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    streams = read(asked.folder)
    results = {
        level: measure(streams, SpikeOptions(sensitivity=level))
        for level in ("low", "normal", "high")
    }
    if asked.json:
        print(json.dumps(results, indent=2))
        return
    columns = list(next(iter(results.values())))
    print("| sensitivity | " + " | ".join(c.replace("_", " ") for c in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for level, row in results.items():
        print(f"| {level} | " + " | ".join(f"{row[c]:g}" for c in columns) + " |")


if __name__ == "__main__":
    main()
