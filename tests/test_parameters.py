"""Parameters: declared once, checked, clamped."""

from __future__ import annotations

import math

import pytest

from visualizer.parameters import NUMBERS, PARAMETERS, Parameter, ParameterError, defaults, reference


@pytest.mark.parametrize("parameter", PARAMETERS.values(), ids=str)
def test_each_declaration_makes_sense(parameter: Parameter) -> None:
    group, name = parameter.name.split("/")
    assert group and name and parameter.name == parameter.name.lower() and " " not in parameter.name
    assert parameter.osc_address == f"/visualizer/{group}/{name}"
    assert parameter.kind in ("float", "int", "text", "choice")
    assert parameter.doc.endswith(".") and "\n" not in parameter.doc
    assert parameter.check(parameter.default) == parameter.default
    if parameter.is_number:
        assert math.isfinite(parameter.low) and math.isfinite(parameter.high) and parameter.low < parameter.high
        assert parameter.clamp(math.inf) == parameter.high and parameter.clamp(-math.inf) == parameter.low
    assert parameter.name in reference()


def test_numbers_are_in_order() -> None:
    assert tuple(name for name, p in PARAMETERS.items() if p.is_number and p.look) == NUMBERS
    assert tuple({**defaults(), **defaults(look=False)}) == tuple(PARAMETERS)
    assert all(not PARAMETERS[name].look for name in defaults(look=False))
    assert all(isinstance(defaults()[name], float) for name in NUMBERS)


@pytest.mark.parametrize("value", ["1", None, True, math.nan, math.inf, [1.0]])
def test_no_number_is_refused(value: object) -> None:
    with pytest.raises(ParameterError, match="motion/zoom takes a number"):
        PARAMETERS["motion/zoom"].check(value)


def test_range_and_whole_numbers() -> None:
    zoom, steps = PARAMETERS["motion/zoom"], PARAMETERS["picture/steps"]
    assert zoom.check(zoom.high) == zoom.high
    with pytest.raises(ParameterError, match="out of range"):
        zoom.check(zoom.high + 1e-9)
    assert steps.check(3) == 3.0
    with pytest.raises(ParameterError, match="whole number"):
        steps.check(2.5)
    assert steps.clamp(2.6) == 3.0 and zoom.clamp(0.25) == 0.25


def test_text_and_choice() -> None:
    assert PARAMETERS["picture/prompt"].check("") == ""
    with pytest.raises(ParameterError, match="takes text"):
        PARAMETERS["picture/prompt"].check(1)
    choice = Parameter("test/one", "choice", "a", "One of two.", choices=("a", "b"))
    assert choice.check("b") == "b"
    with pytest.raises(ParameterError, match="one of a, b"):
        choice.check("c")
