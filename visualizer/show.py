"""The live show: drives the five steps from live sound, and supervises the capture and renderer processes.

One thread moves everything: sound from the ring through analysis and modulation to the renderer, frames from the renderer
through the flash limiter to the outputs. A window or a terminal only looks at ``status`` and ``latest``.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from visualizer.analysis.analyzer import Analyzer
from visualizer.analysis.mel import SHOW
from visualizer.audio.intake import Intake
from visualizer.audio.ring import SoundRing
from visualizer.audio.source import Capture
from visualizer.control.budget import Budget, smaller
from visualizer.control.moves import LimitSteps, Move
from visualizer.control.tempo import Tempo, TempoSource
from visualizer.control.track import Header
from visualizer.instrument import Instrument
from visualizer.output.flash import Mode
from visualizer.output.live_set import LiveSet
from visualizer.output.sink import Sink
from visualizer.output.stage import Stage
from visualizer.picture_source.opening import check
from visualizer.picture_source.source import PictureSource
from visualizer.preset import Preset
from visualizer.renderer.channels import channels_folder
from visualizer.renderer.client import RendererClient
from visualizer.renderer.messages import mel_ring
from visualizer.renderer.settings import RendererSettings, RendererStatus
from visualizer.snapshots import HOP_MS, HOP_SAMPLES, SAMPLE_RATE, Beat, Controls, Frame, Heard, Meaning, Trace

TICK_S = 0.002
SUPERVISE_EVERY_S = 0.05
QUIET_AFTER_S = 0.25
"""With no sound arriving for so long, the picture calms instead of freezing in a beat."""

MEANT_FOR_S = 1.5
"""Words of a meaning that is older are no longer shown: the encoder comes up, has failed, or nothing is captured."""

RING_SECONDS = 30.0
HISTORY_FRAMES = 8192
RECENT_HOPS = 200
FIRST_FRAMES = 50
"""By so many frames the machine's speed is not judged."""

SWITCH_S = 0.0005
"""From the first show on, a busy Python thread of the process gives way after so long. At Python's own 5 ms every call that
lets go of the interpreter could wait 5 ms for each busy thread, several times a frame: the show fell seconds behind."""


@dataclass(frozen=True, slots=True)
class ShowSettings:
    """How a show starts. source: "device:NAME", "file:PATH" or "device:" for the default input. size: (width, height).

    stand_in: the source to play instead where the first one cannot be opened at all; "" for none. encoder, bank: what
    tells the meaning of the sound, None for none. banks: folder of the user's own banks. styles: LoRA files.
    picture: the camera ("camera:", "camera:1") or the video or picture file that is painted over, "" for none.
    batch: slots of the stream, where the model takes more than one step.
    """

    source: str
    preset: Preset
    model: Path
    size: tuple[int, int]
    fps: float
    cache: Path
    backend: str = ""
    stand_in: str = ""
    encoder: Path | None = None
    bank: Path | None = None
    banks: Path | None = None
    picture: str = ""
    styles: tuple[Path, ...] = ()
    batch: int = 1


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """What a status line shows. fps, delay_ms: over the last two seconds; 0 before the first frame. input: a sentence, or
    the device or file and its format; input_state: as in ``audio.source``."""

    fps: float
    delay_ms: float
    input: str
    input_state: str
    renderer: RendererStatus
    messages: tuple[str, ...]
    lost_samples: int
    frames: int


@dataclass(frozen=True, slots=True)
class Handed:
    """One frame as it was handed to the outputs. at: monotonic seconds; delay_s: since its newest sound was captured."""

    number: int
    sample: int
    at: float
    delay_s: float


