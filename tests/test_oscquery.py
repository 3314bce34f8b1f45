"""OSCQuery as a client walks it: the whole tree, its values, its refusals, and how it is found."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from osc_parts import LOCAL, Client, number, until

from benchmarks.osc import Recorder
from visualizer.actions import ACTIONS
from visualizer.osc.announcement import SERVICE
from visualizer.osc.door import Osc, OscSettings
from visualizer.osc.endpoint import Endpoint
from visualizer.osc.query import MOST_CLIENTS
from visualizer.parameters import PARAMETERS


class Room:
    """A hearing of nothing."""

    hops: tuple[()] = ()
    beat = None

    def words(self, count: int) -> list[tuple[str, float]]:
        return []


class Shown(Recorder):
    """A recorder whose switches are off and whose preset has a name."""

    def get(self, name: str) -> float | str | bool:
        if name in ACTIONS:
            return {"text": "nebula", "bool": False, "number": 120.0}[ACTIONS[name].kind]
        return super().get(name)


@pytest.fixture
def osc() -> Iterator[tuple[Osc, Shown]]:
    target = Shown()
    door = Osc(target, Room(), OscSettings(LOCAL))
    door.start()
    yield door, target
    door.stop()


def ask(door: Osc, path: str, method: str = "GET") -> tuple[int, Any]:
    """(status, content)."""
    host = door.state.query.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read()
        return answer.status, json.loads(body) if body and answer.status == 200 else None
    finally:
        connection.close()


def methods(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "TYPE" in node:
        yield node
    for name, inner in node.get("CONTENTS", {}).items():
        assert inner["FULL_PATH"] == f"{node['FULL_PATH'].rstrip('/')}/{name}"
        yield from methods(inner)


def test_a_client_walks_the_whole_tree_and_its_values_are_those_of_the_show(osc: tuple[Osc, Shown]) -> None:
    door, target = osc
    for place, parameter in enumerate(PARAMETERS.values()):
        if parameter.is_number:
            span = parameter.high - parameter.low
            target.values[parameter.name] = parameter.clamp(parameter.low + place % 7 / 7 * span)
        else:
            target.values[parameter.name] = parameter.choices[-1] if parameter.choices else f"grüne Wellen {place}"
    status, root = ask(door, "/")
    assert status == 200 and root["FULL_PATH"] == "/" and root["ACCESS"] == 0
    found = {node["FULL_PATH"]: node for node in methods(root)}
    for parameter in PARAMETERS.values():
        node = found.pop(parameter.osc_address)
        assert node["VALUE"] == [target.values[parameter.name]] and node["ACCESS"] == 3
        assert node["DESCRIPTION"].startswith(parameter.doc)
        assert node["TYPE"] == {"float": "f", "int": "i"}.get(parameter.kind, "s")
        if parameter.is_number:
            assert node["RANGE"] == [{"MIN": parameter.low, "MAX": parameter.high}] and node["CLIPMODE"] == ["both"]
            norm = found.pop(parameter.osc_address + "/norm")
            span = parameter.high - parameter.low
            assert norm["VALUE"][0] * span + parameter.low == pytest.approx(target.values[parameter.name])
            assert norm["RANGE"] == [{"MIN": 0.0, "MAX": 1.0}] and norm["TYPE"] == "f"
        elif parameter.choices:
            assert node["RANGE"] == [{"VALS": list(parameter.choices)}]
    for action in ACTIONS.values():
        node = found.pop(action.osc_address)
        assert node["TYPE"] == {"trigger": "I", "numbered": "i", "bool": "F", "number": "f", "text": "s"}[action.kind]
        assert ("VALUE" in node, node["ACCESS"]) == ((False, 2) if action.is_trigger else (True, 3))
        if action.kind in ("numbered", "number"):
            assert node["RANGE"] == [{"MIN": action.low, "MAX": action.high}]
    assert set(found) == {"/visualizer/ping"}


def test_one_attribute_is_asked_for_and_what_is_not_there_has_its_number(osc: tuple[Osc, Shown]) -> None:
    door, target = osc
    gain = "/visualizer/light/gain"
    assert ask(door, gain + "?VALUE") == (200, {"VALUE": [1.0]})
    with Client(int(door.state.query.rpartition(":")[2])) as client:  # the same port by UDP
        client.send(number(gain, 2.0))
        until(lambda: target.values.get("light/gain") == 2.0, "the value")
    assert ask(door, gain + "?VALUE") == (200, {"VALUE": [2.0]})
    assert ask(door, gain + "?RANGE") == (200, {"RANGE": [{"MIN": 0.0, "MAX": 3.0}]})
    assert ask(door, gain + "?TYPE") == (200, {"TYPE": "f"})
    assert ask(door, gain + "/norm?VALUE")[1]["VALUE"] == [pytest.approx(2 / 3)]
    status, content = ask(door, "/visualizer/light?CONTENTS")
    assert status == 200 and set(content["CONTENTS"]) == {"gain", "contrast", "saturation", "hue"}
    numbers = {
        "/visualizer/light?VALUE": 204, "/visualizer/tempo/tap?VALUE": 204, "/visualizer/picture/prompt?RANGE": 204,
        gain + "?COLOUR": 400, gain + "?VALUE&RANGE": 400, "/nowhere": 404, "/visualizer/light/gain/more": 404,
        "/%2e%2e/etc/passwd": 404,
    }  # fmt: skip
    assert {path: ask(door, path)[0] for path in numbers} == numbers
    assert ask(door, gain, "POST")[0] == 501


def test_host_info_says_where_osc_listens(osc: tuple[Osc, Shown]) -> None:
    door, _ = osc
    status, info = ask(door, "/?HOST_INFO")
    assert status == 200 and info["OSC_TRANSPORT"] == "UDP" and info["OSC_IP"] == "127.0.0.1"
    assert f"osc 127.0.0.1:{info['OSC_PORT']}" == door.state.text and not door.state.is_open
    assert info["EXTENSIONS"]["VALUE"] and not info["EXTENSIONS"]["LISTEN"]


def test_clients_that_hang_do_not_stop_it(osc: tuple[Osc, Shown]) -> None:
    door, _ = osc
    host, _, port = door.state.query.removeprefix("http://").rpartition(":")
    hung = [socket.create_connection((host, int(port))) for _ in range(3 * MOST_CLIENTS)]
    time.sleep(0.3)
    assert sum("process_request_thread" in thread.name for thread in threading.enumerate()) <= MOST_CLIENTS
    for connection in hung:
        connection.close()
    time.sleep(0.3)
    assert ask(door, "/visualizer/light/gain?VALUE")[0] == 200


def test_ports_in_use_are_told_and_the_rest_goes_on() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        udp.bind(("127.0.0.1", 0))
        taken = Endpoint("127.0.0.1", udp.getsockname()[1])
        door = Osc(Shown(), Room(), OscSettings(taken, Endpoint("no.such.invalid", 1)))
        door.start()
        assert door.state.text == door.state.query == "" and len(door.state.messages) == 2
        assert "choose another with --osc" in door.state.messages[0] and "no host" in door.state.messages[1]
        door.stop()
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        door = Osc(Shown(), Room(), OscSettings(Endpoint("127.0.0.1", tcp.getsockname()[1])))
        door.start()
        assert "OSCQuery answers at http://127.0.0.1:" in door.state.messages[0]
        assert ask(door, "/")[0] == 200
        door.stop()
    closed = Osc(Shown(), Room(), OscSettings(None))
    closed.start()
    assert closed.state.text == "" and closed.state.messages == ()
    closed.stop()


def test_an_open_show_says_so_and_is_found_by_mdns() -> None:
    import zeroconf

    found = threading.Event()
    seen: list[Any] = []

    class Listener:
        def add_service(self, browser: Any, kind: str, name: str) -> None:
            seen.append(browser.get_service_info(kind, name))
            found.set()

        def update_service(self, *_: object) -> None: ...

        def remove_service(self, *_: object) -> None: ...

    door = Osc(Shown(), Room(), OscSettings(Endpoint("0.0.0.0", 0)))
    assert door.state.is_open and "open to the network" in door.state.text
    door.start()
    browser = zeroconf.Zeroconf()
    try:
        zeroconf.ServiceBrowser(browser, SERVICE, Listener())
        assert found.wait(10), "the show is not announced"
        assert any(info is not None and info.port == int(door.state.query.rpartition(":")[2]) for info in seen)
    finally:
        browser.close()
        door.stop()


def test_without_zeroconf_an_open_show_says_what_to_type() -> None:
    program = """
import sys
sys.modules["zeroconf"] = None
from benchmarks.osc import Recorder
from visualizer.osc.door import Osc, OscSettings
from visualizer.osc.endpoint import Endpoint
door = Osc(Recorder(), None, OscSettings(Endpoint("0.0.0.0", 0)))
door.start()
print(*door.state.messages)
door.stop()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.count("pip install 'tpos-live[oscquery]'") == 1
