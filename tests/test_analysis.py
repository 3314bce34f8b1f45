"""The analysis against standards, an independent meter and its own promises."""

from __future__ import annotations

import numpy as np
import pytest

from visualizer.analysis.analyzer import Analyzer
from visualizer.analysis.bands import BANDS_HZ, BandStrength, band_pass
from visualizer.analysis.filters import FilterBank, butterworth
from visualizer.analysis.loudness import K_WEIGHTING
from visualizer.analysis.mel import PUBLISHED, SHOW, LogMel, MelConfig, edges
from visualizer.bench.hearing.loudness import metered
from visualizer.measure.envelope import OnsetEnvelope
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Heard

MEASURES = (
    "loudness_lufs", "level", "energy", "bass", "mid", "treble", "bass_level", "mid_level", "treble_level", "onset",
    "flux", "loudness", "brightness", "tension", "onset_level", "onset_low_level", "onset_mid_level", "onset_high_level",
)  # fmt: skip
ZERO_TO_ONE = MEASURES[1:]


def sine(hertz: float, decibels: float, seconds: float) -> np.ndarray:
    """A mono sine whose peak lies ``decibels`` below full scale."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * time)


def stereo(left: np.ndarray, right: np.ndarray | None = None) -> np.ndarray:
    return np.stack([left, left if right is None else right], axis=1)


def music(seconds: float, seed: int = 1) -> np.ndarray:
    """Chords, bass, pink-ish noise bursts and gain changes, different on both sides."""
    rng = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    out = np.zeros((count, 2))
    for hertz in (55, 110, 220, 277.2, 329.6, 1760):
        swell = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.1, 0.6) * time + rng.uniform(0, 6, (2, 1)))
        out += (rng.uniform(0.02, 0.15) * swell * np.sin(2 * np.pi * hertz * time)).T
    beats = np.exp(-((time * 2.1) % 1) * 12)
    out += rng.normal(0, 0.2, (count, 2)) * beats[:, None]
    return out


def hear(sound: np.ndarray) -> list[Heard]:
    return Analyzer().push(sound)


def same(a: list[Heard], b: list[Heard]) -> bool:
    """Whether two runs agree to the last bit."""
    return len(a) == len(b) and all(
        x.sample == y.sample
        and np.array_equal(x.mel, y.mel)
        and all(getattr(x, name) == getattr(y, name) for name in MEASURES)
        for x, y in zip(a, b, strict=True)
    )


def test_filters_are_the_biquads_sample_by_sample() -> None:
    sound = np.random.default_rng(3).normal(0, 0.3, (4 * HOP_SAMPLES, 2))
    cascades = [K_WEIGHTING, *(band_pass(*hertz) for hertz in BANDS_HZ.values())]
    bank = FilterBank(cascades)
    hops = [bank.filter(sound[i : i + HOP_SAMPLES]) for i in range(0, len(sound), HOP_SAMPLES)]
    got = np.concatenate([hop.transpose(2, 0, 1, 3).reshape(len(cascades), 2, HOP_SAMPLES) for hop in hops], axis=2)
    for number, sections in enumerate(cascades):
        for channel in range(2):
            want = sound[:, channel].tolist()
            for b0, b1, b2, a1, a2 in sections:
                s1 = s2 = 0.0
                for i, x in enumerate(want):
                    y = b0 * x + s1
                    s1, s2 = b1 * x - a1 * y + s2, b2 * x - a2 * y
                    want[i] = y
            np.testing.assert_allclose(got[number, channel], want, atol=1e-9)


@pytest.mark.parametrize("kind", ["low", "high"])
def test_butterworth_is_three_decibels_down_at_its_edge(kind: str) -> None:
    z = np.exp(-2j * np.pi * 700 / SAMPLE_RATE)
    response = np.prod([(b0 + b1 * z + b2 * z**2) / (1 + a1 * z + a2 * z**2)
                        for b0, b1, b2, a1, a2 in butterworth(kind, 700, 4)])  # fmt: skip
    assert 20 * np.log10(abs(response)) == pytest.approx(-3.0103, abs=1e-3)
    with pytest.raises(ValueError, match="Butterworth"):
        butterworth(kind, SAMPLE_RATE, 4)


def test_loudness_of_the_reference_sines() -> None:
    # BS.1770-4: a 997 Hz sine at 0 dBFS in one channel is −3.01 LUFS. EBU Tech 3341, case 1: −23 dBFS stereo is −23.0.
    one = sine(997, 0, 1)
    assert hear(stereo(one, 0 * one))[-1].loudness_lufs == pytest.approx(-3.01, abs=0.02)
    assert hear(stereo(sine(997, -23, 1)))[-1].loudness_lufs == pytest.approx(-23.0, abs=0.02)
    assert hear(stereo(sine(997, -33, 1)))[-1].loudness_lufs == pytest.approx(-33.0, abs=0.02)


def test_short_term_loudness_takes_three_seconds() -> None:
    heard = hear(stereo(sine(997, -23, 4.5)))
    assert heard[149].loudness_short_lufs == pytest.approx(-23 - 3.01, abs=0.03), "half of its window is silence"
    assert heard[-1].loudness_short_lufs == pytest.approx(-23.0, abs=0.02)
    later = hear(np.concatenate([stereo(sine(997, -23, 3)), np.zeros((3 * SAMPLE_RATE, 2))]))
    assert later[-1].loudness_short_lufs < -70 and later[-150].loudness_short_lufs > -27


def test_soft_hits_are_as_strong_as_loud_ones_but_of_another_level() -> None:
    rng = np.random.default_rng(5)
    hits = np.zeros((4 * SAMPLE_RATE, 2))
    for second in range(4):
        start = second * SAMPLE_RATE + SAMPLE_RATE // 2
        hits[start : start + 2400] = rng.uniform(-0.5, 0.5, (2400, 1)) * np.linspace(1, 0, 2400)[:, None]
    loud, soft = hear(hits), hear(0.1 * hits)
    for name in ("onset", "onset_mid", "onset_high"):
        strong, weak = (max(getattr(hop, name) for hop in heard[250:]) for heard in (loud, soft))
        assert weak == pytest.approx(strong, abs=0.25) and weak > 0.5, name
        above = [max(getattr(hop, f"{name}_level") for hop in heard[250:]) for heard in (loud, soft)]
        assert above[0] - above[1] == pytest.approx(20 / 60, abs=0.02), name
    assert all(hop.onset_level == 0 for hop in loud if hop.onset == 0)


def test_loudness_agrees_with_an_independent_meter() -> None:
    """FFmpeg's ebur128 gives the momentary and short-term loudness each 100 ms."""
    sound = music(5).astype(np.float32)
    theirs = metered(sound)
    ours = [(heard.loudness_lufs, heard.loudness_short_lufs) for heard in hear(sound)][9::10]
    assert len(theirs) >= 45
    # Their windows are empty at the start, as ours; from 400 ms and 3 s on both are full.
    np.testing.assert_allclose(np.array(ours)[4 : len(theirs), 0], theirs[4:, 0], atol=0.1)
    np.testing.assert_allclose(np.array(ours)[30 : len(theirs), 1], theirs[30:, 1], atol=0.1)


