"""The few-step stream: every frame grows from the last.

A frame is the last clean latent, warped, re-noised to a level with a slowly walking noise, and denoised in one to a few
Euler (DDIM) steps under the text, the sound's meaning and the sound factors (img2img feedback as in SDEdit, Meng et al.
2021); what comes out is seen through a lens. Rates are per second; time is given, never read. Nothing here knows which
backend runs the networks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from engines.backends.base import Networks
from engines.denoise import Denoiser, Wanted
from engines.guidance import ConditionGuidance, Meant, Strength
from engines.lens import Lens
from engines.light import light_map
from engines.model import ModelInfo
from engines.noise import NoiseWalk
from engines.schedule import Schedule
from engines.slots import Slots
from engines.source import Source
from engines.state import State, number, part, under
from engines.warp import Motion, warp

NEUTRAL: Mapping[str, float] = {
    "picture/mix": 0.0, "picture/seed": 1.0, "picture/guidance": 1.0, "picture/guidance_refresh": 1.0,
    "picture/steps": 2.0, "picture/change": 0.6, "picture/walk": 0.0, "picture/steady": 1.0,
    "motion/zoom": 0.0, "motion/rotate": 0.0, "motion/pan_x": 0.0, "motion/pan_y": 0.0, "motion/swirl": 0.0,
    "lens/zoom": 0.0, "lens/rotate": 0.0, "lens/pan_x": 0.0, "lens/pan_y": 0.0, "lens/swirl": 0.0, "lens/mirrors": 0.0,
    "guide/strength": 1.0, "guide/mask": 0.0, "guide/momentum": 0.0, "guide/refresh": 0.0,
    "style/weight_1": 1.0, "style/weight_2": 1.0, "style/weight_3": 1.0,
    "source/amount": 0.7, "source/mirror": 0.0,
    "light/gain": 1.0, "light/contrast": 1.0, "light/saturation": 1.0, "light/hue": 0.0,
}  # fmt: skip
"""What a control that is not given means: nothing moves. Sound factors not given are 0.5."""

LONGEST_STEP_S = 0.25
"""A stall longer than this does not make the picture jump."""

CHANGE_PERIOD_S = 1 / 24
"""``picture/change`` is what happens in this time; at other frame rates a frame is re-noised accordingly less or more."""

PERIOD_MEMORY = 0.05
"""Share of the newest frame in the running mean of the frame period: jitter must not make the picture tremble."""

PROMPT_FADE_S = 0.35
PROMPT_CHANGE = 0.85
"""While a new prompt fades in, the old picture must not outvote it."""
SLOW_FADE_S = 1.0
PROMPTS_KEPT = 64
SOURCE_HOLDS = 0.35
"""The share of ``picture/change`` that a source at its full amount takes away: looks that paint nearly anew at every frame,
as those for the embedded model do, would hardly show it."""
LOWEST_LEVEL = 0.2
"""Below it a few-step model hardly changes anything."""
STYLE_DIGITS = 3
"""Of a style's weight: a smaller change is not seen, and may cost a write of the weights."""
MEAN_BAND = 1.0
STD_BAND = (0.35, 1.3)
"""Per-channel statistics that unit-variance latents of real pictures stay within; outside them feedback is pulled back."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """What a stream needs to go on elsewhere: the last clean latent (1, C, h, w) and the walk's phase (rad)."""

    latent: npt.NDArray[np.float32]
    phase: float


