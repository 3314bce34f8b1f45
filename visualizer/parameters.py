"""Every controllable value, declared once.

UI controls, preset schema, modulation targets and the reference page are made from ``PARAMETERS``; nothing else lists
parameters. Names are ``group/name``; the OSC address of a parameter is ``/visualizer/<name>``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

OSC_ROOT = "/visualizer"
"""Every OSC address of the program begins with it."""


class ParameterError(ValueError):
    """A value that a parameter does not take; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One controllable value.

    kind: "float", "int", "text" or "choice". low, high: inclusive range of a number. unit: "" when it has none.
    modulated: whether sound may move it. look: whether it belongs to a look; the rest belongs to the show, and no preset
    holds it.
    """

    name: str
    kind: str
    default: float | str
    doc: str
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    choices: tuple[str, ...] = ()
    modulated: bool = True
    look: bool = True

    @property
    def is_number(self) -> bool:
        """Whether the value is a number: numbers travel in ``Controls``, the rest by command."""
        return self.kind in ("float", "int")

    @property
    def is_rate(self) -> bool:
        """Whether the value is so much a second, so that what it does depends on how long it lasts."""
        return self.unit.endswith("/s")

    @property
    def osc_address(self) -> str:
        """The address under which OSC reaches this parameter."""
        return f"{OSC_ROOT}/{self.name}"

    def check(self, value: object) -> float | str:
        """Return ``value`` in the parameter's type, or raise ParameterError in one sentence."""
        if not self.is_number:
            if not isinstance(value, str):
                raise ParameterError(f"{self.name} takes text, not {value!r}")
            if self.choices and value not in self.choices:
                raise ParameterError(f"{self.name} takes one of {', '.join(self.choices)}, not {value!r}")
            return value
        finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
        if isinstance(value, bool) or not finite:
            raise ParameterError(f"{self.name} takes a number, not {value!r}")
        try:
            number = float(value)  # type: ignore[arg-type]
        except OverflowError:
            number = math.inf if value > 0 else -math.inf  # type: ignore[operator]
        if not self.low <= number <= self.high:
            raise ParameterError(f"{self.name} = {number:g} is out of range: it takes {self.low:g} to {self.high:g}")
        if self.kind == "int" and number != round(number):
            raise ParameterError(f"{self.name} takes a whole number, not {number:g}")
        return number

    def clamp(self, value: float) -> float:
        """Bring a number into the range; whole numbers are rounded."""
        inside = min(self.high, max(self.low, value))
        return float(round(inside)) if self.kind == "int" else inside


def _float(name: str, default: float, low: float, high: float, unit: str, doc: str) -> Parameter:
    return Parameter(name, "float", default, doc, low, high, unit)


def _show(name: str, kind: str, default: float | str, high: float, unit: str, doc: str,
          choices: tuple[str, ...] = ()) -> Parameter:  # fmt: skip
    return Parameter(name, kind, default, doc, 0.0, high, unit, choices, modulated=False, look=False)


_REFRESH = "0: the sound leads the words; n: it leads the picture, seen anew every n frames, for up to twice the work."

_GUIDANCE = "How far the words lead (classifier-free); 1: as the model paints by itself, at half the work."
_GUIDANCE_REFRESH = "Where the words lead is seen anew every n frames: fewer for less work."

