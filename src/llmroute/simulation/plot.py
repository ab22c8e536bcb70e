"""A drawing of a simulation: who answered, and how long it took, over the time."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from .report import FAILED, REFUSED
from .tally import percentiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .report import Report

WIDTH, HEIGHT = 900, 560
FONT = 'font-family="sans-serif" font-size="12"'
LEFT, RIGHT, TOP, GAP = 70, 20, 40, 60
PANEL = 190
BUCKETS = 60
COLORS = ("#4477aa", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee6677", "#bbbbbb", "#004488")
LOST = {"refused": "#888888", "failed": "#cc3311"}


class Bucket(NamedTuple):
    """What came in a stretch of time: calls by who answered, and the latencies in seconds."""

    counts: dict[int, int]
    took_s: list[float]


def plot(report: Report) -> str:
    """Draw `report` as SVG: answers by model above, the percentiles of the latency below."""
    buckets = _buckets(report)
    marks = [*range(len(report.models)), REFUSED, FAILED]
    used = [one for one in marks if any(one in bucket.counts for bucket in buckets)]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_legend(report, used),
        *_bars(buckets, used),
        *_latencies(buckets),
        *_times(report.duration_s),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _buckets(report: Report) -> list[Bucket]:
    buckets = [Bucket({}, []) for _ in range(BUCKETS)]
    length = max(report.duration_s, 1e-9) / BUCKETS
    calls = report.calls
    for at_s, took_s, who in zip(calls.at_s, calls.took_s, calls.who, strict=True):
        bucket = buckets[min(BUCKETS - 1, int(at_s / length))]
        bucket.counts[who] = bucket.counts.get(who, 0) + 1
        if not isnan(took_s):
            bucket.took_s.append(took_s)
    return buckets


def _color(mark: int) -> str:
    if mark in {REFUSED, FAILED}:
        return LOST["refused" if mark == REFUSED else "failed"]
    return COLORS[mark % len(COLORS)]


def _legend(report: Report, used: Sequence[int]) -> Iterator[str]:
    at = LEFT
    for mark in used:
        name = {REFUSED: "refused", FAILED: "failed"}.get(mark) or report.models[mark].name
        yield f'<rect x="{at}" y="12" width="12" height="12" fill="{_color(mark)}"/>'
        yield f'<text x="{at + 16}" y="22">{escape(name)}</text>'
        at += 16 + 8 * len(name) + 20


def _bars(buckets: Sequence[Bucket], used: Sequence[int]) -> Iterator[str]:
    """Stacked bars: how many calls came, and who answered them."""
    most = max((sum(bucket.counts.values()) for bucket in buckets), default=0) or 1
    width = (WIDTH - LEFT - RIGHT) / BUCKETS
    yield from _axis(TOP, f"{most:,}", "calls")
    for place, bucket in enumerate(buckets):
        base = float(TOP + PANEL)
        for mark in used:
            height = PANEL * bucket.counts.get(mark, 0) / most
            if height:
                base -= height
                yield (
                    f'<rect x="{LEFT + place * width:.1f}" y="{base:.1f}" width="{width:.1f}" '
                    f'height="{height:.1f}" fill="{_color(mark)}"/>'
                )


def _latencies(buckets: Sequence[Bucket]) -> Iterator[str]:
    """Lines of the percentiles 50, 95 and 99 of what was answered."""
    found = [percentiles(bucket.took_s) for bucket in buckets]
    most = max((max(one) for one in found if one), default=0.0) or 1.0
    top = TOP + PANEL + GAP
    width = (WIDTH - LEFT - RIGHT) / BUCKETS
    yield from _axis(top, f"{most:.1f} s", "latency p50, p95, p99")
    for rank, stroke in enumerate(("#004488", "#4477aa", "#99bbdd")):
        points = " ".join(
            f"{LEFT + (place + 0.5) * width:.1f},{top + PANEL * (1 - one[rank] / most):.1f}"
            for place, one in enumerate(found)
            if one
        )
        yield f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="2"/>'


def _axis(top: int, most: str, what: str) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, top + PANEL
    for y in (top, bottom):
        yield f'<line x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}" stroke="#cccccc"/>'
    yield f'<text x="{LEFT - 6}" y="{top + 4}" text-anchor="end">{most}</text>'
    yield f'<text x="{LEFT - 6}" y="{bottom + 4}" text-anchor="end">0</text>'
    yield f'<text x="{LEFT}" y="{top - 6}">{what}</text>'


def _times(duration_s: float) -> Iterator[str]:
    y = TOP + 2 * PANEL + GAP + 20
    yield f'<text x="{LEFT}" y="{y}">0 s</text>'
    yield f'<text x="{WIDTH - RIGHT}" y="{y}" text-anchor="end">{duration_s:,.0f} s</text>'
