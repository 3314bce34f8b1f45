"""OSC 1.0 packets to messages and back, with work that is bounded by a packet's size.

A packet comes from anybody. So nothing here recurses, waits or matches patterns: bundles may be nested to any depth and
their time tags are passed over (everything is due at once); whatever cannot be read is said in one sentence.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

Value = int | float | str | bool | None
"""An argument of a message; None is the impulse of "I" and the nil of "N"."""

MOST_MESSAGES = 512
"""In one packet: every parameter several times over; a packet of 64 KiB could hold 5,000."""

MOST_VALUES = 16
"""In one message."""

LONGEST_ADDRESS = 200
"""Bytes."""

_BUNDLE = b"#bundle\0"
_HEAD = 16  # a bundle's name and its time tag
_AT_ONCE = 1  # the time tag that means so
_LEFT = {"T": True, "F": False, "N": None, "I": None}
_FIXED = {tag: struct.Struct(form) for tag, form in (("i", ">i"), ("f", ">f"), ("h", ">q"), ("d", ">d"))}
_SIZE = struct.Struct(">I")


class PacketError(ValueError):
    """A packet that is no OSC; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. fault: what is wrong with it in one sentence, and then no value counts; "" when nothing is."""

    address: str
    values: tuple[Value, ...] = ()
    fault: str = ""


def decode(packet: bytes) -> list[Message]:
    """The messages of a packet in their order; raises PacketError where their borders cannot be told.

    A message that cannot be read within its borders carries a fault, and those beside it count.
    """
    if not packet.startswith(_BUNDLE):
        return [_message(packet, 0, len(packet))]
    messages: list[Message] = []
    at, ends = _HEAD, [len(packet)]  # ends: of the bundles that are open here, the innermost last
    if len(packet) < _HEAD:
        raise PacketError("this bundle ends within its head")
    while ends:
        if at == ends[-1]:
            ends.pop()
            continue
        begin = at + _SIZE.size
        if begin > ends[-1]:
            raise PacketError("this bundle ends within the size of an element")
        end = begin + _SIZE.unpack_from(packet, at)[0]
        if end > ends[-1] or end == begin:
            raise PacketError("an element of this bundle is empty or larger than the bundle")
        if not packet.startswith(_BUNDLE, begin):
            if len(messages) == MOST_MESSAGES:
                raise PacketError(f"a packet holds {MOST_MESSAGES} messages at most; send the rest in another")
            messages.append(_message(packet, begin, end))
            at = end
        elif end - begin < _HEAD:
            raise PacketError("a bundle in this bundle ends within its head")
        else:
            ends.append(end)
            at = begin + _HEAD
    return messages


def _message(packet: bytes, at: int, end: int) -> Message:
    """The message in ``packet[at:end]``."""
    zero = packet.find(b"\0", at, end)
    if zero < 0 or packet[at : at + 1] != b"/":
        raise PacketError("this is no OSC message: it has no address that begins with / and ends with a zero")
    address = packet[at : min(zero, at + LONGEST_ADDRESS)].decode("utf-8", "replace")
    if zero - at > LONGEST_ADDRESS:
        return Message(address, fault=f"an address has {LONGEST_ADDRESS} bytes at most")
    at = _after(at, zero)
    if at >= end:  # old senders leave the type tags out where there is no value
        return Message(address)
    try:
        return Message(address, _values(packet, at, end))
    except _FaultError as error:
        return Message(address, fault=str(error))


class _FaultError(ValueError):
    """What is wrong within one message."""


def _after(at: int, zero: int) -> int:
    """Where what follows a string begins: strings are filled up with zeros to a multiple of four."""
    return at + ((zero - at) // 4 + 1) * 4


def _values(packet: bytes, at: int, end: int) -> tuple[Value, ...]:
    tags, at = _string(packet, at, end)
    if not tags.startswith(","):
        raise _FaultError("the type tags do not begin with a comma")
    if len(tags) > 1 + MOST_VALUES:
        raise _FaultError(f"a message has {MOST_VALUES} values at most")
    values: list[Value] = []
    for tag in tags[1:]:
        if tag in _FIXED:
            form = _FIXED[tag]
            if at + form.size > end:
                raise _FaultError("the message ends within a number")
            values.append(form.unpack_from(packet, at)[0])
            at += form.size
        elif tag == "s":
            text, at = _string(packet, at, end)
            values.append(text)
        elif tag in _LEFT:
            values.append(_LEFT[tag])
        else:
            raise _FaultError(f"values of the type {tag!r} are not taken; send i, h, f, d, T, F or s")
    if at != end:
        raise _FaultError("the message is longer than its type tags say")
    return tuple(values)


def _string(packet: bytes, at: int, end: int) -> tuple[str, int]:
    """(text, where the next thing begins)."""
    zero = packet.find(b"\0", at, end)
    if zero < 0 or _after(at, zero) > end:
        raise _FaultError("the message ends within a text")
    try:
        return packet[at:zero].decode(), _after(at, zero)
    except UnicodeDecodeError:
        raise _FaultError("a text is not UTF-8") from None


def encode(message: Message) -> bytes:
    """A message as a packet: whole numbers as i where they fit and h where not, others as f, text as s.

    A text ends at its first zero byte. Raises OverflowError for whole numbers of more than 64 bits.
    """
    tags, data = [], []
    for value in message.values:
        if value is None:
            tags.append("I")
        elif isinstance(value, bool):
            tags.append("T" if value else "F")
        elif isinstance(value, str):
            tags.append("s")
            data.append(_padded(value))
        else:
            tag = "f" if isinstance(value, float) else "i" if -(2**31) <= value < 2**31 else "h"
            tags.append(tag)
            data.append(_packed(tag, value))
    return _padded(message.address) + _padded("," + "".join(tags)) + b"".join(data)


def bundle(messages: Iterable[Message]) -> bytes:
    """The messages as one packet, due at once."""
    packets = [encode(message) for message in messages]
    head = _BUNDLE + _AT_ONCE.to_bytes(8, "big")
    return head + b"".join(_SIZE.pack(len(packet)) + packet for packet in packets)


def _packed(tag: str, value: float) -> bytes:
    try:
        return _FIXED[tag].pack(value)
    except struct.error as error:
        raise OverflowError(str(error)) from None


def _padded(text: str) -> bytes:
    raw = text.partition("\0")[0].encode("utf-8", "replace")
    return raw + b"\0" * (4 - len(raw) % 4)
