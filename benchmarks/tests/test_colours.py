"""The colours of the charts, as people with each kind of colour blindness see them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from benchmarks.charts.looks import MARKERS
from benchmarks.charts.style import THEMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Full dichromacy in linear RGB: Machado, Oliveira and Fernandes (2009), severity 1.
SIGHT: Final = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ: Final = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE: Final = XYZ.sum(axis=1)
APART: Final = 18.0
"""CIE 1976 distance; about 2.3 is the least that is seen side by side, and dots in a chart are not side by side."""


def linear(colour: str) -> NDArray[np.float64]:
    """The colour in linear RGB."""
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear RGB in CIE L*a*b*."""
    x, y, z = np.cbrt(np.clip(XYZ @ rgb / WHITE, 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one: str, other: str) -> float:
    """The contrast of WCAG 2."""
    low, high = sorted(0.05 + float(XYZ[1] @ linear(colour)) for colour in (one, other))
    return high / low


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_series_are_told_apart(theme: str, sight: str) -> None:
    seen = {colour: lab(np.clip(SIGHT[sight] @ linear(colour), 0, 1)) for colour in THEMES[theme]["series"]}
    distances = {(one, other): float(np.linalg.norm(seen[one] - seen[other])) for one, other in combinations(seen, 2)}
    assert min(distances.values()) >= APART, distances


@pytest.mark.parametrize("theme", THEMES)
def test_every_colour_stands_out_from_the_paper(theme: str) -> None:
    colours = THEMES[theme]
    assert min(contrast(colour, colours["paper"]) for colour in colours["series"]) >= 3, "graphics"
    assert contrast(colours["ink"], colours["paper"]) >= 7, "text"
    assert contrast(colours["quiet"], colours["paper"]) >= 4.5, "small text"


def test_a_marker_for_each_colour() -> None:
    assert len({*MARKERS}) == len(MARKERS) >= max(len(theme["series"]) for theme in THEMES.values())
