"""Run trackers over the streams and make the report of ``visualizer bench hearing``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from visualizer.bench.hearing import score
from visualizer.bench.hearing.frozen import comparison
from visualizer.bench.hearing.loudness import sides, worst_error_lu
from visualizer.bench.hearing.ours import Ours, loudness
from visualizer.bench.hearing.peers import peers
from visualizer.bench.hearing.programs import check, versions
from visualizer.bench.hearing.streams import FROZEN, Stream, prepare, suite
from visualizer.bench.hearing.tracker import HOP_S, Factory, Log, Times, listen
from visualizer.bench.hearing.verdict import lines, verdict
from visualizer.snapshots import FloatArray

BANDS = ("any", "low", "mid", "high")

Row = dict[str, Any]


def measure(
    tracker_factory: Factory = Ours,
    streams: tuple[Stream, ...] | None = None,
    folder: Path | None = None,
    workers: int | None = None,
    with_peers: bool = True,
    progress: Callable[[str], None] | None = None,
    meter: Callable[[FloatArray], Times] | None = loudness,
) -> dict[str, Any]:
    """Let a tracker, and the peers that are installed, hear all streams; return the report, ready for JSON.

    streams: None for the frozen suite. folder: where renders are kept, None for the user's cache. workers: renders at a
    time, None for one a core. progress: is told each stream's name. meter: stereo sound to LUFS by hop, None for none.
    Raises SynthesizerError where a program is missing. A figure that nothing was measured for is None.

    beat_f1, aubio_beat_f1: mean over the streams with a beat. half_beat_errors: which share of the steady_streams is half
    a beat off. recovery_s, recovery_worst_s: after tempo steps. beatless_confidence, beat_confidence: mean over the streams
    without and with a beat; beatless_confidence_worst: of the first, the highest. onset_f1: mean over the streams with
    known onsets; onset_delay_ms, onset_delay_p90_ms: median and 90th percentile over all onsets found. loudness_error_lu:
    the worst of all streams, and of two of them played on different sides, with gaps of silence. verdict: what is asked,
    and whether it holds. styles: mean beat_f1 by style. streams: a row each.
    """
    check()
    streams = suite(FROZEN) if streams is None else streams
    prepare(streams, folder, workers)
    others: dict[str, Factory] = peers() if with_peers else {}
    rows: list[Row] = []
    rivals: dict[str, list[Row]] = {name: [] for name in others}
    for stream in streams:
        if progress:
            progress(stream.name)
        sound = stream.sound(folder)
        rows.append(row_of(stream, sound, listen(tracker_factory(), sound)))
        for name, factory in others.items():
            rivals[name].append(row_of(stream, sound, listen(factory(), sound)))
            rows[-1][f"{name}_beat_f1"] = rivals[name][-1]["beat_f1"]
    ours = totals(rows)
    if meter:
        both = sides(streams[0].sound(folder), streams[-1].sound(folder))
        lufs = meter(both)
        error = worst_error_lu(both, np.arange(1.0, len(lufs) + 1) * HOP_S, lufs)
        ours["loudness_error_lu"] = _worst([ours["loudness_error_lu"], error], 4)
    report: dict[str, Any] = {"beat_f1": ours.pop("beat_f1"), "aubio_beat_f1": None}
    for name in others:
        theirs = totals(rivals[name])
        report[f"{name}_beat_f1"] = theirs["beat_f1"]
        ours[name] = theirs
    styles = sorted({stream.style for stream in streams if len(stream.truth.beats)})
    report |= ours
    report |= {"verdict": verdict(report)} | comparison(streams)
    report["styles"] = {
        style: {key: _mean(rows, key, style) for key in ("beat_f1", *(f"{name}_beat_f1" for name in others))}
        for style in styles
    }
    return report | {
        "audio_s": round(sum(stream.seconds for stream in streams), 1),
        "programs": versions(),
        "streams": rows,
    }


def row_of(stream: Stream, sound: FloatArray, log: Log) -> Row:
    """The figures of one tracker on one stream; None where the stream cannot tell."""
    truth = stream.truth
    row: Row = {"name": stream.name, "style": stream.style}
    beats = log.beats
    has_beat = len(truth.beats) > 0
    row["beat_f1"] = score.beat_f1(truth.beats, beats) if has_beat else None
    row["any_level_f1"] = score.any_level_f1(truth.beats, beats) if has_beat else None
    tracks_bars = has_beat and not np.isnan(log.bar_phase).all()
    row["downbeat_f1"] = score.beat_f1(truth.downbeats, log.downbeats) if tracks_bars else None
    row["half_beat_share"] = score.half_beat_share(truth.beats, beats) if truth.steady else None
    row["half_beat_off"] = score.half_beat_off(truth.beats, beats) if truth.steady else None
    back = [score.recovery_s(truth.beats, beats, step, stream.seconds) for step in truth.steps]
    row["recovery_s"] = max(back, default=None)
    row["confidence"] = score.mean_confidence(log.time, log.confidence)
    row["has_beat"] = has_beat
    row["onset_delays_s"] = []
    for band in BANDS:
        said = [one for one in log.onsets if one[0].band == band]
        found = np.sort([onset.time for onset, _ in said])
        key = "onset_f1" if band == "any" else f"onset_f1_{band}"
        # A tracker that never names a band is not judged by it.
        if truth.onsets is None or (band != "any" and not said) or not len(truth.onsets[band].sure):
            row[key] = None
            continue
        counts, _ = score.onset_counts(truth.onsets[band], found)
        row[key] = counts.f1
        if band == "any":
            row["onset_delays_s"] = score.onset_delays(truth.onsets[band], said)
    row["loudness_error_lu"] = worst_error_lu(sound, log.time, log.loudness_lufs)
    row["hop_us"] = float(np.median(log.hop_us))
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}


def totals(rows: list[Row]) -> dict[str, Any]:
    """Figures over all rows; takes ``onset_delays_s`` out of them and leaves its median as ``onset_delay_ms``."""
    delays: list[float] = []
    for row in rows:
        mine = row.pop("onset_delays_s")
        row["onset_delay_ms"] = _percentile_ms(mine, 50)
        delays += mine
    steady = [row["half_beat_off"] for row in rows if row["half_beat_off"] is not None]
    with_beat, without = [row for row in rows if row["has_beat"]], [row for row in rows if not row["has_beat"]]
    return {
        "beat_f1": _mean(rows, "beat_f1"),
        "any_level_f1": _mean(rows, "any_level_f1"),
        "downbeat_f1": _mean(rows, "downbeat_f1"),
        "half_beat_errors": round(sum(steady) / len(steady), 4) if steady else None,
        "steady_streams": len(steady),
        "recovery_s": _mean(rows, "recovery_s"),
        "recovery_worst_s": _worst([row["recovery_s"] for row in rows]),
        "beatless_confidence": _mean(without, "confidence"),
        "beatless_confidence_worst": _worst([row["confidence"] for row in without]),
        "beat_confidence": _mean(with_beat, "confidence"),
        "onset_f1": _mean(rows, "onset_f1"),
        **{f"onset_f1_{band}": _mean(rows, f"onset_f1_{band}") for band in BANDS[1:]},
        "onset_delay_ms": _percentile_ms(delays, 50),
        "onset_delay_p90_ms": _percentile_ms(delays, 90),
        "loudness_error_lu": _worst([row["loudness_error_lu"] for row in rows]),
        "hop_us": _mean(rows, "hop_us"),
    }


def _worst(values: list[float | None], digits: int = 4) -> float | None:
    """The highest of those that were measured."""
    return max((round(value, digits) for value in values if value is not None), default=None)


def _percentile_ms(seconds: list[float], percent: float) -> float | None:
    return round(1000 * float(np.percentile(seconds, percent)), 1) if seconds else None


def _mean(rows: list[Row], key: str, style: str = "") -> float | None:
    values = [row[key] for row in rows if row[key] is not None and style in ("", row["style"])]
    return round(float(np.mean(values)), 4) if values else None


def print_report(report: dict[str, Any], as_json: bool) -> None:
    """One JSON object, or lines to read."""
    if as_json:
        print(json.dumps(report))
        return
    for key, value in report.items():
        if not isinstance(value, (dict, list)):
            print(f"{key:28} {value}")
    columns = ("beat_f1", "aubio_beat_f1", "any_level_f1", "confidence", "onset_f1", "recovery_s")
    print(f"\n{'':24}" + "".join(f"{column:>15}" for column in columns))
    for row in report["streams"]:
        shown = ("" if row.get(column) is None else f"{row[column]:.3f}" for column in columns)
        print(f"{row['name']:24}" + "".join(f"{value:>15}" for value in shown))
    programs = ", ".join(f"{name} {version}" for name, version in report["programs"].items())
    print(f"\nWith {programs}.")
    if report["comparable"]:
        print("Streams and programs are the frozen ones: these figures compare with others.\n")
    else:
        print(f"These figures do not compare with others: {'; '.join(report['differs'])}.\n")
    print("\n".join(lines(report["verdict"])))