_DECLARED = (
    Parameter("picture/prompt", "text", "glowing nebula", "What the picture shows, in words.", modulated=False),
    Parameter("picture/prompt_b", "text", "", "What the mix's other end shows; empty: the same.", modulated=False),
    _float("picture/mix", 0.0, 0.0, 1.0, "", "From the one prompt (0) to the other (1)."),
    Parameter("picture/seed", "int", 1, "Which noise the picture grows from.", 0, 2**31 - 1, modulated=False),
    _float("picture/guidance", 1.0, 1.0, 15.0, "", _GUIDANCE),
    Parameter("picture/guidance_refresh", "int", 1, _GUIDANCE_REFRESH, 1, 16, modulated=False),
    Parameter("picture/steps", "int", 2, "Denoising steps a frame: more is finer and slower.", 1, 8, modulated=False),
    _float("picture/change", 0.6, 0.3, 1.0, "", "How far each frame is re-noised: low keeps the last one, 1 paints anew."),
    _float("picture/walk", 0.25, 0.0, 6.0, "rad/s", "How fast the noise travels along its circle."),
    _float("picture/steady", 1.0, 0.0, 5.0, "1/s", "How fast drifting colour statistics are pulled back."),
    _float("source/amount", 0.7, 0.0, 1.0, "", "How far the picture follows the camera or video, if there is one."),
    Parameter("source/mirror", "int", 0, "1: camera or video mirrored, as people see themselves.", 0, 1, modulated=False),
    _float("motion/zoom", 0.05, -2.0, 2.0, "oct/s", "Zoom in (positive) or out."),
    _float("motion/rotate", 0.0, -180.0, 180.0, "°/s", "Turn of the picture."),
    _float("motion/pan_x", 0.0, -1.0, 1.0, "widths/s", "Drift to the right."),
    _float("motion/pan_y", 0.0, -1.0, 1.0, "heights/s", "Drift downwards."),
    _float("motion/swirl", 0.0, -3.0, 3.0, "rad/s", "Twist that is strongest at the centre."),
    _float("lens/zoom", 0.0, -1.0, 1.0, "oct", "The finished picture nearer (positive) or farther."),
    _float("lens/rotate", 0.0, -180.0, 180.0, "°", "The finished picture turned."),
    _float("lens/pan_x", 0.0, -0.5, 0.5, "widths", "The finished picture to the right."),
    _float("lens/pan_y", 0.0, -0.5, 0.5, "heights", "The finished picture down."),
    _float("lens/swirl", 0.0, -3.0, 3.0, "rad", "The finished picture twisted, most at the centre."),
    Parameter("lens/mirrors", "int", 0, "Wedges of a kaleidoscope; below 2 none.", 0, 12),
    _float("guide/strength", 0.7, 0.0, 2.0, "", "How far what the sound means leads the picture."),
    _float("guide/mask", 0.5, 0.0, 0.99, "", "Share of what it changes, the weakest, that is left out."),
    _float("guide/momentum", 0.3, 0.0, 0.95, "", "How much of its lead is what it was before."),
    Parameter("guide/refresh", "int", 0, _REFRESH, 0, 16, modulated=False),
    *(
        _float(f"style/weight_{number}", 1.0, -1.0, 2.0, "", f"How strongly the {name} style counts, if one is loaded.")
        for number, name in enumerate(("first", "second", "third"), 1)
    ),
    _float("sound/energy", 0.5, 0.0, 1.0, "", "How much light and force the model paints."),
    _float("sound/bass", 0.3, 0.0, 1.0, "", "Size of the large forms."),
    _float("sound/mid", 0.4, 0.0, 1.0, "", "How rich the forms are."),
    _float("sound/treble", 0.4, 0.0, 1.0, "", "Fine detail and sparkle."),
    _float("sound/onset", 0.0, 0.0, 1.0, "", "A burst."),
    _float("sound/brightness", 0.5, 0.0, 1.0, "", "How far up its palette the picture sits."),
    _float("sound/tension", 0.2, 0.0, 1.0, "", "Turbulence."),
    _float("light/gain", 1.0, 0.0, 3.0, "", "Brightness of the finished picture."),
    _float("light/contrast", 1.0, 0.0, 2.0, "", "Contrast about mid grey."),
    _float("light/saturation", 1.0, 0.0, 2.0, "", "0 is grey."),
    _float("light/hue", 0.0, -180.0, 180.0, "°", "Turn of the colour wheel."),
    _show("show/fade", "float", 2.0, 30.0, "s", "How long one look takes to become another."),
    _show("show/least_fps", "float", 10.0, 240.0, "frames/s", "Fewer steps and pixels before fewer frames; 0: never."),
    _show("show/auto_bars", "int", 0.0, 128.0, "bars", "Another look after so many bars; 0: never."),
    _show("show/auto_seconds", "float", 0.0, 3600.0, "s", "Another look after so long; 0: never."),
    _show("output/limiter", "choice", "wcag", 1.0, "", "How many flashes are let through.", ("wcag", "strict")),
)

PARAMETERS: MappingProxyType[str, Parameter] = MappingProxyType({p.name: p for p in _DECLARED})

NUMBERS: tuple[str, ...] = tuple(p.name for p in _DECLARED if p.is_number and p.look)
"""Names of a look's numeric parameters in the order in which a ``Controls`` travels."""


def defaults(look: bool = True) -> dict[str, float | str]:
    """The default value of every parameter of a look, or of the show, by name."""
    return {p.name: float(p.default) if p.is_number else p.default for p in _DECLARED if p.look == look}


def reference() -> str:
    """The table of parameters as text, one line each."""
    rows = []
    for p in _DECLARED:
        span = f"{p.low:g} … {p.high:g} {p.unit}".rstrip() if p.is_number else (", ".join(p.choices) or "text")
        default = f"{p.default:g}" if isinstance(p.default, (int, float)) else p.default
        rows.append(f"{p.name:20} {span:24} {default:>16}  {p.doc}")
    return "\n".join(rows)
