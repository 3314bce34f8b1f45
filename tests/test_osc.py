"""OSC as it comes in: every address, what is refused, and what no packet may do."""

from __future__ import annotations

import re
import socket
import struct
import sys
import time
from pathlib import Path

import pytest
from osc_parts import LOCAL, Client, number, oscsend, packed, serving, text, until

from benchmarks.osc import LATE_S, Consumer, Recorder, child, emptied, mutated, nested
from visualizer import __version__
from visualizer.actions import ACTIONS
from visualizer.osc.codec import MOST_MESSAGES, Message, PacketError, bundle, decode, encode
from visualizer.osc.complaints import MOST_ADDRESSES, Complaints
from visualizer.osc.endpoint import Endpoint, EndpointError
from visualizer.osc.reference import reference
from visualizer.osc.server import Server
from visualizer.parameters import NUMBERS, PARAMETERS
from visualizer.remote.inbox import MOST_ACTIONS

ROOT = Path(__file__).resolve().parents[1]
GAIN = "/visualizer/light/gain"


@pytest.mark.parametrize("action", ACTIONS.values(), ids=str)
def test_each_action_makes_sense(action) -> None:  # type: ignore[no-untyped-def]
    assert action.kind in ("trigger", "numbered", "bool", "number", "text") and action.low < action.high
    assert action.doc.endswith(".") and "\n" not in action.doc
    assert action.name not in PARAMETERS and re.fullmatch(r"[a-z_]+(/[a-z_]+)?", action.name)


def test_the_reference_is_up_to_date() -> None:
    page = (ROOT / "docs" / "osc.md").read_text("utf-8")
    assert page == reference(), "make it anew: visualizer osc > docs/osc.md"
    assert all(f"`{each.osc_address}`" in page for table in (PARAMETERS, ACTIONS) for each in table.values())


def test_liblo_sets_every_parameter_and_does_every_action() -> None:
    with serving() as (server, target):
        port = server.endpoint.port
        for parameter in PARAMETERS.values():
            if not parameter.is_number:
                oscsend(port, parameter.osc_address, "s", parameter.choices[-1] if parameter.choices else "grüne Wellen")
                continue
            third = parameter.clamp(parameter.low + (parameter.high - parameter.low) / 3)
            whole = parameter.kind == "int"
            oscsend(port, parameter.osc_address, "i" if whole else "f", f"{third:.0f}" if whole else f"{third:.6f}")
            until(lambda p=parameter: p.name in target.values, parameter.name)  # type: ignore[misc]
            assert target.values.pop(parameter.name) == pytest.approx(third, rel=1e-5)
            oscsend(port, parameter.osc_address + "/norm", "f", "0.75")
        until(lambda: set(target.values) == set(PARAMETERS), "every parameter")
        for parameter in PARAMETERS.values():
            wanted = parameter.choices[-1] if parameter.choices else "grüne Wellen"
            if parameter.is_number:
                wanted = parameter.clamp(parameter.low + 0.75 * (parameter.high - parameter.low))  # type: ignore[assignment]
            assert target.values[parameter.name] == (pytest.approx(wanted) if parameter.is_number else wanted)
        for action in ACTIONS.values():
            values, done = {
                "trigger": ((), None), "numbered": (("i", "3"), 3.0), "bool": (("T",), True),
                "number": (("f", f"{action.high + 1:g}"), action.high), "text": (("s", "flames"), "flames"),
            }[action.kind]  # fmt: skip
            oscsend(port, action.osc_address, *values)
            wanted_action = (action.name, done)
            until(lambda w=wanted_action: w in target.actions, action.name)  # type: ignore[misc]


def test_a_beat_may_say_its_number_and_a_button_that_is_let_go_is_none() -> None:
    with serving() as (server, target), Client(server.endpoint.port) as client:
        beat = "/visualizer/tempo/beat"
        for packet in (packed(beat), packed(beat, "I"), number(beat, 0.0), number(beat, 2.0), number(beat, 99.0)):
            client.send(packet)
        until(lambda: len(target.actions) == 4, "four beats")
        assert target.actions == [("tempo/beat", value) for value in (None, None, 2.0, 16.0)]
        assert "not NaN" in client.error(number("/visualizer/tempo/bpm", float("nan")))


