"""The beat in the sound, on patterns made here, and what else the analysis hears for rhythm and harmony."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from visualizer.analysis.analyzer import Analyzer
from visualizer.analysis.beat.attacks import BANDS, Frame
from visualizer.analysis.beat.network import PhaseNetwork, shipped
from visualizer.analysis.onset_picker import APART_S, OnsetPicker, OnsetPickers
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Heard

Sound = np.ndarray
HOP_S = HOP_SAMPLES / SAMPLE_RATE


def kick() -> Sound:
    time = np.arange(9600) / SAMPLE_RATE
    return 0.8 * np.exp(-time / 0.06) * np.sin(2 * np.pi * (55 * time + 1.2 * (1 - np.exp(-time / 0.02))))


def snare(seed: int = 1) -> Sound:
    time = np.arange(7200) / SAMPLE_RATE
    noise = np.random.default_rng(seed).normal(0, 0.3, len(time))
    return np.exp(-time / 0.04) * (noise + 0.3 * np.sin(2 * np.pi * 190 * time))


def hat(loud: float = 0.3) -> Sound:
    noise = np.random.default_rng(2).normal(0, loud, 2880)
    high = np.diff(np.diff(noise, prepend=0), prepend=0) / 2  # 12 dB an octave up
    return np.exp(-np.arange(len(high)) / 900) * high


def tone(hertz: float, seconds: float, loud: float = 0.2) -> Sound:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return loud * sum(np.sin(2 * np.pi * k * hertz * time) / k**1.5 for k in range(1, 6))


def place(seconds: float, hits: list[tuple[float, Sound]]) -> Sound:
    """Mono, hits at their times."""
    out = np.zeros(round(seconds * SAMPLE_RATE))
    for time, hit in hits:
        at = round(time * SAMPLE_RATE)
        if at < len(out):
            out[at : at + len(hit)] += hit[: len(out) - at]
    return out


def hear(mono: Sound) -> list[Heard]:
    return Analyzer().push(np.stack([mono, mono], axis=1))


def drums(beats: np.ndarray, seconds: float, hats: float = 0.15, off: float = 0.0) -> Sound:
    """Kick and snare in turn with soft hats in quavers; off: how loud the hats between the beats are beside it."""
    hits: list[tuple[float, Sound]] = []
    for number, (beat, following) in enumerate(pairwise(beats)):
        hits.append((beat, kick() if number % 2 == 0 else snare(number)))
        hits += [(beat, hat(hats)), ((beat + following) / 2, hat(hats + off))]
    return place(seconds, hits)


def phase_errors_ms(heard: list[Heard], beats: np.ndarray, since: float) -> np.ndarray:
    """By how much the phase that is told for each hop's end is off from the truth, ms."""
    off = []
    for one in heard:
        time = one.sample / SAMPLE_RATE
        number = int(np.searchsorted(beats, time, side="right")) - 1
        if time < since or not 0 <= number < len(beats) - 1 or one.beat is None:
            continue
        length = beats[number + 1] - beats[number]
        wrong = (one.beat.phase - (time - beats[number]) / length + 0.5) % 1 - 0.5
        off.append(1000 * wrong * length)
    return np.array(off)


@pytest.mark.parametrize("bpm", [72, 100, 128])
def test_drums_are_locked_within_seconds(bpm: float) -> None:
    beats = np.arange(0.3, 10.0, 60 / bpm)
    heard = hear(drums(beats, 9.0))
    off = phase_errors_ms(heard, beats, 5.0)
    assert abs(np.median(off)) < 20 and np.mean(np.abs(off) < 30) > 0.9, np.percentile(off, [0, 5, 50, 95, 100])
    told = [one.beat for one in heard if one.beat is not None][-1]
    assert told.bpm == pytest.approx(bpm, rel=0.02) and told.source == "sound" and told.confidence > 0.5
    assert all(0 <= h.beat.phase < 1 and 0 <= h.beat.bar_phase < 1 for h in heard if h.beat is not None)


def test_kick_and_snare_in_turn_at_174_are_on_the_beat_at_either_of_their_two_tempi() -> None:
    """Drum and bass of 174 and rock of 87 with the snare between the beats are the same hits: no ear can tell."""
    beats = np.arange(0.3, 14.0, 60 / 174)
    heard = hear(drums(beats, 13.0))
    told = [one.beat for one in heard if one.beat is not None][-1]
    half = told.bpm == pytest.approx(87, rel=0.02)
    assert (half or told.bpm == pytest.approx(174, rel=0.02)) and told.confidence > 0.5
    readings = [beats[::2], beats[1::2]] if half else [beats]
    assert min(abs(np.median(phase_errors_ms(heard, beats, 7.0))) for beats in readings) < 20


