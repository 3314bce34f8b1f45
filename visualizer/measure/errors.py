"""What the measuring refuses."""

from __future__ import annotations


class MeasureError(ValueError):
    """A video or a sound that cannot be measured; the message is one sentence that names it and says what to do."""
