"""Tempo sources: taps, who is trusted, and what the hand puts right."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from visualizer.control.tempo import Tempo
from visualizer.snapshots import SAMPLE_RATE, Beat, Heard


def heard(seconds: float, beat: Beat | None = None, level: float = 0.5) -> Heard:
    return Heard(
        sample=round(seconds * SAMPLE_RATE), mel=np.zeros(64, np.float32), loudness_lufs=-20.0, level=level, energy=0.5,
        bass=0.0, mid=0.0, treble=0.0, bass_level=0.0, mid_level=0.0, treble_level=0.0, onset=0.0, brightness=0.0,
        tension=0.0, beat=beat,
    )  # fmt: skip


def sounding(seconds: float, bpm: float, confidence: float = 0.9, late: float = 0.0) -> Heard:
    beats = seconds * bpm / 60 - late
    return heard(seconds, Beat(bpm, beats % 1, beats / 4 % 1, confidence, "sound"))


def at(tempo: Tempo, seconds: float) -> Beat:
    beat = tempo.at(round(seconds * SAMPLE_RATE))
    assert beat is not None
    return beat


def tap(tempo: Tempo, *seconds: float) -> None:
    for time in seconds:
        tempo.tap.tap(round(time * SAMPLE_RATE))


class Link:
    name = "link"
    placed = True

    def __init__(self) -> None:
        self.there = True

    def at(self, sample: int) -> Beat | None:
        beats = sample / SAMPLE_RATE * 2 + 0.3
        return Beat(120.0, beats % 1, beats / 4 % 1, 1.0, "link") if self.there else None


def test_without_a_source_there_is_no_beat() -> None:
    tempo = Tempo()
    assert tempo.at(0) is None
    tempo.flip(0)
    tempo.downbeat(0)
    tap(tempo, 1.0)
    assert tempo.at(SAMPLE_RATE) is None


def test_taps_set_phase_then_tempo() -> None:
    tempo = Tempo()
    tap(tempo, 1.0, 1.5)
    beat = at(tempo, 1.75)
    assert (beat.source, beat.bpm, beat.phase) == ("tap", pytest.approx(120), pytest.approx(0.5))
    assert beat.confidence < 1
    tap(tempo, 2.0, 2.5)
    assert at(tempo, 2.5).confidence == 1 and at(tempo, 2.5).bar_phase == pytest.approx(0.75)
    assert at(tempo, 62.5).phase == pytest.approx(0, abs=1e-6)


def test_uneven_taps_and_a_missed_one() -> None:
    rng = np.random.default_rng(4)
    wanted = 60 / 97
    beats = np.array([0, 1, 2, 3, 5, 6, 7, 8]) * wanted
    tempo = Tempo()
    tap(tempo, *(3 + beats + rng.normal(0, 0.012, len(beats))))
    beat = at(tempo, 3 + 8 * wanted)
    assert beat.bpm == pytest.approx(97, rel=0.02)
    assert min(beat.phase, 1 - beat.phase) < 0.05
    assert min(beat.bar_phase, 1 - beat.bar_phase) < 0.02, "the beat that was left out counts in the bar"


def test_a_gap_of_two_beats_is_a_beat_left_out_even_early() -> None:
    tempo = Tempo()
    tap(tempo, 1.0, 1.5, 2.5)
    assert at(tempo, 2.5).bpm == pytest.approx(120)
    assert at(tempo, 2.5).bar_phase == pytest.approx(0.75)


def test_a_gap_in_the_sound_is_no_silence() -> None:
    tempo = Tempo()
    tempo.push(heard(0.0))
    tap(tempo, 1.0, 1.5)
    tempo.push(heard(60.0, level=0.0))
    assert at(tempo, 60.0).source == "tap"


def test_asking_from_another_thread_while_taps_come_and_go() -> None:
    tempo, stop, failed = Tempo(), threading.Event(), list[BaseException]()

    def ask() -> None:
        try:
            while not stop.is_set():
                tempo.at(SAMPLE_RATE)
        except BaseException as error:
            failed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for n in range(4000):
            tempo.tap.tap(n * SAMPLE_RATE // 2)
            tempo.push(heard(n / 2) if n % 3 else sounding(n / 2, 120))
            if n % 7 == 0:
                tempo.tap.forget()
    finally:
        stop.set()
        asker.join()
        sys.setswitchinterval(before)
    assert not failed


def test_bounces_and_pauses() -> None:
    tempo = Tempo()
    tap(tempo, 1.0, 1.02, 1.5, 1.53, 2.0)
    assert at(tempo, 2.0).bpm == pytest.approx(120)
    tap(tempo, 9.0)
    assert tempo.at(10 * SAMPLE_RATE) is None
    tap(tempo, 9.6)
    assert at(tempo, 9.6).bpm == pytest.approx(100)


def test_many_taps_keep_the_bar() -> None:
    tempo = Tempo()
    tap(tempo, *(0.5 * n for n in range(23)))
    assert at(tempo, 11.0).bar_phase == pytest.approx(22 % 4 / 4)


def test_taps_are_forgotten_when_the_sound_is_sure_of_another_beat() -> None:
    for bpm, late, kept in ((100, 0.0, False), (120, 0.0, True), (60, 0.0, True), (120, 0.5, True), (120, 0.25, False)):
        tempo = Tempo()
        tap(tempo, 0.0, 0.5, 1.0, 1.5)
        for time in np.arange(1.5, 12.0, 0.1):
            tempo.push(sounding(time, bpm, 0.9, late))
        assert (at(tempo, 12.0).source == "tap") == kept, (bpm, late)
    unsure = Tempo()
    tap(unsure, 0.0, 0.5, 1.0, 1.5)
    for time in np.arange(1.5, 30.0, 0.1):
        unsure.push(sounding(time, 100, 0.4))
    assert at(unsure, 30.0).source == "tap"


def test_taps_are_forgotten_in_silence() -> None:
    tempo = Tempo()
    tap(tempo, 0.0, 0.5, 1.0)
    for time in np.arange(1.0, 10.5, 0.1):
        tempo.push(heard(time, level=0.0))
    assert tempo.at(0) is not None
    for time in np.arange(10.5, 12.0, 0.1):
        tempo.push(heard(time, level=0.0))
    assert tempo.at(12 * SAMPLE_RATE) is None


def test_the_most_trusted_source_speaks() -> None:
    link = Link()
    tempo = Tempo([link])
    tempo.push(sounding(2.0, 100))
    assert at(tempo, 2.0).source == "link"
    link.there = False
    assert at(tempo, 2.0).source == "sound"
    tap(tempo, 1.5, 2.0)
    assert at(tempo, 2.0).source == "tap"
    with pytest.raises(ValueError, match="at most once"):
        Tempo([link, Link()])


def test_the_sounds_beat_is_carried_on_and_then_lost() -> None:
    tempo = Tempo()
    tempo.push(sounding(2.0, 120))
    assert at(tempo, 2.125).phase == pytest.approx(0.25)
    assert tempo.at(round(2.6 * SAMPLE_RATE)) is None


def test_flip_moves_half_a_beat_and_back() -> None:
    tempo = Tempo()
    tempo.push(sounding(2.1, 120))
    before = at(tempo, 2.1)
    tempo.flip(round(2.1 * SAMPLE_RATE))
    flipped = at(tempo, 2.1)
    assert flipped.phase == pytest.approx((before.phase + 0.5) % 1)
    assert flipped.bar_phase == pytest.approx((before.bar_phase + 0.125) % 1)
    # What was put right on the sound is not put right again on taps.
    tap(tempo, 1.6, 2.1)
    assert at(tempo, 2.1).phase == pytest.approx(0, abs=1e-6)
    tempo.tap.forget()
    tempo.flip(round(2.1 * SAMPLE_RATE))
    assert at(tempo, 2.1) == before


@pytest.mark.parametrize("seconds", [2.0, 2.46, 2.54, 3.7, 5.1])
@pytest.mark.parametrize("flipped", [False, True])
def test_downbeat_moves_whole_beats(seconds: float, flipped: bool) -> None:
    tempo = Tempo()
    tempo.push(sounding(seconds, 120))
    sample = round(seconds * SAMPLE_RATE)
    if flipped:
        tempo.flip(sample)
    phase = at(tempo, seconds).phase
    tempo.downbeat(sample)
    beat = at(tempo, seconds)
    assert beat.phase == pytest.approx(phase)
    assert min(beat.bar_phase, 1 - beat.bar_phase) * 4 <= 0.5 + 1e-6
    tempo.downbeat(sample)
    assert at(tempo, seconds) == beat


def test_one_tap_sets_the_phase_of_the_beat_in_the_sound() -> None:
    for late in (0.1, -0.1, 0.4, -0.24):
        tempo = Tempo()
        tempo.push(sounding(4.0, 120))
        tempo.beat_now(round((4.0 + late) * SAMPLE_RATE))
        tapped = at(tempo, 4.0 + late)
        assert (tapped.source, tapped.bpm) == ("sound", 120) and min(tapped.phase, 1 - tapped.phase) < 1e-3
        tempo.flip(4 * SAMPLE_RATE)
        assert at(tempo, 4.0 + late).phase == pytest.approx(0.5, abs=1e-3), "half a beat from where it was tapped"
    tempo.beat_now(round(4.4 * SAMPLE_RATE))
    assert at(tempo, 4.4).source == "tap", "a second tap soon after makes a tempo"
    link = Tempo([Link()])
    before = at(link, 3.0)
    link.beat_now(3 * SAMPLE_RATE)
    assert at(link, 3.0) == before, "a clock that is trusted more is not moved by a tap"


@pytest.mark.parametrize("end", ["silence", "no beat", "another meter", "nothing"])
def test_what_was_put_right_is_forgotten_with_the_piece(end: str) -> None:
    tempo = Tempo()
    tempo.push(sounding(4.0, 120))
    tempo.flip(4 * SAMPLE_RATE)
    tempo.downbeat(round(4.6 * SAMPLE_RATE))
    plain = sounding(50.0, 97, 1.0)
    assert plain.beat is not None
    for time in np.arange(4.0, 36.0, 0.05):
        beat = sounding(time, 120, 0.0 if end == "no beat" else 0.9).beat
        assert beat is not None
        if end == "another meter" and time > 10:
            beat = replace(beat, meter=3)
        tempo.push(heard(time, beat, level=0.0 if end == "silence" else 0.5))
    tempo.push(plain)
    assert (at(tempo, 50.0) == plain.beat) == (end != "nothing")


def test_a_moment_of_another_meter_or_of_doubt_forgets_nothing() -> None:
    tempo = Tempo()
    tempo.push(sounding(4.0, 120))
    tempo.flip(4 * SAMPLE_RATE)
    for time in np.arange(4.0, 60.0, 0.05):
        beat = sounding(time, 120, 0.1 if time % 10 < 6 else 0.9).beat
        assert beat is not None
        tempo.push(heard(time, replace(beat, meter=3) if time % 10 > 7 else beat))
    plain = sounding(60.0, 120)
    tempo.push(plain)
    assert plain.beat is not None and at(tempo, 60.0).phase == pytest.approx((plain.beat.phase + 0.5) % 1)
