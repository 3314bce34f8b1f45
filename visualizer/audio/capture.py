"""The capture process: one sound source into the ring, and nothing else.

``python -m visualizer.audio.capture --ring PATH --source device:NAME|file:PATH`` says what happens as JSON lines on
stdout and exits when its stdin closes, which is when the app that started it is gone. It imports no more than it needs,
so that PortAudio's callback never waits for the interpreter, and so that it may be killed and replaced at any moment.

Events: ``ready`` (the source works and ``go`` on stdin is awaited), ``open`` (rate, channels, device), ``lost``,
``back`` (as ``open``), ``error`` (message, fatal), ``warning`` (message), ``end``.
"""

from __future__ import annotations

import argparse
import sys

from visualizer.audio.devices import DeviceError
from visualizer.audio.parent import Parent, say
from visualizer.audio.ring import RingError, SoundRing
from visualizer.child import leave_interrupts_to_the_app

FILE_ERROR, RING_ERROR, PORTAUDIO_ERROR = 3, 4, 5


def main(arguments: list[str] | None = None) -> int:
    """Run the capture process; the exit status is 0 unless the source can never work."""
    parser = argparse.ArgumentParser(prog="python -m visualizer.audio.capture", description=__doc__)
    parser.add_argument("--ring", required=True, help="the ring's file, which the app has made")
    parser.add_argument("--source", required=True, help="device:NAME, device: for the default input, or file:PATH")
    parser.add_argument("--once", action="store_true", help="play a file once")
    parser.add_argument("--loop", action="store_false", dest="once", help="play a file over and over (default)")
    parser.add_argument("--resume", action="store_true", help="go on in a file where a former process would be now")
    parser.add_argument("--wait", action="store_true", help="leave the ring alone until a line comes on stdin")
    parser.add_argument("--writer", type=int, default=1, help="the number by which the ring knows this process")
    options = parser.parse_args(arguments)
    leave_interrupts_to_the_app()
    parent = Parent(options.wait)
    kind, _, name = options.source.partition(":")
    try:
        with SoundRing.open(options.ring) as ring:
            if kind == "device":
                from visualizer.audio.device_capture import DeviceCapture

                return DeviceCapture(name, ring, parent, options.writer).run()
            if kind == "file":
                from visualizer.audio.file_capture import play_file

                return play_file(name, ring, parent, options.writer, not options.once, options.resume)
            say("error", message=f"The source {options.source!r} is neither device:NAME nor file:PATH.", fatal=True)
            return 2
    except RingError as error:
        say("error", message=str(error), fatal=True)
        return RING_ERROR
    except DeviceError as error:
        say("error", message=str(error), fatal=True)
        return PORTAUDIO_ERROR
    except ValueError as error:
        say("error", message=str(error), fatal=True)
        return FILE_ERROR


if __name__ == "__main__":
    sys.exit(main())
