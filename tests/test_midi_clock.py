"""MIDI clock: how near its beat is to the true one, and what start, stop and song position do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from visualizer.control.midi_clock import HOLDS_S, MidiClock
from visualizer.control.tempo import Tempo
from visualizer.control.ticks import TICKS
from visualizer.midi.clock_messages import feed, is_clock
from visualizer.midi.stamps import Stamps
from visualizer.snapshots import SAMPLE_RATE, Beat

JITTER_S = 0.003


def clock(offset: float = 0.0) -> MidiClock:
    """A clock in a show whose first sample was captured at ``offset`` seconds."""
    return MidiClock(lambda seconds: round((seconds - offset) * SAMPLE_RATE))


def at(source: MidiClock, seconds: float) -> Beat:
    beat = source.at(round(seconds * SAMPLE_RATE))
    assert beat is not None
    return beat


def ticking(source: MidiClock, begin: float, ticks: int, bpm: float = 120.0) -> float:
    """Feed even ticks from ``begin`` on; gives the time of the tick after them."""
    for number in range(ticks):
        source.tick(begin + number * 60 / bpm / TICKS)
    return begin + ticks * 60 / bpm / TICKS


def errors(
    beats: Callable[[np.ndarray], np.ndarray], seconds: float, settled_s: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """Play a clock whose ticks come up to 3 ms early or late. beats: the true beat over seconds. Gives the errors of the
    phase in ms and of the tempo in BPM, asked at any time within each tick."""
    rng = np.random.default_rng(7)
    grid = np.linspace(0, seconds, round(seconds * 20_000))
    true = beats(grid)
    ticks = np.interp(np.arange(int(true[-1] * TICKS)) / TICKS, true, grid)
    came = np.maximum.accumulate(ticks + rng.uniform(-JITTER_S, JITTER_S, len(ticks)))
    source = clock()
    source.start()
    phases, tempi = [], []
    for seen, length in zip(came[:-1], np.diff(came), strict=True):
        source.tick(float(seen))
        asked = float(seen + rng.uniform(0, length))
        if seen < settled_s:
            continue
        rate = float(np.interp(asked + 0.001, grid, true) - np.interp(asked - 0.001, grid, true)) / 0.002
        beat = at(source, asked)
        off = (beat.phase - float(np.interp(asked, grid, true)) + 0.5) % 1 - 0.5
        phases.append(1000 * off / rate)
        tempi.append(beat.bpm - 60 * rate)
    return np.abs(phases), np.abs(tempi)


@pytest.mark.parametrize("bpm", [60, 90, 120, 150, 200])
def test_the_beat_of_a_trembling_clock_is_two_milliseconds_right(bpm: float) -> None:
    phases, tempi = errors(lambda time: time * bpm / 60, 40)
    print(f"{bpm} BPM: phase {np.median(phases):.2f} ms, 95 % {np.percentile(phases, 95):.2f}, worst {phases.max():.2f}")
    assert np.percentile(phases, 95) < 1.2 and phases.max() < 2.0
    assert tempi.max() < 0.01 * bpm and np.sqrt(np.mean(tempi**2)) < 0.002 * bpm


@pytest.mark.parametrize("ramp", [1.0, 5.0, 10.0, -5.0])
def test_a_tempo_that_moves_is_followed(ramp: float) -> None:
    begin = 80 if ramp > 0 else 180
    phases, tempi = errors(lambda time: (begin * time + ramp * time**2 / 2) / 60, min(40.0, 100 / abs(ramp)), 1.0)
    print(
        f"{ramp:+g} BPM/s: phase {np.median(phases):.2f} ms, 95 % {np.percentile(phases, 95):.2f}, worst {phases.max():.2f}"
    )
    assert np.percentile(phases, 95) < 6 and phases.max() < 9
    assert np.median(tempi) < 3.5


def test_another_tempo_from_one_beat_to_the_next() -> None:
    phases, _ = errors(lambda time: np.where(time < 10, time * 2, 20 + (time - 10) * 128 / 60), 20)
    print(f"120 to 128 BPM at once: worst {phases.max():.2f} ms")
    assert phases.max() < 15


@pytest.mark.parametrize(("stalls_hz", "stall_s"), [(0.5, 0.05), (2.0, 0.15), (5.0, 0.1)])
def test_ticks_that_a_busy_machine_holds_up_do_not_move_the_beat(stalls_hz: float, stall_s: float) -> None:
    """What comes during a stall comes at its end, in a bunch; every tick waits up to 5 ms besides."""
    rng = np.random.default_rng(1)
    sent = np.arange(1200) * 60 / 126 / TICKS
    came = sent + rng.uniform(0, 0.005, len(sent))
    for begin in np.cumsum(rng.exponential(1 / stalls_hz, 150)):
        end = begin + rng.exponential(stall_s)
        came = np.where((came >= begin) & (came < end), end, came)
    came = np.maximum.accumulate(came)
    source, off, taken = clock(), [], 0
    source.start()
    for asked in np.arange(3.0, came[-1], 0.013):
        while came[taken] <= asked:
            source.tick(float(came[taken]))
            taken += 1
        beat = source.at(round(asked * SAMPLE_RATE))
        if beat is not None:
            off.append(1000 * ((asked * 126 / 60 - beat.phase + 0.5) % 1 - 0.5) * 60 / 126)
    late = np.array(off)
    print(f"{stalls_hz:g} stalls a second of {1000 * stall_s:.0f} ms: {late.mean():.1f} ms late, worst {late.max():.1f}")
    assert len(late) > 1500 and 2 < late.mean() < 3.5 and late.std() < 1 and np.abs(late).max() < 8


def test_a_clock_that_becomes_slower_or_pauses_is_believed_within_a_beat() -> None:
    for slower in (118.0, 90.0, 60.0):
        source = clock()
        source.start()
        now = ticking(source, 1.0, 8 * TICKS)
        now = ticking(source, now, TICKS, slower)
        beat = at(source, now)
        assert beat.bpm == pytest.approx(slower, rel=0.01) and abs((beat.phase + 0.5) % 1 - 0.5) < 0.01, slower
    source = clock()
    source.start()
    now = ticking(source, 1.0, 8 * TICKS) + 0.17
    now = ticking(source, now, TICKS)
    assert abs((at(source, now).phase + 0.5) % 1 - 0.5) < 0.01 and at(source, now).bpm == pytest.approx(120, rel=0.01)


def test_start_says_where_the_bar_begins() -> None:
    source = clock()
    assert source.at(0) is None and not source.placed
    now = ticking(source, 1.0, 30)
    assert at(source, now).bpm == pytest.approx(120, rel=1e-6) and not source.placed
    source.start()
    begin = now
    now = ticking(source, now, 5 * TICKS + 6)
    assert source.placed
    beat = at(source, begin + 5.25 * 0.5)
    assert (beat.phase, beat.bar_phase * 4) == (pytest.approx(0.25, abs=1e-3), pytest.approx(1.25, abs=1e-3))
    assert (beat.source, beat.confidence, beat.meter) == ("midi", 1.0, 4)


def test_song_position_and_continue() -> None:
    source = clock()
    source.stop(0.5)
    source.position(6)  # sixteenths: a beat and a half
    source.resume()
    now = ticking(source, 1.0, 2 * TICKS)
    assert at(source, now).bar_phase * 4 == pytest.approx(3.5, abs=1e-3)
    source.stop(now)
    now = ticking(source, now, 17)  # ticks while it is stopped count for nothing
    source.resume()
    now = ticking(source, now, TICKS)
    assert at(source, now).bar_phase * 4 == pytest.approx(0.5, abs=1e-3)
    source.position(4)  # some senders jump while they play
    now = ticking(source, now, TICKS)
    assert at(source, now).bar_phase * 4 == pytest.approx(2.0, abs=1e-3)


def test_the_beat_holds_for_a_second_after_the_clock_stops() -> None:
    source = clock()
    source.start()
    last = ticking(source, 1.0, 3 * TICKS) - 0.5 / TICKS
    assert at(source, last + 0.99 * HOLDS_S).bpm == pytest.approx(120, rel=1e-6)
    assert source.at(round((last + 1.01 * HOLDS_S) * SAMPLE_RATE)) is None
    assert source.bpm(last) == pytest.approx(120) and source.bpm(last + 1.1) == 0
    now = ticking(source, last + 3, TICKS)
    assert not source.placed, "ticks that come again after a pause may be any"
    source.start()
    now = ticking(source, now, 2 * TICKS)
    source.stop(now)
    end = ticking(source, now, 4 * TICKS)
    assert source.at(round(end * SAMPLE_RATE)) is None, "the song is stopped, though the clock runs on"
    source.start()
    now = ticking(source, end, TICKS)
    assert at(source, now).phase == pytest.approx(0, abs=1e-3) or at(source, now).phase > 0.999


def test_it_is_sure_after_a_beat_and_says_nothing_at_first() -> None:
    source = clock()
    ticking(source, 1.0, 6)
    assert source.at(SAMPLE_RATE) is None
    now = ticking(source, 1.0 + 6 * 0.5 / TICKS, 4)
    assert at(source, now).confidence == 0.5
    assert at(source, ticking(source, now, 2 * TICKS)).confidence == 1.0


def test_before_there_is_sound_there_is_no_beat() -> None:
    source = MidiClock(lambda seconds: None)
    ticking(source, 1.0, 3 * TICKS)
    assert source.at(0) is None and source.bpm(2.5) == pytest.approx(120)


def test_time_is_that_of_the_sound_that_is_captured() -> None:
    source = clock(offset=1000.0)
    source.start()
    ticking(source, 1001.0, 2 * TICKS)
    assert at(source, 1.75).phase == pytest.approx(0.5, abs=1e-3)


def test_no_bytes_disturb_it() -> None:
    rng = np.random.default_rng(3)
    source = clock()
    for number in range(20_000):
        message = [int(byte) for byte in rng.integers(0xF0, 0x100, 1)] + [int(b) for b in rng.integers(0, 256, number % 4)]
        assert is_clock(message) == (message[0] in (0xF2, 0xF8, 0xFA, 0xFB, 0xFC))
        feed(source, message, float(rng.uniform(-10, 100)))
        beat = source.at(int(rng.integers(0, 100 * SAMPLE_RATE)))
        assert beat is None or (20 <= beat.bpm <= 400 and 0 <= beat.phase < 1 and 0 <= beat.bar_phase < 1)
    feed(source, [], 0.0)
    assert not is_clock([])
    source = clock()
    for _ in range(200):
        source.tick(1.0)
    assert source.at(SAMPLE_RATE) is None, "ticks at one moment have no tempo"
    ticking(source, 2.0, 200, bpm=1000)
    assert source.at(2 * SAMPLE_RATE) is None, "nobody plays at 1000 BPM"


def test_a_tap_puts_a_clock_right_until_it_says_where_its_beats_are() -> None:
    source = clock()
    tempo = Tempo([source])
    now = ticking(source, 1.0, 4 * TICKS)
    for tapped in (now - 0.13, now + 0.37):
        tempo.beat_now(round(tapped * SAMPLE_RATE))
        beat = tempo.at(round(tapped * SAMPLE_RATE))
        assert beat is not None and beat.source == "midi" and min(beat.phase, 1 - beat.phase) < 1e-3
    source.start()
    now = ticking(source, now, 2 * TICKS)
    beat = tempo.at(round(now * SAMPLE_RATE))
    assert beat is not None and min(beat.phase, 1 - beat.phase) < 1e-3, "a start knows better than the tap before it"
    before = tempo.at(round(now * SAMPLE_RATE))
    tempo.beat_now(round((now + 0.2) * SAMPLE_RATE))
    assert tempo.at(round(now * SAMPLE_RATE)) == before


def test_stamps_leave_out_the_wait_for_the_interpreter() -> None:
    rng = np.random.default_rng(5)
    came = 50 + np.cumsum(np.full(2000, 0.5 / TICKS))
    waited = rng.exponential(0.004, len(came))
    stamps = Stamps()
    drifting = np.diff(came, prepend=came[0]) * 1.0001
    seen = [stamps.at(float(now), float(gap)) for now, gap in zip(came + waited, drifting, strict=True)]
    late = 1000 * (np.array(seen) - came)[200:]
    print(f"waits of {1000 * waited.mean():.1f} ms in the mean: stamps are {late.min():.2f} to {late.max():.2f} ms late")
    assert np.abs(late).max() < 1.0
    assert stamps.at(500.0, 0.02) == 500.0, "a port that was opened anew begins anew"