def test_each_type_is_taken_clamped_and_rounded() -> None:
    with serving() as (server, target), Client(server.endpoint.port) as client:
        for tags, data, gain in (
            ("i", struct.pack(">i", 2), 2.0), ("h", struct.pack(">q", 2**40), 3.0), ("d", struct.pack(">d", 0.1), 0.1),
            ("T", b"", 1.0), ("F", b"", 0.0), ("f", struct.pack(">f", -9), 0.0), ("f", struct.pack(">f", 1e30), 3.0),
            ("d", struct.pack(">d", float("inf")), 3.0), ("d", struct.pack(">d", float("-inf")), 0.0),
        ):  # fmt: skip
            target.values["light/gain"] = -1.0
            client.send(packed(GAIN, tags, data))
            until(lambda: target.values["light/gain"] != -1.0, tags)
            assert target.values["light/gain"] == gain, tags
        client.send(number("/visualizer/lens/mirrors", 5.4))
        client.send(number("/visualizer/light/hue/norm", 7.0))
        client.send(number("/visualizer/motion/zoom/norm", -3.0))
        until(lambda: len(target.values) == 4, "the last three")
        assert [target.values[n] for n in ("lens/mirrors", "light/hue", "motion/zoom")] == [5.0, 180.0, -2.0]
        assert client.answers(0.1) == []


@pytest.mark.parametrize(
    ("packet", "address", "words"),
    [
        (packed(GAIN, "f", struct.pack(">f", float("nan"))), GAIN, "not NaN"),
        (packed(GAIN + "/norm", "d", struct.pack(">d", float("nan"))), GAIN + "/norm", "not NaN"),
        (packed(GAIN, "f", b"\x3f\x80"), GAIN, "ends within a number"),
        (packed(GAIN, "d", b"\x3f\xf0\0\0"), GAIN, "ends within a number"),
        (packed(GAIN, "f", b"\0\0\0\0\0\0\0\0"), GAIN, "longer than its type tags"),
        (packed(GAIN, "ff", bytes(8)), GAIN, "2 values"),
        (packed(GAIN), GAIN, "0 values"),
        (packed(GAIN, "s", text("bright")), GAIN, "takes a number"),
        (packed(GAIN, "I"), GAIN, "takes a number"),
        (packed(GAIN, "b", bytes(4)), GAIN, "type 'b'"),
        (packed(GAIN, "[f]", bytes(4)), GAIN, "type '['"),
        (packed(GAIN, "f" * 17, bytes(68)), GAIN, "16 values at most"),
        (text(GAIN) + text("f") + bytes(4), GAIN, "comma"),
        (packed("/visualizer/picture/prompt", "s", text(b"\xff\xfe")), "/visualizer/picture/prompt", "UTF-8"),
        (packed("/visualizer/picture/prompt", "s", b"abcd"), "/visualizer/picture/prompt", "ends within a text"),
        (packed("/visualizer/picture/prompt", "s", text("a" * 1001)), "/visualizer/picture/prompt", "1000 signs"),
        (packed("/visualizer/picture/prompt", "i", bytes(4)), "/visualizer/picture/prompt", "takes text"),
        (packed("/visualizer/preset", "f", bytes(4)), "/visualizer/preset", "takes text"),
        (packed("/visualizer/record", "s", text("yes")), "/visualizer/record", "takes a number"),
        (packed("/visualizer/light/*", "f", bytes(4)), "/visualizer/light/*", "patterns"),
        (packed("/" + "*" * 12 + "0123456789abc"), "/************0123456789abc", "patterns"),
        (packed("/nowhere"), "/nowhere", "nothing listens"),
        (packed("/" + "a" * 300), "/" + "a" * 199, "200 bytes"),
        (b"", "/", "no OSC message"),
        (b"light", "/", "no OSC message"),
        (b"#bundle\0" + bytes(8) + b"\0\0\0\7", "/", "larger than the bundle"),
        (b"#bundle\0" + bytes(8) + bytes(4), "/", "empty"),
        (b"#bundle\0" + bytes(8) + b"\0\0", "/", "ends within the size"),
        (b"#bundle\0", "/", "ends within its head"),
        (bundle([Message(GAIN, (1.0,))] * (MOST_MESSAGES + 1)), "/", "512 messages"),
    ],
)  # fmt: skip
def test_what_is_refused_is_told_in_a_sentence(packet: bytes, address: str, words: str) -> None:
    with serving() as (server, target), Client(server.endpoint.port) as client:
        client.send(packet)
        (answer,) = client.answers(0.15)
        assert answer[:3] == ["/visualizer/error", ",ss", address]
        assert words in answer[3] and "\n" not in answer[3]
        assert not target.values and not target.actions