class LiveShow(Instrument):
    """A running show. Make it, ``start`` it, look at ``latest`` and ``status``, ``stop`` it."""

    def __init__(
        self, settings: ShowSettings, sinks: tuple[Sink, ...] = (), tempo_sources: tuple[TempoSource, ...] = ()
    ) -> None:
        super().__init__(settings.preset)
        self._folder = channels_folder()
        self._ring = SoundRing.create(self._folder / "sound.ring", RING_SECONDS, max_channels=2)
        self._intake = Intake(self._ring)
        self._analyzer = Analyzer()
        self._tempo = Tempo(tempo_sources)
        self._stage = Stage(settings.size, sinks)
        self.capture = Capture(settings.source, self._ring.path)
        self.renderer = RendererClient(
            self._folder,
            RendererSettings(
                settings.model, settings.size, settings.fps, settings.preset.prompt, settings.cache, settings.backend,
                settings.encoder, settings.bank, settings.banks, settings.preset.prompts[1],
                settings.styles, bool(settings.picture), settings.batch,
            ),
        )  # fmt: skip
        self._mel = mel_ring(self._folder, SHOW.bands)
        self.picture_source = PictureSource(self._folder)
        self.settings = settings
        self._set: LiveSet | None = None  # that was asked for
        self._recorded: LiveSet | None = None  # that the show's thread tells
        self.meaning: Meaning | None = None
        self.latest: Frame | None = None
        self.heard: Heard | None = None
        self.controls: Controls | None = None
        self.hops: deque[Heard] = deque(maxlen=RECENT_HOPS)
        self._clock: tuple[int, float] | None = None  # a sample, and when it was captured
        self.history: deque[Handed] = deque(maxlen=HISTORY_FRAMES)
        self._messages: deque[str] = deque(maxlen=4)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="show")
        self._last_sound = self._last_offer = 0.0
        self._frames = 0
        self._model = settings.model
        self.on_model: Callable[[Path], None] | None = None  # is told, on the show's thread, that another model paints
        self._budget = Budget()
        self._full_size: tuple[int, int] | None = None  # to go back to, where fewer pixels are painted for the rate's sake
        self._stand_in = settings.stand_in
        self._lost: int | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Start the renderer (the slowest to come up), the capture and the show's thread."""
        sys.setswitchinterval(SWITCH_S)
        self.picture_source.switch(self.settings.picture)
        self.renderer.start()
        self._last_sound = time.perf_counter()
        self._thread.start()

    def stop(self) -> None:
        """End everything this show started and finish its outputs."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.carry_out()  # a recording that was begun or ended last
        self.capture.stop()
        self.renderer.stop()
        self.picture_source.stop()
        for sink in self._stage.sinks:
            sink.close()
        if self._recorded is not None:
            self._recorded.close()
        self._lost = self.lost_samples
        self._ring.close()
        self._mel.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def set(self, name: str, value: float | str) -> None:
        """As every instrument does; the limiter obeys at once."""
        super().set(name, value)
        if name == "output/limiter":
            self._stage.limiter.mode = cast(Mode, value)

    def _move(self, move: Move) -> None:
        before = self._playing.prompts
        super()._move(move)
        if self._recorded is not None:
            self._recorded.move(self._heard_to, move)
        if self._playing.prompts != before:
            self.renderer.set_prompts(*self._playing.prompts, self._playing.prompt_fade_s)

    def set_input(self, source: str) -> None:
        """Listen to another source, as in ``ShowSettings``; what cannot be opened is said in ``status``."""
        self._stand_in = ""
        self._asked.append(lambda: self.capture.switch(source))

    def set_picture_source(self, source: str) -> None:
        """Paint over another camera or file, as in ``ShowSettings``, or over none.

        Raises PictureError here and now for a file that cannot be read; a camera that is not there is said in ``status``.
        """
        wanted = check(source) if source else ""

        def begin() -> None:
            self.picture_source.switch(wanted)
            if wanted and not self.renderer.settings.sees:
                self.renderer.change(sees=True)

        self._asked.append(begin)

    def change_picture(
        self, model: Path | None = None, size: tuple[int, int] | None = None, backend: str | None = None,
        styles: tuple[Path, ...] | None = None, batch: int | None = None,
    ) -> None:  # fmt: skip
        """Paint another model, at another (width, height), on another backend, with other styles, in so many slots, once
        that is ready; None leaves it as it is.

        What cannot be is said in ``status``, and the picture goes on as it was: styles that do not fit keep a model away.
        """

        def change() -> None:
            self._full_size = None
            self.renderer.change(model, size, backend, styles, batch=batch)
            if self._recorded is not None and any(asked is not None for asked in (model, styles, batch)):
                self.tell("From here on this recording cannot be played again from its control track.")

        self._asked.append(change)

    @property
    def picture_size(self) -> tuple[int, int]:
        """(width, height) that was asked for; fewer pixels may be painted to hold the frame rate."""
        return self._full_size or self.renderer.settings.size

    # What the audience sees.

    @property
    def blackout(self) -> bool:
        """Whether the outputs show black."""
        return self._stage.blackout

    def set_blackout(self, on: bool) -> None:
        """Show black, or the picture again; it works while nothing is painted, too."""
        self._stage.blackout = on

    @property
    def frozen(self) -> bool:
        """Whether the outputs hold their picture."""
        return self._stage.frozen

    def set_freeze(self, on: bool) -> None:
        """Hold the picture, or let it go on."""
        self._stage.frozen = on

    @property
    def limiter(self) -> str:
        """ "wcag", "strict" or "off"."""
        return self._stage.limiter.mode

    def switch_limiter_off(self) -> None:
        """Let every flash through, for whoever has confirmed that; setting ``output/limiter`` ends it."""
        self._stage.limiter.mode = "off"

    def add_sink(self, sink: Sink) -> None:
        """Hand every frame and all sound to another output, too."""
        self._asked.append(lambda: self._take_sinks((*self._stage.sinks, sink)))

    def remove_sink(self, sink: Sink) -> None:
        """Hand nothing more to an output; it is not closed. One that is not there may be let go, too."""
        self._asked.append(lambda: self._take_sinks(tuple(other for other in self._stage.sinks if other is not sink)))

    def _take_sinks(self, sinks: tuple[Sink, ...]) -> None:
        self._stage.sinks = sinks

    @property
    def recording(self) -> Path | None:
        """The video that is being recorded, if one is."""
        return None if self._set is None else self._set.video.path

    def start_recording(self, path: Path) -> LiveSet:
        """Record pictures and sound to ``path``, and the control track beside it; ends a recording that runs.

        What is given tells of an error, once there is one. Raises RecordingError in one sentence where the file cannot be
        begun.
        """
        self.stop_recording()
        size = self.picture_size
        recorded = self._set = LiveSet(path, size, self.settings.fps)

        def begin() -> None:
            state, model = self._playing.modulator.state(), self.renderer.settings.model
            recorded.begin(Header(
                self._heard_to, self._playing.values, state, model.name, size, self.settings.fps
            ))  # fmt: skip
            self._recorded = recorded
            recorded.move(self._heard_to, LimitSteps(self._playing.most_steps))
            self._take_sinks((*self._stage.sinks, recorded.video))

        self._asked.append(begin)
        return recorded

    def stop_recording(self) -> None:
        """Finish the recording, if there is one, in the background."""
        recorded, self._set = self._set, None
        if recorded is None:
            return

        def end() -> None:
            self._recorded = None
            threading.Thread(target=recorded.close, name="closing").start()

        self.remove_sink(recorded.video)
        self._asked.append(end)

    def tell(self, message: str) -> None:
        """Say a sentence to whoever looks at ``status``, once."""
        if message not in self._messages:
            self._messages.append(message)

    # Tempo by hand. What lies between a key and the show's thread does not count: the moment of the key does.

    def tap(self) -> None:
        """A beat is now; two such taps make a tempo, the first of them a bar."""
        sample = self._sample_now()
        if sample is not None:
            self._asked.append(lambda: self._tempo.beat_now(sample))

    def flip_beat(self) -> None:
        """The beat is half a beat off: move it, or back."""
        sample = self._sample_now()
        if sample is not None:
            self._asked.append(lambda: self._tempo.flip(sample))

    def downbeat(self) -> None:
        """The beat nearest to now is the first of a bar."""
        sample = self._sample_now()
        if sample is not None:
            self._asked.append(lambda: self._tempo.downbeat(sample))

    @property
    def beat(self) -> Beat | None:
        """The beat of this very moment in the sound that is being captured; None where there is none."""
        sample = self._sample_now()
        return None if sample is None else self._tempo.at(sample)

    def words(self, count: int) -> list[tuple[str, float]]:
        """The texts of the prompt bank that the sound means most now, with their weights, the heaviest first."""
        meaning, texts, now = self.meaning, self.renderer.status.texts, self._sample_now()
        if meaning is None or now is None or len(texts) != len(meaning.weights):
            return []
        if now - meaning.sample > MEANT_FOR_S * SAMPLE_RATE:
            return []
        best = np.argsort(meaning.weights)[: -count - 1 : -1].tolist()
        return [(texts[row], float(meaning.weights[row])) for row in best if meaning.weights[row] > 0]

    @property
    def no_words(self) -> str:
        """Why there are no words, in a few of them."""
        if self.renderer.settings.encoder is None:
            return "no sound encoder"
        return "nothing it knows" if self.renderer.status.texts else "the sound encoder does not listen"

    def sample_at(self, seconds: float) -> int | None:
        """The sample that is captured at a time (``time.perf_counter``), as far as the last ones tell; None before any
        sound."""
        if self._clock is None:
            return None
        sample, captured = self._clock
        return sample + round((seconds - captured) * SAMPLE_RATE)

    def _sample_now(self) -> int | None:
        return self.sample_at(time.perf_counter())

    @property
    def status(self) -> ShowStatus:
        """Figures and states for a status line."""
        now = time.perf_counter()
        recent = [h for h in tuple(self.history)[-240:] if h.at > now - 2]
        span = recent[-1].at - recent[0].at if len(recent) > 1 else 0.0
        told = [m for m in (self.renderer.status.message, self._held, *self._messages) if m]
        return ShowStatus(
            fps=(len(recent) - 1) / span if span > 0 else 0.0,
            delay_ms=1000 * float(np.median([h.delay_s for h in recent])) if recent else 0.0,
            input=self.capture.status.text,
            input_state=self.capture.status.state,
            renderer=self.renderer.status,
            messages=tuple(told),
            lost_samples=self.lost_samples,
            frames=self._frames,
        )

    @property
    def lost_samples(self) -> int:
        """Sound that was captured but never heard, or reported lost by the device, in frames of the device's rate."""
        return self._lost if self._lost is not None else self._intake.lost

    def _run(self) -> None:
        supervised = 0.0
        try:
            while not self._stopping.is_set():
                self.carry_out()
                now = time.perf_counter()
                if now - supervised > SUPERVISE_EVERY_S:
                    supervised = now
                    self._supervise()
                busy = self._hear(now)
                busy = self._show() or busy
                if not busy:
                    time.sleep(TICK_S)
        except BaseException as error:
            self.failure = error
            raise

    def _supervise(self) -> None:
        """Replace what has died; play the stand-in where the first source has never given a sound."""
        events = self.capture.poll()
        self.renderer.poll()
        for sentence in self.picture_source.poll():
            self.tell(sentence)
        for event in events:
            if event["event"] in ("error", "warning") and event.get("message") and not self._stand_in:
                self.tell(str(event["message"]))
        for sink in self._stage.sinks:
            if sink.error:
                self.tell(sink.error)
        died = any(event["event"] == "restart" for event in events)
        if self._stand_in and self.heard is None and (died or self.capture.status.state == "failed"):
            why = self.capture.status.text if not died else "The sound input cannot be opened."
            self.tell(f"{why} Playing the demo track as if it were live.")
            self.capture.switch(self._stand_in)
            self._stand_in = ""

    def _hear(self, now: float) -> bool:
        """Move what the ring has through analysis and modulation to the renderer."""
        read = self._intake.read()
        if read is None:
            self._hear_nothing(now)
            return False
        self._last_sound = self._last_offer = now
        sound, start = read
        if self._intake.anew:
            self._analyzer = Analyzer(start=start)
        self._stage.sound(sound, start)
        self._let_go()
        hops = self._analyzer.push(sound)
        for heard in hops:
            self._tempo.push(heard)
            beat = self._tempo.at(heard.sample)
            self._playing.hear(heard, beat)
            if self._recorded is not None:
                self._recorded.hop(heard, beat)
            self.hops.append(heard)
            self.heard = heard
        if hops:
            self._mel.write(np.stack([heard.mel for heard in hops]), (hops[0].sample - HOP_SAMPLES) / SAMPLE_RATE)
        if self.heard is not None:
            captured = self._intake.captured_at(self.heard.sample)
            self._clock = self.heard.sample, captured
            self._send_controls(self.heard.sample, Trace(captured, time.perf_counter()))
        return True

    def _hold(self, frame: Frame, now: float) -> None:
        """Hold the least frame rate: by fewer steps, then by fewer pixels; and back."""
        status = self.renderer.status
        if self._frames < FIRST_FRAMES or status.preparing or status.state != "running":
            # While the program comes up, or something is made ready beside the pictures, that takes from them.
            self._budget.settle(now)
            return
        least, asked = min(float(self._own["show/least_fps"]), self.settings.fps), self._playing.modulator.base
        spent, shrunk = frame.trace.painted - frame.trace.begun, self._full_size is not None
        advice = self._budget.push(now, spent, int(asked["picture/steps"]), least, shrunk)
        if self._playing.most_steps != self._budget.most_steps:
            self._move(LimitSteps(self._budget.most_steps))
        painted = self.renderer.settings.size
        if advice == "smaller" and (size := smaller(painted)) != painted:
            self._full_size = self._full_size or painted
            self.renderer.change(size=size)
        elif advice == "larger" and self._full_size is not None:
            self.renderer.change(size=self._full_size)
            self._full_size = None

    @property
    def _held(self) -> str:
        """What is painted less than what is asked for, so that frames come in time; "" for nothing."""
        most, asked = self._playing.most_steps, int(self._playing.modulator.base["picture/steps"])
        less = [f"{most} of {asked} steps"] if most is not None and most < asked else []
        if self._full_size is not None:
            less.append("{}×{} pixels instead of {}×{}".format(*self.renderer.settings.size, *self._full_size))
        return f"Painting {' and '.join(less)} to hold {self._own['show/least_fps']:g} frames/s." if less else ""

    def _hear_nothing(self, now: float) -> None:
        """While no sound arrives at all, let the envelopes fall as in silence: the picture calms, and it goes on."""
        if now - self._last_sound < QUIET_AFTER_S or now - self._last_offer < HOP_MS / 1000:
            return
        self._last_offer = now
        self._let_go()
        passed = int((now - self._last_sound) * SAMPLE_RATE)
        self._send_controls(self._heard_to + passed, Trace(now, now))

    def _let_go(self) -> None:
        """Let go of the peaks that a frame has taken."""
        if self.renderer.controls_taken:
            self._playing.modulator.release()
            if self._recorded is not None:
                self._recorded.released(self._heard_to)

    def _send_controls(self, sample: int, trace: Trace) -> None:
        """Send the values at a sample index."""
        self.controls = controls = self._playing.at(sample, keep=True)
        if self._recorded is not None:
            self._recorded.sent(sample, trace, controls)
        self.renderer.send_controls(controls, trace)

    @property
    def _heard_to(self) -> int:
        return 0 if self.heard is None else self.heard.sample

    def _show(self) -> bool:
        """Hand the newest frame, made safe, to the outputs; take what the sound means."""
        self.meaning = self.renderer.meaning() or self.meaning
        frame = self.renderer.frame()
        now = time.perf_counter()
        if frame is None:
            self.latest = self._stage.idle(now) or self.latest
            return False
        self.latest = frame = self._stage.present(frame, now)
        if self._recorded is not None:
            self._recorded.frame(frame)
        self._frames += 1
        if self.renderer.settings.model != self._model:
            self._model = self.renderer.settings.model
            if self.on_model is not None:
                self.on_model(self._model)
        self._hold(frame, now)
        self.history.append(Handed(frame.number, frame.sample, now, time.perf_counter() - frame.trace.captured))
        return True