class Stream:
    """A running picture stream of one model at one size."""

    def __init__(self, info: ModelInfo, networks: Networks, state: StreamState | None = None) -> None:
        self._info = info
        self._networks = networks
        self._schedule = Schedule.of(info)
        self._shape = networks.latent_shape
        self._prompts: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._text = self._second = self._old_text = self._embedding("")
        self._zeros = torch.zeros_like(self._text)
        self._negative = self._old_negative = self._unwanted("")
        self._source = Source(networks)
        self.begin(state)

    def begin(self, state: StreamState | None = None) -> None:
        """Begin anew, from where another stream was, or from nothing. The prompts stay."""
        self._walk: NoiseWalk | None = None
        self._seed = -1
        self._phase = 0.0
        self._time: float | None = None
        self._period = 0.0
        self._latent: torch.Tensor | None = None
        if state is not None and state.latent.shape == self._shape:
            self._latent = torch.from_numpy(state.latent.copy()).to(self._networks.device)
            self._phase = state.phase
        self._mix = 0.0
        self._fade, self._fade_s = 1.0, PROMPT_FADE_S
        self._condition_guidance = ConditionGuidance()
        self._denoiser = Denoiser(self._networks, self._schedule)
        self._slots: Slots | None = None
        if self._networks.batch > 1:
            self._slots = Slots(self._schedule, self._denoiser, self._networks.batch)
            if self._latent is not None:
                self._slots.begin(self._latent)
        height, width = (side * self._info.latent_scale for side in self._shape[2:])
        self._lens = Lens(width, height)

    @property
    def state(self) -> StreamState | None:
        """What a new stream needs to continue this one; None before the first frame."""
        return None if self._latent is None else StreamState(self._latent.cpu().numpy(), self._phase)

    @property
    def delay_frames(self) -> int:
        """Frames between a latent's entry and its picture: 0 unless the networks take a batch."""
        return 0 if self._slots is None else self._slots.delay_frames

    def whole_state(self) -> State:
        """All that the next frames depend on but the prompts, so that another stream paints the very same ones."""
        whole = {"time": number(-1.0 if self._time is None else self._time), "period": number(self._period)}
        whole |= {"phase": number(self._phase), "seed": number(self._seed)}
        whole |= {"fade": number(self._fade), "fade_s": number(self._fade_s), "mix": number(self._mix)}
        if self._fade < 1.0:
            whole |= {"old_text": self._old_text, "old_negative": self._old_negative}
        if self._latent is not None:
            whole["latent"] = self._latent
        if self._walk is not None:
            whole |= under("walk", self._walk.state())
        if self._slots is not None:
            whole |= under("slots", self._slots.state())
        whole |= under("lens", self._lens.state())
        return whole | under("condition", self._condition_guidance.state()) | self._denoiser.state()

    def restore(self, whole: State) -> None:
        """Go on from the whole state of a stream of the same model, size and prompts; these are set before."""
        whole = {name: value.to(self._networks.device) for name, value in whole.items()}
        time = float(whole["time"])
        self._time, self._period = None if time < 0 else time, float(whole["period"])
        self._phase, self._seed, self._fade = float(whole["phase"]), int(whole["seed"]), float(whole["fade"])
        self._fade_s, self._mix = float(whole.get("fade_s", PROMPT_FADE_S)), float(whole.get("mix", 0.0))
        self._old_text = whole.get("old_text", self._text)
        self._old_negative = whole.get("old_negative", self._negative)
        self._latent, self._walk = whole.get("latent"), None
        if self._seed >= 0:
            self._walk = NoiseWalk(self._shape, self._seed, self._networks.device)
            self._walk.restore(part("walk", whole))
        if lens := part("lens", whole):
            self._lens.restore(lens)
        self._condition_guidance.restore(part("condition", whole))
        self._denoiser.restore(whole)
        if self._slots is not None:
            self._slots.restore(part("slots", whole))

    def set_prompt(self, text: str, second: str = "", fade_s: float = PROMPT_FADE_S, negative: str = "") -> None:
        """Paint ``text`` from now on, or with ``second`` what the mix makes of both, fading over from what was painted.

        Embeddings are cached. fade_s: seconds. negative: what guidance leads away from.
        """
        embedding, unwanted = self._embedding(text), self._unwanted(negative)
        other = self._embedding(second) if second else embedding
        if embedding is self._text and other is self._second and unwanted is self._negative:
            return
        self._old_text, self._old_negative = self._condition(), self._faded(self._old_negative, self._negative)
        self._text, self._second, self._negative = embedding, other, unwanted
        self._fade = 0.0 if self._time is not None else 1.0  # nothing to fade from before the first frame
        self._fade_s = max(fade_s, PROMPT_FADE_S)

    def _embedding(self, text: str) -> torch.Tensor:
        if text in self._prompts:
            self._prompts.move_to_end(text)
        else:
            self._prompts[text] = self._networks.encode_text(text)
            if len(self._prompts) > PROMPTS_KEPT:
                self._prompts.popitem(last=False)
        return self._prompts[text]

    def _unwanted(self, text: str) -> torch.Tensor:
        """The states of a negative prompt. Models that were trained so take zeros for none."""
        if text or not self._info.zeros_for_no_text:
            return self._embedding(text)
        return self._zeros

    def _condition(self) -> torch.Tensor:
        wanted = self._text if self._second is self._text else torch.lerp(self._text, self._second, self._mix)
        return self._faded(self._old_text, wanted)

    def _faded(self, old: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        return new if self._fade >= 1.0 else torch.lerp(old, new, self._fade)

    def paint(
        self, controls: Mapping[str, float], meaning: Meant | None, time: float, source: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.uint8]:
        """The next frame, RGB (height, width, 3).

        controls: values by parameter name. meaning: what the sound means, None for nothing. time: seconds, not falling.
        source: a picture of the frame's size that is painted over, None for none; networks that see are needed for it.
        """
        knobs = {**NEUTRAL, **controls}
        meaning = None if meaning is None else meaning.on(self._networks.device)
        dt = 0.0 if self._time is None else min(max(time - self._time, 0.0), LONGEST_STEP_S)
        self._time = time
        if dt > 0:
            self._period = dt if self._period == 0 else self._period + PERIOD_MEMORY * (dt - self._period)
        if int(knobs["picture/seed"]) != self._seed:
            self._seed = int(knobs["picture/seed"])
            self._walk = NoiseWalk(self._shape, self._seed, self._networks.device)
        assert self._walk is not None
        self._phase += knobs["picture/walk"] * dt
        self._fade = min(1.0, self._fade + dt / self._fade_s)
        self._mix = knobs["picture/mix"]
        self._style(knobs)
        motion = Motion.of(knobs, "motion", dt)
        self._walk.move(motion)
        noise = self._walk.at(self._phase)
        steps = max(1, int(knobs["picture/steps"]))
        wanted = self._wanted(knobs, meaning, dt)
        if self._latent is None:
            levels = self._schedule.levels(1.0, max(steps, self._info.cold_steps))
            self._latent = self._denoiser.run(noise, levels, wanted, motion)
            if self._slots is not None:
                self._slots.begin(self._latent)
        else:
            amount = 0.0 if source is None else knobs["source/amount"]
            change = self._change(knobs["picture/change"]) * (1.0 - SOURCE_HOLDS * amount)
            level = level_per_frame(change, self._period)
            kept = steadied(warp(self._latent, motion), knobs["picture/steady"] * dt)
            if source is not None and amount > 0:
                share = share_per_frame(amount, self._period)
                # What is new in every frame need not be left behind faster where frames are few.
                level = min(level, 1.0 - share * (1.0 - change))
                kept = self._source.mixed(kept, source, share, mirrored=knobs["source/mirror"] >= 0.5)
            if self._slots is not None:
                self._latent = self._slots.advance(kept, noise, level, steps, wanted, motion)
            else:
                noised, levels = self._schedule.noised(kept, noise, level), self._schedule.levels(level, steps)
                self._latent = self._denoiser.run(noised, levels, wanted, motion)
        matrix, offset = light_map(
            knobs["light/gain"], knobs["light/contrast"], knobs["light/saturation"], knobs["light/hue"]
        )
        picture = self._networks.decode(self._latent, matrix, offset)
        return self._lens.look(picture, Motion.of(knobs, "lens"), int(knobs["lens/mirrors"]), dt)

    def _style(self, knobs: Mapping[str, float]) -> None:
        """Let each style weigh what its knob says."""
        there = range(1, len(self._networks.styles) + 1)
        self._networks.set_styles(tuple(round(knobs[f"style/weight_{number}"], STYLE_DIGITS) for number in there))

    def _wanted(self, knobs: Mapping[str, float], meaning: Meant | None, dt: float) -> Wanted:
        """What the frame is denoised under: the sound leads the condition, or what the steps find."""
        strength = _strength(knobs)
        text = self._condition_guidance.lead(self._condition(), None if strength.refresh else meaning, strength, dt)
        negative, scale = self._faded(self._old_negative, self._negative), knobs["picture/guidance"]
        led = meaning if strength.refresh else None
        refresh = int(knobs["picture/guidance_refresh"])
        return Wanted(text, negative, scale, refresh, self._factors(knobs), led, strength, dt)

    def _change(self, asked: float) -> float:
        """How far to re-noise: more while a prompt fades in, all at once where it comes fast, else rising and falling."""
        if self._fade >= 1.0 or asked >= PROMPT_CHANGE:
            return asked
        share = 1.0 if self._fade_s <= SLOW_FADE_S else 4.0 * self._fade * (1.0 - self._fade)
        return asked + share * (PROMPT_CHANGE - asked)

    def _factors(self, knobs: Mapping[str, float]) -> torch.Tensor | None:
        if not self._info.sound_factors:
            return None
        factors = [knobs.get(f"sound/{name}", 0.5) for name in self._info.sound_factors]
        return torch.tensor([factors], device=self._networks.device)


def _strength(knobs: Mapping[str, float]) -> Strength:
    return Strength(knobs["guide/strength"], knobs["guide/mask"], knobs["guide/momentum"], int(knobs["guide/refresh"]))


def level_per_frame(change: float, period: float) -> float:
    """The level (0–1) a frame is re-noised to, so that what is kept over a second does not depend on the frame rate.

    What is kept of a frame at level L is 1 − L, so over n frames (1 − L)ⁿ. period: seconds a frame; 0 while unknown.
    """
    if change >= 1.0 or period <= 0.0:
        return min(change, 1.0)
    return min(max(share_per_frame(change, period), LOWEST_LEVEL), 1.0)


def share_per_frame(share: float, period: float) -> float:
    """The share (0–1) that is replaced in a frame where ``share`` is in ``CHANGE_PERIOD_S``. period: as above."""
    return share if period <= 0.0 else 1.0 - (1.0 - share) ** (period / CHANGE_PERIOD_S)


def steadied(latent: torch.Tensor, amount: float) -> torch.Tensor:
    """Pull per-channel mean and deviation that have left the band of real pictures back by a share ``amount`` (0–1)."""
    mean = latent.mean((2, 3), keepdim=True)
    std = latent.std((2, 3), keepdim=True)
    aim_mean = mean.clamp(-MEAN_BAND, MEAN_BAND)
    aim_std = std.clamp(*STD_BAND)
    share = min(max(amount, 0.0), 1.0)
    new_std = std + share * (aim_std - std)
    new_mean = mean + share * (aim_mean - mean)
    return (latent - mean) * (new_std / std.clamp_min(1e-4)) + new_mean
