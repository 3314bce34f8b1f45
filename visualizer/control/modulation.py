"""Sound moves parameters: each route is an envelope follower from one measure of the sound to one parameter.

value = base + Σ over routes of what gain × curved envelope adds, each route kept within its own bounds, the sum within the
parameter's range. Times are in seconds and exact for any hop and frame rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from visualizer.control.fade import Fade
from visualizer.control.pulse import PULSES, pulse
from visualizer.control.route import Route
from visualizer.parameters import NUMBERS, PARAMETERS
from visualizer.snapshots import HOP_SAMPLES, SAMPLE_RATE, Beat, Controls, Heard

SILENT_AFTER_S = 0.25
"""When no hop has come for this long (the device is gone), envelopes fall as in silence."""


class _Envelope:
    """One route's follower: its value now, and the highest and the mean since the last frame."""

    __slots__ = ("_area", "_route", "_seconds", "peak", "value")

    def __init__(self, route: Route) -> None:
        self._route = route
        self.value = self.peak = self._area = self._seconds = 0.0

    def run(self, source: float, seconds: float) -> None:
        tau = self._route.attack_s if source > self.value else self._route.release_s
        before, left = self.value - source, math.exp(-seconds / tau) if tau > 0 else 0.0
        self.value = source + before * left
        self.peak = max(self.peak, self.value)
        self._area += source * seconds + before * tau * (1.0 - left)
        self._seconds += seconds

    @property
    def mean(self) -> float:
        return self._area / self._seconds if self._seconds > 0 else self.value

    def state(self) -> list[float]:
        """All that its next values depend on."""
        return [self.value, self.peak, self._area, self._seconds]

    def restore(self, state: Sequence[float]) -> None:
        """Go on from a state."""
        self.value, self.peak, self._area, self._seconds = state

    def release(self) -> None:
        """A frame has been begun."""
        self.peak, self._area, self._seconds = self.value, 0.0, 0.0