def test_any_cut_gives_the_same_bits() -> None:
    sound = music(1.2).astype(np.float32)
    whole = hear(sound)
    assert len(whole) == 120 and [heard.sample for heard in whole] == list(range(480, 57_601, 480))
    rng = np.random.default_rng(5)
    for largest in (1, 37, 480, 481, 1024, 5000):
        analyzer, parts, at = Analyzer(), [], 0
        while at < len(sound):
            size = 1 if largest == 1 else int(rng.integers(0, largest + 1))
            parts += analyzer.push(sound[at : at + size])
            at += size
        assert same(parts, whole), largest


def test_memory_layout_and_start_do_not_matter() -> None:
    sound = music(0.3)
    assert same(hear(np.asfortranarray(sound)), hear(sound))
    assert Analyzer(start=9600).push(sound)[0].sample == 9600 + HOP_SAMPLES


@pytest.mark.parametrize("place", [0, 1, 239, 400, 478, 479])
def test_click_shows_in_its_own_hop(place: int) -> None:
    sound = np.zeros((10 * HOP_SAMPLES, 2))
    sound[5 * HOP_SAMPLES + place] = 1.0
    heard = hear(sound)
    assert all(h.onset == 0 and h.treble == 0 and h.energy == 0 for h in heard[:5])
    assert heard[5].onset > 0.5 and heard[5].treble > 0.5 and heard[5].treble_level > 0.3 and heard[5].energy > 0.5
    assert heard[5].loudness_lufs > -60
    assert all(h.onset == 0 for h in heard[8:])


