"""An amount that is spread over time, and how much of it falls into any stretch.

Pictures come at their own times and sound comes in hops. Both are amounts (how far the picture moved, how much the
spectrum rose) that happened over some short while; as such they can be brought to any rate without loss or bias.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
"""Of shape (n,) where nothing else is said."""


class Curve:
    """Amounts, each spread evenly over its own while; whiles may overlap.

    starts: when each while begins, s. widths: how long it is, s, above 0. amounts: any unit. All of shape (n,).
    """

    def __init__(self, starts: Array, widths: Array, amounts: Array) -> None:
        knots = np.concatenate([starts, starts + widths])
        slopes = np.concatenate([amounts / widths, -amounts / widths])
        order = np.argsort(knots, kind="stable")
        self._knots = knots[order]
        density = np.cumsum(slopes[order])[:-1]
        self._total = np.concatenate([[0.0], np.cumsum(density * np.diff(self._knots))])

    def rate(self, edges: Array) -> Array:
        """The mean amount per second between neighbouring ``edges`` (n + 1,), s, ascending; shape (n,)."""
        if not len(self._knots):
            return np.zeros(len(edges) - 1)
        return np.diff(np.interp(edges, self._knots, self._total)) / np.diff(edges)