def test_hats_between_the_beats_do_not_take_it() -> None:
    beats = np.arange(0.4, 12.0, 60 / 124)
    hits = [(beat, kick()) for beat in beats] + [(beat + 30 / 124, hat(0.9)) for beat in beats]
    off = phase_errors_ms(hear(place(11.0, hits)), beats, 5.0)
    assert np.mean(np.abs(off) < 50) > 0.9


def test_phase_runs_on_evenly() -> None:
    beats = np.arange(0.3, 9.0, 0.5)
    phases = np.unwrap([2 * np.pi * h.beat.phase for h in hear(drums(beats, 8.0))[400:] if h.beat]) / (2 * np.pi)
    steps = np.diff(phases)
    assert steps.min() > 0 and steps.max() < 2 * HOP_S / 0.5


def test_a_new_tempo_is_found() -> None:
    beats = np.concatenate([np.arange(0.3, 8.0, 60 / 100), 8.1 + np.arange(0, 8.0, 60 / 130)])
    heard = hear(drums(beats, 15.0))
    assert np.mean(np.abs(phase_errors_ms(heard, beats, 12.1)) < 50) > 0.9
    assert heard[-1].beat is not None and heard[-1].beat.bpm == pytest.approx(130, rel=0.02)


def confidence(mono: Sound) -> float:
    return float(np.mean([h.beat.confidence if h.beat else 0.0 for h in hear(mono)[400:]]))


def scattered(rng: np.random.Generator) -> Sound:
    times = np.cumsum(np.exp(rng.uniform(np.log(0.12), np.log(0.9), 30)))
    return place(8.0, [(float(t), (kick(), snare(), hat())[int(rng.integers(3))]) for t in times])


@pytest.mark.parametrize(
    "sound",
    [
        lambda rng: rng.normal(0, 0.1, 8 * SAMPLE_RATE),
        lambda rng: np.zeros(8 * SAMPLE_RATE),
        lambda rng: tone(110, 8.0),
        scattered,
    ],
    ids=["noise", "silence", "held tone", "scattered drums"],
)
def test_no_beat_gives_no_confidence(sound: Callable[[np.random.Generator], Sound]) -> None:
    assert confidence(sound(np.random.default_rng(3))) <= 0.3


def test_confidence_falls_in_silence_and_comes_back() -> None:
    beats = np.arange(0.3, 22.0, 0.5)
    mono = drums(beats, 20.0)
    mono[8 * SAMPLE_RATE : 14 * SAMPLE_RATE] = 0.0
    told = [h.beat.confidence if h.beat else 0.0 for h in hear(mono)]
    assert told[799] > 0.5 and told[1399] < 0.3 and told[-1] > 0.5


def test_any_cut_gives_the_same_beat() -> None:
    mono = drums(np.arange(0.2, 4.0, 0.5), 3.0)
    sound = np.stack([mono, 0.5 * mono], axis=1)
    whole = Analyzer().push(sound)
    for size in (37, 1024):
        analyzer = Analyzer()
        parts = [h for at in range(0, len(sound), size) for h in analyzer.push(sound[at : at + size])]
        assert [h.beat for h in parts] == [h.beat for h in whole]
        for x, y in zip(parts, whole, strict=True):
            assert np.array_equal(x.chroma, y.chroma) and x.harmonic == y.harmonic


def test_bad_samples_do_no_lasting_harm() -> None:
    beats = np.arange(0.3, 12.0, 0.5)
    mono = drums(beats, 11.0)
    mono[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + 2000] = np.nan
    mono[3 * SAMPLE_RATE] = 1e30
    heard = hear(mono)
    assert all(np.isfinite([h.beat.phase, h.beat.bpm, h.beat.confidence]).all() for h in heard if h.beat)
    assert np.mean(np.abs(phase_errors_ms(heard, beats, 8.0)) < 40) > 0.9


def test_weights_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="mixes"):
        PhaseNetwork(shipped() | {"mixes": np.zeros((2, 2))})