def test_what_is_wrong_beside_a_sound_message_does_not_spoil_it() -> None:
    with serving() as (server, target), Client(server.endpoint.port) as client:
        inner = [packed("/nowhere"), packed(GAIN, "b", bytes(4)), number("/visualizer/light/contrast", 0.5)]
        body = b"".join(struct.pack(">I", len(each)) + each for each in inner)
        client.send(b"#bundle\0" + b"\xff" * 8 + body)
        until(lambda: target.values == {"light/contrast": 0.5}, "the sound one")
        assert len(client.answers()) == 2


def test_bundles_of_any_depth_are_done_at_once_whatever_their_time_tag() -> None:
    with serving() as (server, target), Client(server.endpoint.port) as client:
        for depth in (1, 50, 2900):
            target.values.clear()
            begun = time.perf_counter()
            client.send(nested(depth, number(GAIN, 1.25)))
            until(lambda: target.values == {"light/gain": 1.25}, f"depth {depth}")
            assert time.perf_counter() - begun < 1


def test_a_ping_is_answered_and_what_we_say_ourselves_is_not() -> None:
    with serving() as (server, _), Client(server.endpoint.port) as client:
        client.send(packed("/visualizer/ping", "s", text("abc")))
        assert client.answers(0.15) == [["/visualizer/pong", ",ss", "abc", __version__]]
        client.send(packed("/visualizer/ping", "i", struct.pack(">i", 0x41424344)))
        assert client.answers(0.15) == [["/visualizer/pong", ",is", "ABCD" + __version__]]
        for address in ("/visualizer/error", "/visualizer/pong", "/visualizer/heard/bass"):
            client.send(packed(address, "s", text("x")))
        assert client.answers(0.15) == []


def test_the_last_value_wins_and_no_trigger_is_merged() -> None:
    class Slow(Recorder):
        def act(self, name: str, value: float | str | bool | None) -> None:
            super().act(name, value)
            time.sleep(0.001)

    with serving(Slow()) as (server, target), Client(server.endpoint.port) as client:
        for step in range(200):
            client.send(number(GAIN, step / 100))
            client.send(packed("/visualizer/tempo/tap"))
        until(lambda: len(target.actions) == 200, "200 taps")
        assert target.values["light/gain"] == pytest.approx(1.99)
        client.send(packed("/visualizer/tempo/tap", "f", struct.pack(">f", 1)))
        client.send(packed("/visualizer/tempo/tap", "f", bytes(4)))  # the button is let go
        client.send(packed("/visualizer/tempo/tap", "I"))
        client.send(packed("/visualizer/output/freeze", "F"))
        until(lambda: ("output/freeze", False) in target.actions, "the switch")
        assert len(target.actions) == 203


def test_a_preset_and_values_keep_their_order() -> None:
    order: list[str] = []

    class Ordered(Recorder):
        def set(self, name: str, value: float | str) -> None:
            order.append(f"{name}={value:g}")

        def act(self, name: str, value: float | str | bool | None) -> None:
            order.append(name)
            time.sleep(0.02)  # what comes meanwhile is handed over together

    with serving(Ordered()) as (server, _), Client(server.endpoint.port) as client:
        client.send(packed("/visualizer/tempo/tap"))
        time.sleep(0.005)
        for packet in (
            number(GAIN, 1), number("/visualizer/light/contrast", 1), packed("/visualizer/preset/next"), number(GAIN, 2),
        ):  # fmt: skip
            client.send(packet)
        until(lambda: len(order) == 4, "all of it")
        assert order == ["tempo/tap", "light/contrast=1", "preset/next", "light/gain=2"]


def test_too_many_actions_are_left_out_and_told() -> None:
    class Stuck(Recorder):
        def act(self, name: str, value: float | str | bool | None) -> None:
            super().act(name, value)
            time.sleep(0.3 if len(self.actions) == 1 else 0)

    with serving(Stuck()) as (server, target), Client(server.endpoint.port) as client:
        for _ in range(4):
            client.send(bundle([Message("/visualizer/tempo/tap")] * 200))
        assert any("too much" in answer[3] for answer in client.answers())
        until(lambda: len(target.actions) >= MOST_ACTIONS, "those that had room")
        assert len(target.actions) <= MOST_ACTIONS + 200


