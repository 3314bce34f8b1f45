"""What the beat tracker learns from: that it is none of the benchmark's, is kept whole, and says what made it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import beat_lessons
import beat_music
import held_out_rows
import learn_bar_patterns
import provenance
import train_beat_network

from visualizer.analysis.beat import bar_patterns
from visualizer.analysis.beat.network import PhaseNetwork, load
from visualizer.bench.hearing import styles
from visualizer.bench.hearing.midi import soundfont


@pytest.mark.parametrize(
    ("row", "other"),
    [
        ("..x.x...x..x..x.", "..X.o...9..1..x."),  # loudness is none of it
        ("x..x....", "x..x....x..x...."),  # nor how often it is written
        ("x.......x.x.....", "r-------r-f-----"),  # nor who plays it
    ],
)
def test_rows_compare_by_their_strokes(row: str, other: str) -> None:
    one, same = (held_out_rows.signatures(styles.Style({42: text}, ())) for text in (row, other))
    assert one == same and len(one) == 1


def test_plain_rows_are_nobodys() -> None:
    for row in ("X...X...X...X...", "....x.......x...", "xoxoxoxoxoxoxoxo", "..x...x...x...x.", "x..xx..xx..xx..x"):
        assert not held_out_rows.signatures(styles.Style({42: row}, ()))
    # But a kick that leaves out the first beat is a one-drop's.
    assert held_out_rows.signatures(styles.Style({36: "....x.......x..."}, ())) == {("kick", 12, ".x")}


def test_nothing_is_learnt_from_the_benchmarks_rows() -> None:
    """Neither drawn at random nor as written: 67 rows of the benchmark say more than any music has."""
    held = held_out_rows.held_out()
    assert len(held) > 50
    for number, family in enumerate(list(beat_music.FAMILIES) * 60):
        style, _ = beat_music.draw(family, np.random.default_rng([number, 5]))
        assert not held_out_rows.signatures(style) & held, style
    for row in (*beat_music.TIMELINES, *beat_music.LATIN_BASSES):
        assert not held_out_rows.signatures(styles.Style({42: row}, ())) & held, row
    theirs = {style.chords for style in styles.STYLES.values()}
    assert not theirs & set(beat_music.CHORDS)


def test_nothing_is_learnt_from_the_benchmarks_soundfont() -> None:
    with pytest.raises(ValueError, match="the benchmark's soundfont"):
        beat_lessons.lesson(0, soundfont())


def test_lessons_are_kept_and_learnt_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lessons = tmp_path / "lessons.npz"
    monkeypatch.setattr(sys, "argv", ["", str(lessons), "--pieces", "14"])
    beat_lessons.main()
    kept = list(beat_lessons.read([lessons]))
    again = beat_lessons.lesson(5)
    assert len(kept) == 14 and kept[5].meter == again.meter and kept[5].changes == again.changes != ()
    np.testing.assert_array_equal(kept[5].beats, again.beats)
    np.testing.assert_allclose(kept[5].rises, again.rises, rtol=1e-3, atol=1e-3)
    table = learn_bar_patterns.learn(kept)
    assert table.shape == bar_patterns.SHAPE and np.isfinite(table).all()
    network = tmp_path / "network.npz"
    monkeypatch.setattr(sys, "argv", ["", str(lessons), "--steps", "2", "--out", str(network)])
    train_beat_network.main()
    told = provenance.read(network)
    assert told["arguments"]["steps"] == 2 and told["lessons"][0]["arguments"]["pieces"] == 14
    assert len(told["commit"]) >= 40 or told["commit"] == "unknown"
    PhaseNetwork(load(network)).push(next(kept[0].frames()))


def test_a_training_that_was_broken_off_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    pieces = [beat_lessons.lesson(index) for index in range(14)]

    def begun() -> train_beat_network.Run:
        train_beat_network.torch.manual_seed(0)
        return train_beat_network.Run(train_beat_network.Lessons(pieces, 0), 4)

    whole = begun()
    for _ in range(2):
        whole.advance()
    whole.save(tmp_path / "run.pt")
    while whole.step < 4:
        whole.advance()
    rest = begun()
    rest.resume(tmp_path / "run.pt")
    while rest.step < 4:
        rest.advance()
    for name, array in whole.averaged.arrays().items():
        np.testing.assert_array_equal(array, rest.averaged.arrays()[name])
    with pytest.raises(ValueError, match="a run of 4 steps"):
        train_beat_network.Run(train_beat_network.Lessons(pieces, 0), 5).resume(tmp_path / "run.pt")