def test_the_network_gives_a_distribution() -> None:
    network, rng = PhaseNetwork(shipped()), np.random.default_rng(1)
    for _ in range(300):
        ratios = network.push(Frame(rng.exponential(1.0, BANDS), rng.uniform(0, 4, BANDS), False))
    assert np.exp(ratios).mean() == pytest.approx(1.0)


def test_a_kick_is_low_and_a_hat_is_high() -> None:
    heard = hear(place(4.0, [(1.0, kick()), (2.0, hat()), (3.0, snare())]))
    low, mid, high = ([getattr(h, f"onset_{band}") for h in heard] for band in ("low", "mid", "high"))

    def near(strength: list[float], time: float) -> float:
        hop = round(time / HOP_S)
        return max(strength[hop : hop + 3])

    assert near(low, 1.0) > 0.6 and near(high, 1.0) < 0.3
    assert near(high, 2.0) > 0.6 and near(low, 2.0) < 0.1
    assert near(high, 3.0) > 0.6 and near(mid, 3.0) > 0.6
    assert all(strength[i] == 0 for strength in (low, mid, high) for i in (50, 150, 250))
    # Told in the hop in which the drum begins, or the next.
    assert max(low[100:102]) > 0.6 and max(high[200:202]) > 0.6


def test_onsets_are_picked_once_a_stroke() -> None:
    heard = hear(place(4.0, [(1.0, kick()), (2.0, hat()), (2.02, hat()), (3.0, snare())]))
    pickers = OnsetPickers()
    picked = [(one.sample / SAMPLE_RATE, bands) for one in heard if (bands := pickers.push(one))]
    starts = [time for time, bands in picked if "any" in bands]
    assert starts == pytest.approx([1.01, 2.01, 3.01], abs=HOP_S)
    low, high = ({round(time) for time, bands in picked if band in bands} for band in ("low", "high"))
    assert 1 in low and 2 not in low and high == {2, 3}


def test_an_onset_rises_and_comes_no_sooner_than_the_refractory_time() -> None:
    picker, apart = OnsetPicker(), round(APART_S / HOP_S)
    strengths = [0.2, 0.5, 0.9, 0.4, 0.0, 0.0, 0.8, 0.8, 0.29]
    picked = [n for n, strength in enumerate(strengths) if picker.push(strength, (n + 1) * HOP_SAMPLES)]
    assert picked == [1, 6] and apart <= 6 - 1


@pytest.mark.parametrize("band", ["low", "mid", "high"])
def test_steady_sound_has_no_onsets_in_any_band(band: str) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 3 * SAMPLE_RATE)
    # White noise in a narrow band swells and fades: that shows, but stays under what counts as an onset.
    for mono, most in ((noise, 0.3), (tone(55, 3.0), 0.05), (tone(440, 3.0), 0.05)):
        assert max(getattr(h, f"onset_{band}") for h in hear(mono)[60:]) < most


def test_the_notes_of_a_chord_are_the_highest_in_chroma() -> None:
    for notes in ((60, 64, 67), (57, 60, 64), (62, 66, 69)):
        mono = sum(tone(440 * 2 ** ((note - 69) / 12), 1.0, 0.1) for note in notes)
        chroma = hear(mono)[-1].chroma
        assert chroma.shape == (12,) and chroma.sum() == pytest.approx(1, abs=1e-5) and not chroma.flags.writeable
        assert set(np.argsort(chroma)[-3:].tolist()) == {note % 12 for note in notes}
    assert not hear(np.zeros(SAMPLE_RATE))[-1].chroma.any()


def test_chroma_hears_both_sides() -> None:
    left, right = tone(261.63, 1.0), tone(369.99, 1.0)
    chroma = Analyzer().push(np.stack([left, right], axis=1))[-1].chroma
    assert set(np.argsort(chroma)[-2:].tolist()) == {0, 6}
    against = Analyzer().push(np.stack([left, -left], axis=1))[-1].chroma
    assert np.argmax(against) == 0


def test_tones_are_harmonic_and_clicks_are_not() -> None:
    clicks = place(3.0, [(0.2 * n, hat()) for n in range(15)])
    held = hear(sum(tone(hertz, 3.0) for hertz in (220, 277.2, 329.6)))[-1].harmonic
    assert held > 0.75
    assert np.mean([h.harmonic for h in hear(clicks)[100:]]) < 0.3
    assert hear(np.zeros(SAMPLE_RATE))[-1].harmonic == 0