def test_a_target_that_fails_is_told_and_the_next_is_done() -> None:
    class Failing(Recorder):
        def act(self, name: str, value: float | str | bool | None) -> None:
            raise ZeroDivisionError("by zero")

    with serving(Failing()) as (server, target), Client(server.endpoint.port) as client:
        assert "failed (ZeroDivisionError" in client.error(packed("/visualizer/record", "T"))
        client.send(number(GAIN, 1))
        until(lambda: target.values == {"light/gain": 1.0}, "the next")


def test_an_error_is_told_once_a_second_for_each_address() -> None:
    with serving() as (server, _), Client(server.endpoint.port) as client:
        for _ in range(500):
            client.send(packed("/nowhere"))
            client.send(packed("/elsewhere"))
        assert sorted(answer[2] for answer in client.answers()) == ["/elsewhere", "/nowhere"]
        for address in range(500):
            client.send(packed(f"/wrong/{address}"))
        assert len(client.answers()) <= MOST_ADDRESSES
        time.sleep(0.5)
        assert "nothing listens" in client.error(packed("/nowhere"))


def test_complaints_by_the_clock() -> None:
    complaints = Complaints()
    assert [complaints.due("/a", at) for at in (10.0, 10.9, 11.0, 11.5, 12.1)] == [True, False, True, False, True]
    assert sum(complaints.due(f"/{n}", 20.0) for n in range(1000)) == MOST_ADDRESSES
    assert complaints.due("/new", 21.0) and not complaints.due("/new", 21.5)


def test_8000_messages_a_second_are_all_obeyed() -> None:
    with serving() as (server, target):
        took = float(child(f"steady({server.endpoint.port}, 2.0)").stdout)
        emptied(server)
        assert server.received == 16_000 and took < 2.5
        for at, name in enumerate(NUMBERS):
            newest = 15_999 - (15_999 - at) % len(NUMBERS)
            parameter = PARAMETERS[name]
            wanted = parameter.low + 0.5 * (newest + 1) / 16_000 * (parameter.high - parameter.low)
            wanted = parameter.clamp(struct.unpack(">f", struct.pack(">f", wanted))[0])
            assert target.values[name] == pytest.approx(wanted, rel=1e-4, abs=1e-4), name
        assert target.sets < 16_000, "nothing was coalesced"


def test_no_mutated_packet_raises_or_holds_anything_up() -> None:
    for packet in mutated(20_000, 7):
        try:
            messages = decode(packet)
        except PacketError as error:
            assert "\n" not in str(error)
            continue
        assert len(messages) <= MOST_MESSAGES
    with serving() as (server, target):
        with Consumer() as consumer:
            child(f"pour({server.endpoint.port}, 20_000)")
            emptied(server)
        assert consumer.late_s < LATE_S
        with Client(server.endpoint.port) as client:
            client.send(number(GAIN, 0.5))
            until(lambda: target.values.get("light/gain") == 0.5, "obedience afterwards")
        for name, value in target.values.items():
            assert PARAMETERS[name].check(value) == value


def test_what_is_encoded_is_read_back() -> None:
    message = Message("/visualizer/x", (1, -(2**31), 2**31, 0.5, "äöü", "", True, False, None))
    assert decode(encode(message)) == [message]
    assert decode(bundle([message, Message("/b")])) == [message, Message("/b")]
    assert decode(b"/old\0\0\0\0") == [Message("/old")]
    with pytest.raises(OverflowError):
        encode(Message("/a", (2**63,)))


@pytest.mark.parametrize("wrong", ["", "9000", ":9000", "localhost", "localhost:", "host:x", "a:65536", "::1:9", "a:-1"])
def test_a_place_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(EndpointError, match="HOST:PORT"):
        Endpoint.parse(wrong)


def test_places() -> None:
    assert Endpoint("localhost", 9).resolve()[1] == ("127.0.0.1", 9)
    assert str(Endpoint.parse("[::1]:9000")) == "[::1]:9000" and not Endpoint.parse("[::1]:9000").is_open
    places = {"127.0.0.1:1": False, "localhost:1": False, "0.0.0.0:1": True, "192.168.1.5:1": True, "stage.local:1": True}
    assert {place: Endpoint.parse(place).is_open for place in places} == places
    with pytest.raises(EndpointError, match=r"no host 'no\.such\.invalid'"):
        Endpoint.parse("no.such.invalid:9000").resolve()


@pytest.mark.skipif(sys.platform == "win32", reason="loopback has one address there")
def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        with pytest.raises(EndpointError, match=f"127.0.0.1:{port} .*another with --osc HOST:PORT"):
            Server(Recorder(), Endpoint(LOCAL.host, port))
