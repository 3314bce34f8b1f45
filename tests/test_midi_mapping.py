"""MIDI without ports: bytes, bindings, learning, faders that are picked up, and the file that remembers them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from benchmarks.osc import Recorder
from visualizer.actions import ACTIONS
from visualizer.control.midi_clock import MidiClock
from visualizer.midi.binding import Binding, BindingError, bindable, bound
from visualizer.midi.bindings_file import BindingsFileError, Remembered, load, save
from visualizer.midi.door import Midi
from visualizer.midi.mapping import Mapping
from visualizer.midi.messages import Control, Reader
from visualizer.midi.ports import plain_names
from visualizer.parameters import PARAMETERS
from visualizer.remote.inbox import Wish

FADER = Control("cc", 1, 7)
LOOKS = ("aurora", "mandala", "nebula")


class Show(Recorder):
    """A recorder whose switches keep what they are told."""

    def get(self, name: str) -> float | str | bool:
        if name in ACTIONS:
            return dict(self.actions).get(name) or False
        return super().get(name)


class Player:
    """Bytes to a recorder by way of a mapping, as the program does it, without its threads."""

    def __init__(self, *bindings: Binding) -> None:
        self.show = Show()
        self.mapping = Mapping(self.show, bindings, lambda: LOOKS)
        self._reader = Reader()
        self.now = 100.0

    def send(self, *message: int, after: float = 0.01) -> list[Wish]:
        self.now += after
        wishes = self.mapping.play(self._reader.read(message), self.now)
        for wish in wishes:
            if wish.is_action:
                self.show.act(wish.name, wish.value)
            else:
                assert wish.value is not None and not isinstance(wish.value, bool)
                self.show.set(wish.name, wish.value)
        return wishes

    def fade(self, *places: int) -> list[float]:
        """Move the fader; the values that were set."""
        return [float(wish.value or 0) for place in places for wish in self.send(0xB0, 7, place)]


def test_bytes_are_moves() -> None:
    reader = Reader()

    def moves(*message: int) -> list[tuple[str, int]]:
        return [(str(move.control), move.value) for move in reader.read(message)]

    assert moves(0x90, 60, 100) == [("note 60, channel 1", 100)]
    assert moves(0x9F, 60, 0) == [("note 60, channel 16", 0)] == moves(0x8F, 60, 64)
    assert moves(0xB0, 70, 1) == [("CC 70, channel 1", 1)]
    assert moves(0xB2, 7, 127) == [("CC 7, channel 3", 127), ("CC 7+39, channel 3", 127 << 7)]
    assert moves(0xB2, 39, 127) == [("CC 39, channel 3", 127), ("CC 7+39, channel 3", 16383)]
    assert moves(0xB3, 39, 5) == [("CC 39, channel 4", 5)], "without its coarse half it is one by itself"
    assert moves(0xE0, 127, 127) == [("pitch bend, channel 1", 16383)]
    assert moves(0xC5, 9) == [("program, channel 6", 9)]
    assert reader.read((0xE0, 0, 64))[0].place == pytest.approx(0.5, abs=1e-4)


def test_no_bytes_raise() -> None:
    rng = random.Random(1)
    names = bindable()
    bindings = []
    for kind in ("note", "cc", "cc14", "bend", "program"):
        for channel in range(1, 17):
            number = 0 if kind in ("bend", "program") else rng.randrange(32)
            binding = bound(Control(kind, channel, number), rng.choice([name for name in names if name != "preset"]))
            bindings.append(binding)
    player = Player(*bindings, Binding(Control("program", 1), "preset"))
    for _ in range(50_000):
        size = rng.choice((0, 1, 2, 3, 3, 3, 4, 40))
        message = [rng.randrange(256) if rng.random() < 0.5 else rng.randrange(128) for _ in range(size)]
        if message and rng.random() < 0.7:
            message[0] = rng.randrange(0x80, 0x100)
        player.send(*message)
    for name, value in player.show.values.items():
        PARAMETERS[name].check(value)
    assert len(player.show.actions) > 100 and player.show.sets > 100


def test_a_fader_moves_a_value_between_its_ends() -> None:
    player = Player(Binding(FADER, "light/hue", -90.0, 90.0))
    assert player.fade(0, 127) == [-90.0, 90.0]
    player.mapping.put(Binding(FADER, "light/hue", 90.0, -90.0))
    assert player.fade(0, 127) == [90.0, -90.0], "turned round"
    player.mapping.put(Binding(FADER, "lens/mirrors", 0.0, 12.0))
    assert player.send(0xB0, 7, 64)[-1] == Wish("lens/mirrors", 6.0, False), "whole numbers are rounded"
    fine = Player(
        Binding(Control("cc14", 1, 7), "light/gain", 0.0, 3.0), Binding(Control("bend", 2), "light/hue", -180, 180)
    )
    fine.send(0xB0, 7, 64)
    assert fine.send(0xB0, 39, 1)[0].value == pytest.approx(3 * (64 * 128 + 1) / 16383)
    assert fine.send(0xE1, 127, 127)[0].value == 180
    tempo = Player(Binding(FADER, "tempo/bpm", 60.0, 187.0))
    assert tempo.send(0xB0, 7, 60) == [Wish("tempo/bpm", 120.0, True)]


def test_a_fader_waits_until_it_passes_the_value() -> None:
    player = Player(bound(FADER, "light/gain"))  # stands at 1 of 0 to 3: place 42.3
    assert player.fade(0, 20, 41, 10) == []
    assert player.fade(50, 60) == [pytest.approx(3 * 50 / 127), pytest.approx(3 * 60 / 127)], "it passed it"
    player.now += 10
    assert len(player.fade(61, 5, 100)) == 3, "it has it, however it moves"
    player.now += 10
    player.show.values["light/gain"] = 0.3  # a preset: place 12.7
    assert player.fade(99, 50, 30) == [], "it lost it"
    assert player.fade(13) == [pytest.approx(3 * 13 / 127)], "near enough is there"
    player.mapping.put(Binding(FADER, "light/gain", 0.0, 3.0, pick_up=False))
    player.show.values["light/gain"] = 0.0
    assert len(player.fade(120)) == 1


def test_a_value_that_is_not_yet_carried_out_does_not_lose_the_fader() -> None:
    show = Recorder()
    mapping = Mapping(show, [bound(FADER, "light/gain")], lambda: LOOKS)
    reader = Reader()
    taken = [mapping.play(reader.read((0xB0, 7, place)), 5 + place / 1000) for place in range(30, 128)]
    assert all(taken[14:]) and not any(taken[:10]), "the show still says 1.0 all the while"


def test_a_fader_of_a_whole_number_is_picked_up_at_each_of_them() -> None:
    player = Player(bound(FADER, "lens/mirrors"))
    player.show.values["lens/mirrors"] = 6.0
    assert player.fade(10, 20) == [] and player.fade(62) == [6.0] and player.fade(127) == [12.0]


def test_keys_and_buttons_trigger_switch_and_choose() -> None:
    pad, button = Control("note", 10, 36), Control("cc", 1, 80)
    player = Player(
        bound(pad, "tempo/tap"), bound(button, "tempo/flip"), bound(Control("note", 10, 37), "output/blackout"),
        Binding(Control("note", 10, 38), "output/freeze", hold=True), Binding(Control("program", 1), "preset"),
        Binding(Control("note", 10, 39), "preset", text="mandala"), bound(Control("note", 10, 40), "sound/onset"),
    )  # fmt: skip
    for velocity in (100, 1, 0, 80):
        player.send(0x99, 36, velocity)
    assert player.show.actions == [("tempo/tap", None)] * 3, "each press, and no release"
    player.show.actions.clear()
    for place in (0, 127, 127, 70, 0, 127, 0):
        player.send(0xB0, 80, place)
    assert player.show.actions == [("tempo/flip", None)] * 2, "a button that is held is pressed once"
    player.show.actions.clear()
    for velocity in (90, 0, 90, 0):
        player.send(0x99, 37, velocity)
    assert player.show.actions == [("output/blackout", True), ("output/blackout", False)], "on, off"
    player.show.actions.clear()
    for velocity in (90, 0):
        player.send(0x99, 38, velocity)
    assert player.show.actions == [("output/freeze", True), ("output/freeze", False)], "as long as it is held"
    player.show.actions.clear()
    player.send(0x99, 39, 9)
    player.send(0xC0, 2)
    player.send(0xC0, 99)
    assert player.show.actions == [("preset", "mandala"), ("preset", "nebula")]
    assert [player.send(0x99, 40, v)[0].value for v in (127, 0)] == [1.0, 0.0]


def test_the_next_control_that_is_moved_is_learnt() -> None:
    def learnt(name: str, *messages: tuple[int, ...], wait: float = 0.0) -> Binding | None:
        player = Player()
        player.mapping.learn(name)
        for message in messages:
            assert player.send(*message) == [], "what is learnt moves nothing"
        if player.mapping.learning(player.now + wait):
            return None
        (binding,) = player.mapping.bindings
        return binding

    gain = Binding(FADER, "light/gain", 0.0, 3.0, pick_up=True)
    assert learnt("light/gain", (0xB0, 7, 1), (0xB0, 7, 2)) == gain
    assert learnt("light/gain", (0xB0, 7, 1), wait=0.1) == gain, "a single message, after a moment"
    assert learnt("light/gain", (0xB0, 7, 1)) is None
    assert learnt("light/gain", (0xB0, 7, 1), (0xB0, 39, 2)) == Binding(
        Control("cc14", 1, 7), "light/gain", 0.0, 3.0, pick_up=True
    )
    assert learnt("light/gain", (0xB0, 70, 1)) == Binding(Control("cc", 1, 70), "light/gain", 0.0, 3.0, pick_up=True)
    touched = learnt("light/gain", (0x90, 104, 127), (0xE0, 0, 10))
    assert touched is not None and touched.control == Control("bend", 1), "a fader that says it is touched"
    assert learnt("light/gain", (0x90, 60, 100)) is None
    key = learnt("light/gain", (0x90, 60, 100), wait=1.0)
    assert key is not None and key.control == Control("note", 1, 60) and not key.pick_up
    assert learnt("tempo/tap", (0x80, 60, 0)) is None, "a key that is let go is none"
    tap = learnt("tempo/tap", (0x92, 60, 1))
    assert tap is not None and tap.control == Control("note", 3, 60)
    look = learnt("preset", (0x90, 60, 1))
    assert look is not None and look.text == "aurora"
    assert learnt("preset", (0xC0, 5)) == Binding(Control("program", 1), "preset")
    player = Player()
    for name, sentence in (("picture/prompt", "words"), ("light/gian", "no parameter")):
        with pytest.raises(BindingError, match=sentence):
            player.mapping.learn(name)
    player.mapping.learn("light/gain")
    player.mapping.stop_learning()
    player.send(0xB0, 70, 1)
    assert player.mapping.bindings == ()


def test_bindings_are_changed_and_removed() -> None:
    one, other = bound(FADER, "light/gain"), bound(FADER, "light/hue")
    player = Player(one, other)
    changed = Binding(FADER, "light/gain", 1.0, 2.0)
    player.mapping.put(changed)
    assert player.mapping.bindings == (changed, other)
    assert [wish.name for wish in player.send(0xB0, 7, 63)] == ["light/gain", "light/hue"], "one fader, two values"
    player.mapping.remove(changed)
    player.mapping.remove(changed)
    assert player.mapping.bindings == (other,)
    player.mapping.put(Binding(FADER, "light/hue", -1000, 1000))
    assert player.mapping.bindings[0].low == -180, "brought into range"


@pytest.mark.parametrize("name", bindable())
def test_everything_that_can_be_bound_is_bound(name: str) -> None:
    for control in (FADER, Control("program", 16)):
        binding = bound(control, name) if name != "preset" else Binding(control, name, text="nebula")
        player = Player(binding)
        player.mapping.put(Binding(control, name, binding.low, binding.high, text=binding.text))
        wishes = player.send(0xCF, 127) if control.kind == "program" else player.send(0xB0, 7, 127)
        assert [wish.name for wish in wishes] == [name]


def test_the_file_keeps_everything(tmp_path: Path) -> None:
    path = tmp_path / "new" / "midi.json"
    assert load(path) == Remembered()
    kept = Remembered(
        ("nanoKONTROL2", "Knöpfe"), False, "jack",
        (bound(FADER, "light/gain"), Binding(Control("note", 2, 3), "preset", text="mandala"),
         Binding(Control("cc14", 3, 1), "light/hue", 90.0, -90.0)),
    )  # fmt: skip
    save(path, kept)
    assert load(path) == kept and [each.name for each in path.parent.iterdir()] == ["midi.json"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{\n  oops", "midi.json, line 2: this is no JSON"), ("[]", "no table"), ('{"prots": []}', "there is no 'prots'"),
        ('{"ports": [1]}', "names of ports"), ('{"clock": 1}', "clock = 1 is no true or false"),
        ('{"bindings": [3]}', "binding 1: this is no table"),
        ('{"bindings": [{"kind": "cc", "channel": 1}]}', "binding 1: name is missing"),
        ('{"bindings": [{"kind": "knob", "channel": 1, "name": "light/gain"}]}', "no control of the kind 'knob'"),
        ('{"bindings": [{"kind": "cc", "channel": 17, "name": "light/gain"}]}', "channels are 1 to 16"),
        ('{"bindings": [{"kind": "cc", "channel": true, "name": "light/gain"}]}', "channel = True is no whole number"),
        ('{"bindings": [{"kind": "cc", "channel": 1, "number": 128, "name": "light/gain"}]}', "0 to 127, not 128"),
        ('{"bindings": [{"kind": "cc14", "channel": 1, "number": 32, "name": "light/gain"}]}', "0 to 31, not 32"),
        ('{"bindings": [{"kind": "cc", "channel": 1, "name": "light/gian"}]}', "no parameter or action 'light/gian'"),
        ('{"bindings": [{"kind": "cc", "channel": 1, "name": "light/gain", "low": NaN}]}', "low = nan is no number"),
        ('{"bindings": [{"kind": "cc", "channel": 1, "name": "light/gain", "low": 1' + "0" * 400 + "}]}", "too large"),
        ('{"bindings": [{"kind": "cc", "channel": 1, "name": "preset"}]}', "say which"),
        ("[" * 100_000, "no JSON"), ("\udcff", "UTF-8"), (" " * 2**21, "larger than"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_in_one_sentence_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "midi.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BindingsFileError) as error:
        load(path)
    assert sentence in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_cannot_be_read_is_laid_aside_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "midi.json"
    path.write_text("{ what I wrote by hand")
    midi = Midi(Show(), MidiClock(lambda seconds: None), path)
    assert "this is no JSON" in midi.state.messages[-1] and midi.state.bindings == ()
    midi.stop()
    assert path.read_text() == "{ what I wrote by hand", "nothing was changed, so nothing is written"
    midi.put(bound(FADER, "light/gain"))
    midi.stop()
    assert load(path).bindings == (bound(FADER, "light/gain"),)
    assert (tmp_path / "midi.json.bad").read_text() == "{ what I wrote by hand"
    assert json.loads(path.read_text())["bindings"][0]["name"] == "light/gain"


def test_ports_are_known_by_what_does_not_change() -> None:
    names = [
        "nanoKONTROL2:nanoKONTROL2 MIDI 1 24:0",
        "Midi Through:Midi Through Port-0 14:0",
        "Pad:Pad 20:0",
        "Pad:Pad 28:0",
    ]
    assert plain_names(names, "linux") == [
        "nanoKONTROL2:nanoKONTROL2 MIDI 1", "Midi Through:Midi Through Port-0", "Pad:Pad", "Pad:Pad (2)",
    ]  # fmt: skip
    assert plain_names(["nanoKONTROL2 1", "loopMIDI Port 2"], "win32") == ["nanoKONTROL2", "loopMIDI Port"]
    assert plain_names(["IAC Bus 1", "IAC Bus 1", ""], "darwin") == ["IAC Bus 1", "IAC Bus 1 (2)", "MIDI input"]
