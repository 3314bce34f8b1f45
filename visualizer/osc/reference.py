"""The reference page of OSC, made from the tables of parameters, actions and what is heard."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.actions import ACTIONS, Action
from visualizer.control.pulse import DOUBTFUL
from visualizer.osc.codec import LONGEST_ADDRESS, MOST_MESSAGES, MOST_VALUES
from visualizer.osc.complaints import MOST_ADDRESSES
from visualizer.osc.door import DEFAULT
from visualizer.osc.heard import MOST_SIGNS, SAID, WORDS
from visualizer.osc.sender import RATE_HZ, WORDS_HZ
from visualizer.osc.wishes import ERROR, HEARD, LONGEST_TEXT, NORM, PING, PONG
from visualizer.parameters import PARAMETERS, Parameter
from visualizer.remote.inbox import MOST_ACTIONS


def reference() -> str:
    """The page as Markdown."""
    return _PAGE.format(
        default=DEFAULT, norm=NORM, ping=PING, pong=PONG, error=ERROR, heard=HEARD, messages=MOST_MESSAGES,
        values=MOST_VALUES, address=LONGEST_ADDRESS, text=LONGEST_TEXT, actions_waiting=MOST_ACTIONS,
        addresses=MOST_ADDRESSES, rate=RATE_HZ, words_rate=WORDS_HZ, sure=DOUBTFUL, words=WORDS, signs=MOST_SIGNS,
        parameters=_table(
            ("address", "takes", "default", ""),
            ((f"`{p.osc_address}`", _span(p), f"{p.default:g}" if p.is_number else str(p.default), p.doc)
             for p in PARAMETERS.values()),
        ),
        actions=_table(
            ("address", "takes", ""), ((f"`{a.osc_address}`", _takes(a), a.doc) for a in ACTIONS.values())
        ),
        out=_table(("address", "types", ""), ((f"`{s.osc_address}`", f"`{s.types}`", s.doc) for s in SAID.values())),
    )  # fmt: skip


def _span(parameter: Parameter) -> str:
    if not parameter.is_number:
        return ", ".join(parameter.choices) or "text"
    if parameter.kind == "int":
        return f"whole, {parameter.low:.0f} … {parameter.high:.0f} {parameter.unit}".rstrip()
    return f"{parameter.low:g} … {parameter.high:g} {parameter.unit}".rstrip()


def _takes(action: Action) -> str:
    if action.kind == "number":
        return f"{action.low:g} … {action.high:g} {action.unit}".rstrip()
    if action.kind == "numbered":
        return f"nothing, or {action.low:g} … {action.high:g}"
    return {"trigger": "nothing, or 1", "bool": "1 or 0", "text": "text"}[action.kind]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_PAGE = """# OSC

Made by `visualizer osc` from the program's own tables.

```
visualizer                                     OSC comes in at {default}, from this machine alone
visualizer --osc 0.0.0.0:9000                  from the network, too: anybody in it can play the show
visualizer --no-osc                            no OSC comes in
visualizer --osc-out 127.0.0.1:9001            what is heard is sent there
```
Try it with liblo's tools: `oscsend localhost 9000 /visualizer/light/gain f 1.5`.

## Parameters
A value in the parameter's own unit. After the address of a number, `{norm}` takes 0–1 over its range:
`/visualizer/light/hue{norm} 0.5`.

{parameters}

A parameter is the value without the sound; what a preset's routes add to it comes on top.

## Actions
A trigger with a number fires from 0.5 on, so that a button which sends 1 and 0 fires once. On is 0.5 and more, or T.

{actions}

## Rules
- Types `i`, `h`, `f`, `d`, `T`, `F` and `s` are taken, and for a trigger `I` and `N` as well. T is 1 and F is 0 where a
  number is wanted. Text is UTF-8.
- A number out of range is brought into it; a whole number is rounded. NaN is refused.
- Addresses are taken as they stand: the patterns `*`, `?`, `[]` and `{{}}` are refused.
- Bundles may be nested to any depth. Time tags are passed over: everything is done when it comes.
- Of several values for a parameter within one frame, the last counts. Actions are all done, in their order, up to
  {actions_waiting} in one frame.
- At most {messages} messages a packet, {values} values a message, {address} bytes an address, {text} signs a text.

## Answers
They go to the port that the message came from.

| address | values | |
| --- | --- | --- |
| `{pong}` | what was sent to `{ping}`, version | The show is there. |
| `{error}` | address, sentence | What was not done, and why. |

An error is told once a second for an address, and for {addresses} addresses at most.

## What is heard
With `--osc-out HOST:PORT`, {rate:g} times a second, as one bundle. No onset is lost between two of them. Beats and bars are
sent from a confidence of {sure:g} on. The {words} words come {words_rate:g} times a second, at most {signs} signs each.

{out}

## OSCQuery
The addresses with their types, ranges and values now can be read over HTTP at the port that OSC has (TCP; at any free one
where that is taken, and the show says which), after the OSCQuery proposal:
`http://127.0.0.1:9000/visualizer/light/gain?VALUE`, `http://127.0.0.1:9000/?HOST_INFO`. There is no LISTEN. Where OSC is
open to the network, mDNS announces it as `_oscjson._tcp` if the extra `oscquery` is installed:
`pip install 'tpos-live[oscquery]'`.
"""