class Modulator:
    """Runs every route's envelope at hop rate and gives every numeric parameter's value when a frame asks.

    Between two frames the highest envelope is kept, so that an onset of one hop reaches a frame at any frame rate; the
    frame after sees the envelope where it really is. A rate takes the mean instead: how far it carries the picture then
    does not depend on the frame rate. base: values by parameter name, the rest at their defaults.
    """

    def __init__(self, base: Mapping[str, float] | None = None, routes: Iterable[Route] = ()) -> None:
        self._base = {name: float(PARAMETERS[name].default) for name in NUMBERS}
        self._routes: tuple[Route, ...] = ()
        self._envelopes: dict[Route, _Envelope] = {}
        self._fade = Fade()
        self._heard = 0  # the newest sample heard
        self._now = 0  # the sample up to which the envelopes have run
        for name, value in (base or {}).items():
            self.set_base(name, value)
        self.set_routes(routes)

    @property
    def base(self) -> dict[str, float]:
        """Every numeric parameter's value without the sound; while a look fades in, the coming one's."""
        return dict(self._base)

    @property
    def routes(self) -> tuple[Route, ...]:
        """The routes in use; while a look fades in, the coming one's."""
        return self._routes

    @property
    def envelopes(self) -> tuple[float, ...]:
        """Every route's envelope now, 0–1, in the order of ``routes``."""
        envelopes = self._envelopes  # one read: another thread may replace it meanwhile
        return tuple(envelopes[route].value if route in envelopes else 0.0 for route in self._routes)

    def set_base(self, name: str, value: float) -> None:
        """Set a numeric parameter's value without the sound; raises ParameterError, or KeyError for another name."""
        if name not in self._base:
            raise KeyError(f"{name} is no numeric parameter")
        self._base[name] = float(PARAMETERS[name].check(value))
        self._fade.hold(name)

    def set_routes(self, routes: Iterable[Route]) -> None:
        """Replace the routes at once; a route equal to one in use keeps its envelope, and equal ones count once."""
        self._follow(tuple(routes))
        self._fade.routes = {}

    def fade_to(self, base: Mapping[str, float], routes: Iterable[Route], seconds: float) -> None:
        """Go over to other values and routes in ``seconds`` of sound from now on; whole numbers change half way.

        base: by parameter name, the rest stays. Raises as ``set_base`` does, and then changes nothing.
        """
        wanted = {name: float(PARAMETERS[name].check(value)) for name, value in base.items()}
        if unknown := [name for name in wanted if name not in self._base]:
            raise KeyError(f"{unknown[0]} is no numeric parameter")
        coming = tuple(routes)
        before = {name: self._fade.base(name, self._base[name], self._now) for name in wanted}
        weights = {route: self._fade.weight(route, self._now) for route in self._envelopes}
        self._fade = Fade(self._now, round(seconds * SAMPLE_RATE), before, _weights(weights, coming))
        self._base |= wanted
        self._follow(coming, leaving=tuple(route for route, weight in weights.items() if weight > 0))

    def state(self) -> dict[str, Any]:
        """All that its next values depend on, as plain values."""
        followed = [
            {"route": route.as_json(), "envelope": envelope.state(), "weights": self._fade.routes.get(route)}
            for route, envelope in self._envelopes.items()
        ]
        fade = {"start": self._fade.start, "length": self._fade.length, "before": dict(self._fade.before)}
        routes = [route.as_json() for route in self._routes]
        state = {"base": self.base, "routes": routes, "followed": followed, "fade": fade}
        return state | {"heard": self._heard, "now": self._now}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Modulator:
        """One that goes on from a state. Raises KeyError, TypeError, RouteError or ParameterError for what is none."""
        modulator = cls(state["base"], [Route.from_json(route) for route in state["routes"]])
        weights = {}
        for followed in state["followed"]:
            route = Route.from_json(followed["route"])
            modulator._envelopes[route] = envelope = _Envelope(route)
            envelope.restore(followed["envelope"])
            if followed["weights"] is not None:
                weights[route] = tuple(followed["weights"])
        fade = state["fade"]
        modulator._fade = Fade(fade["start"], fade["length"], dict(fade["before"]), weights)
        modulator._heard, modulator._now = state["heard"], state["now"]
        return modulator

    def _follow(self, routes: tuple[Route, ...], leaving: tuple[Route, ...] = ()) -> None:
        self._routes = routes
        self._envelopes = {route: self._envelopes.get(route) or _Envelope(route) for route in (*routes, *leaving)}

    def push(self, heard: Heard, beat: Beat | None = None) -> None:
        """Run the envelopes over one hop; hops come in order, after a jump a hop counts HOP_SAMPLES.

        beat: of the hop's end, from whichever source is trusted.
        """
        samples = heard.sample - self._now
        steady = 0 < samples <= SILENT_AFTER_S * SAMPLE_RATE
        seconds = (samples if steady else HOP_SAMPLES) / SAMPLE_RATE
        self._heard = self._now = heard.sample
        for route, envelope in self._envelopes.items():
            source = pulse(route.source, beat) if route.source in PULSES else getattr(heard, route.source)
            envelope.run(source, seconds)

    def release(self) -> None:
        """Let go of the peaks and means kept so far: a frame has been begun with them."""
        for envelope in self._envelopes.values():
            envelope.release()

    def at(self, sample: int, keep: bool = False) -> Controls:
        """Every numeric parameter's value at the sample index ``sample``, from the hops pushed so far.

        keep: peaks and means stay until ``release``; a live show offers values more often than frames are begun.
        """
        still = max(self._now, self._heard + int(SILENT_AFTER_S * SAMPLE_RATE))
        if sample > still:
            for envelope in self._envelopes.values():
                envelope.run(0.0, (sample - still) / SAMPLE_RATE)
            self._now = sample
        if self._fade.over(sample):
            self._follow(self._routes)
            self._fade = Fade()
        base = {name: self._fade.base(name, value, sample) for name, value in self._base.items()}
        values = dict(base)
        for route, envelope in self._envelopes.items():
            felt = envelope.mean if PARAMETERS[route.target].is_rate else envelope.peak
            values[route.target] += self._fade.weight(route, sample) * route.push_from(base[route.target], felt)
        if not keep:
            self.release()
        for name, value in values.items():
            values[name] = PARAMETERS[name].clamp(value)
        return Controls(self._heard, values)


def _weights(now: Mapping[Route, float], coming: tuple[Route, ...]) -> dict[Route, tuple[float, float]]:
    """How much each route counts at the beginning and the end of a fade."""
    return {route: (now.get(route, 0.0), float(route in coming)) for route in (*now, *coming)}
