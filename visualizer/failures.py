"""Which errors are told to the user in their one sentence, and which are faults of the program."""

from __future__ import annotations


class UsageError(ValueError):
    """Something the user asked for that cannot be; the message is one sentence."""


def is_expected(error: BaseException) -> bool:
    """Whether an error's message is a sentence for the user: the program's own errors, and the system's."""
    return type(error).__module__.split(".")[0] in ("visualizer", "engines") or isinstance(error, OSError)