def test_drum_stands_out_of_a_chord() -> None:
    rng = np.random.default_rng(7)
    sound = stereo(sum(sine(hertz, -24, 4) for hertz in (110, 220, 277.2, 329.6)))
    hits = [round(SAMPLE_RATE * t) for t in (1.003, 1.5, 2.007, 2.25, 3.0)]
    for hit in hits:
        sound[hit : hit + 9600] += (rng.normal(0, 0.3, 9600) * np.exp(-np.arange(9600) / 2000))[:, None]
    onset = np.array([h.onset for h in hear(sound)])
    expected = {hit // HOP_SAMPLES for hit in hits}
    near = {hop + i for hop in expected for i in range(4)} | set(range(3))
    assert all(onset[hop : hop + 2].max() > 0.6 for hop in expected)
    assert max(value for hop, value in enumerate(onset) if hop not in near) < 0.1


def test_flux_is_what_the_measure_of_videos_takes_for_the_rise_of_a_sound() -> None:
    sound = music(8)
    heard = hear(stereo(*sound.T))
    envelope = OnsetEnvelope(-3.0)
    mel = LogMel(MelConfig(window="hann", floor_db=-83.0), 2)
    rises = np.array([envelope.push(mel.push(sound[at : at + HOP_SAMPLES])[0]) for at in range(0, len(sound), HOP_SAMPLES)])
    assert np.corrcoef([hop.flux for hop in heard], rises)[0, 1] > 0.8


def test_flux_counts_what_rises_and_not_what_stays() -> None:
    tone = sine(330, -12, 4)
    later = np.where(np.arange(len(tone)) >= 2 * SAMPLE_RATE, sine(990, -18, 4), 0)  # joins in, too softly for an onset
    alone, both = (np.array([hop.flux for hop in hear(stereo(sound))]) for sound in (tone, tone + later))
    assert alone[150:].max() < 0.05
    assert both[200:203].max() > 0.3 and both[250:].max() < 0.05
    assert both[150:200].max() < 0.05
    noise = np.random.default_rng(3).normal(0, 0.1, (6 * SAMPLE_RATE, 2))
    steady = np.array([hop.flux for hop in hear(noise)])
    assert np.median(steady[400:]) < 0.2, "noise that stays is no rise"


@pytest.mark.parametrize(
    "sound",
    [
        *(stereo(sine(hertz, -6, 3)) for hertz in (41, 55, 98, 440, 3000)),
        np.random.default_rng(1).normal(0, 0.1, (144_000, 2)),
    ],
)
def test_steady_sound_has_no_onsets(sound: np.ndarray) -> None:
    assert max(h.onset for h in hear(sound)[50:]) < 0.1


def test_ten_lu_more_sound_twice_as_loud() -> None:
    soft, loud = (hear(stereo(sine(997, decibels, 1)))[-1] for decibels in (-33, -23))
    assert loud.loudness_lufs - soft.loudness_lufs == pytest.approx(10, abs=0.01)
    assert loud.loudness / soft.loudness == pytest.approx(2, abs=0.01)
    assert loud.loudness == pytest.approx(2 ** (loud.loudness_lufs / 10))


def test_silence_is_zero_and_follows_sound() -> None:
    for heard in hear(np.zeros((SAMPLE_RATE, 2))):
        assert heard.loudness_lufs == -120 and heard.beat is None
        assert all(getattr(heard, name) == 0 for name in ZERO_TO_ONE)
        assert np.all(heard.mel == SHOW.floor_db)
    after = hear(np.concatenate([music(2), np.zeros((5 * SAMPLE_RATE, 2))]))[-1]
    assert after.loudness_lufs == -120 and all(getattr(after, name) == 0 for name in ZERO_TO_ONE)


def test_noise_floor_is_not_blown_up() -> None:
    hum = np.random.default_rng(2).normal(0, 10 ** (-66 / 20), (20 * SAMPLE_RATE, 2))
    last = hear(hum)[-1]
    assert last.energy == last.bass == last.mid == last.treble == last.onset == 0


def test_bad_samples_count_as_silence() -> None:
    sound = music(0.5).astype(np.float32)
    broken, mended = sound.copy(), sound.copy()
    for i, value in ((3, np.nan), (5000, np.inf), (5001, -np.inf)):
        broken[i], mended[i] = value, 0
    assert same(hear(broken), hear(mended))
    broken[7000] = 3e38
    assert all(np.isfinite(getattr(h, name)) for h in hear(broken) for name in MEASURES)
    with pytest.raises(ValueError, match="shape"):
        hear(np.zeros(480))


@pytest.mark.parametrize(("name", "hertz"), [("bass", 60), ("mid", 600), ("treble", 6000)])
def test_band_levels_are_absolute_beside_the_automatic_gain(name: str, hertz: float) -> None:
    quiet, loud = (hear(stereo(sine(hertz, db, 30)))[-1] for db in (-36, -12))
    # A sine at −36 dBFS lies at 1 − 36/60 of the range, within the decibel by which held peaks overread.
    assert getattr(quiet, f"{name}_level") == pytest.approx(0.4, abs=0.02)
    assert getattr(loud, f"{name}_level") == pytest.approx(0.8, abs=0.02)
    assert getattr(quiet, name) == pytest.approx(getattr(loud, name), abs=0.05) and getattr(quiet, name) > 0.7
    others = [other for other in BANDS_HZ if other != name]
    assert all(getattr(loud, f"{other}_level") < getattr(loud, f"{name}_level") - 0.5 for other in others)


def test_opposite_phases_do_not_cancel() -> None:
    one = sine(600, -12, 1)
    along, against = hear(stereo(one))[-1], hear(stereo(one, -one))[-1]
    assert against.mid_level == pytest.approx(along.mid_level)
    np.testing.assert_allclose(against.mel, along.mel, atol=1e-3)


def test_automatic_gain_lets_accents_and_drops_show() -> None:
    band = BandStrength()
    steady = [band.push(1e-2)[0] for _ in range(3000)][-1]
    assert 0.75 < steady < 0.9
    assert band.push(4e-2)[0] == 1.0
    drop = [band.push(1e-4)[0] for _ in range(100)][-1]
    assert drop < 0.2


def test_brightness_and_tension_order_sounds() -> None:
    rng = np.random.default_rng(4)
    low, high = hear(stereo(sine(200, -12, 2)))[-1], hear(stereo(sine(5000, -12, 2)))[-1]
    noise = hear(rng.normal(0, 0.1, (2 * SAMPLE_RATE, 2)))[-1]
    chord = hear(stereo(sum(sine(hertz, -24, 2) for hertz in (220, 277.2, 329.6, 440, 660, 880))))[-1]
    assert low.brightness < 0.2 < 0.8 < high.brightness
    assert chord.tension < 0.3 < 0.7 < noise.tension


def test_mel_adds_up_to_the_power() -> None:
    # All bands of a full-scale sine add up to 0 dB (AES17).
    for hertz in (500, 1000, 5000):
        mel = hear(stereo(sine(hertz, 0, 0.1)))[-1].mel
        assert 10 * np.log10(np.sum(10 ** (mel / 10))) == pytest.approx(0, abs=0.1)
        corners = edges(SHOW)
        strongest = int(np.argmax(mel))
        assert corners[strongest] <= hertz <= corners[strongest + 2]
    assert not hear(stereo(sine(500, 0, 0.1)))[-1].mel.flags.writeable


@pytest.mark.parametrize("config", [SHOW, PUBLISHED, MelConfig(hop=1500, window="hann", scale="htk")])
def test_mel_streams_alike_in_any_cut(config: MelConfig) -> None:
    sound = music(0.5)
    whole = LogMel(config).push(sound)
    assert whole.shape == (len(sound) // config.hop, config.bands) and whole.dtype == np.float32
    cut = LogMel(config)
    parts = np.concatenate([cut.push(sound[i : i + 777]) for i in range(0, len(sound), 777)])
    assert np.array_equal(parts, whole)
    assert np.all(np.isfinite(whole)) and whole.min() >= config.floor_db


def test_mel_filters_are_the_stated_ones() -> None:
    # Slaney's scale: 1 kHz is mel 15, 6.4 kHz mel 42; the published filters have unit area.
    slaney = MelConfig(bands=41, fmin=0, fmax=6400)
    assert edges(slaney)[15] == pytest.approx(1000) and edges(slaney)[30] == pytest.approx(1000 * 6.4 ** (15 / 27))
    htk = MelConfig(bands=9, fmin=0, fmax=8000, scale="htk")
    np.testing.assert_allclose(2595 * np.log10(1 + edges(htk) / 700), np.linspace(0, 2840.0230, 11), atol=1e-3)
    assert np.array_equal(PUBLISHED.unit(np.float32([-80, -40, 0])), np.float32([0, 0.5, 1]))
    assert 300 < SHOW.delay_samples < 400


@pytest.mark.parametrize("wrong", [{"window_samples": 2048}, {"fmax": 30_000.0}, {"window": "box"}, {"norm": "max"}])
def test_mel_config_refuses_what_cannot_be(wrong: dict) -> None:
    with pytest.raises(ValueError, match="MelConfig"):
        MelConfig(**wrong)


def test_analyzer_refuses_another_clock() -> None:
    with pytest.raises(ValueError, match="48000"):
        Analyzer(PUBLISHED)
