"""A live set while it is recorded: its video, and the control track beside it."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from visualizer.control.moves import Move
from visualizer.control.track import ENDING, Header
from visualizer.output.recording import LiveRecording
from visualizer.output.track_writer import TrackWriter
from visualizer.snapshots import Beat, Controls, Frame, Heard, Trace

SENT_KEPT = 500
"""Values that are remembered until the frame that was painted with them has come: five seconds."""


class LiveSet:
    """One recording. video: takes frames and sound. The rest is told by the show's thread, in order.

    Raises RecordingError in one sentence where the video cannot be begun.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        self.video = LiveRecording(path, size, fps)
        self._track = TrackWriter(path.with_suffix(ENDING))
        self._since = 0
        self._sent: OrderedDict[float, tuple[int, int, Controls]] = OrderedDict()  # by when they were heard

    @property
    def error(self) -> str | None:
        """What had to stop, and why, in one sentence."""
        return self.video.error or self._track.error

    def begin(self, header: Header) -> None:
        """From here on it counts."""
        self._since = self.video.since = header.start
        self._track.begin(header)

    def hop(self, heard: Heard, beat: Beat | None) -> None:
        """A hop was heard."""
        self._track.hop(heard, beat)

    def move(self, after: int, move: Move) -> None:
        """A hand changed something."""
        self._track.move(after, move)

    def released(self, after: int) -> None:
        """Peaks were let go."""
        self._track.released(after)

    def sent(self, sample: int, trace: Trace, controls: Controls) -> None:
        """Values, asked for at a sample index, go to the renderer."""
        self._sent[trace.heard] = sample, self._track.count, controls
        if len(self._sent) > SENT_KEPT:
            self._sent.popitem(last=False)

    def frame(self, frame: Frame) -> None:
        """A frame has come; one that was painted with values from before the beginning is none of the set."""
        found = self._sent.get(frame.trace.heard)
        if found is not None and found[0] >= self._since:
            sample, behind, controls = found
            self._track.frame(sample, behind, frame.trace.begun, controls.values)

    def close(self) -> None:
        """Finish both files."""
        self.video.close()
        self._track.close()
