"""How the series of a chart look: colours tell families apart, markers and dashes their members.

Beside others, all of FlatStream has one colour, and each peer its own. Where FlatStream is alone, each checksum has a
colour, and its raw library the same. What the machine takes at least has thin lines without markers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from matplotlib.lines import Line2D

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from benchmarks.charts.style import Theme

__all__ = ["MARKERS", "Look", "Series", "handles", "looks", "mark"]

MARKERS: Final = ("o", "s", "^", "D", "v")
"""One for each of the colours, since colour is never all that tells two series apart."""

SOLID: Final = "-"
DASHES: Final[tuple[Any, ...]] = (SOLID, (0, (5, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2)), (0, (3, 3)))
CHECKSUMS: Final = ("none", "crc16", "crc32", "xxh3_64")


class Series(NamedTuple):
    """One line of a chart."""

    name: str
    label: str
    own: bool
    limit: bool


class Look(NamedTuple):
    """How a series looks; a limit has no marker."""

    colour: str
    marker: str
    filled: bool
    dashes: Any
    thin: bool

    def line(self) -> dict[str, Any]:
        """For its line."""
        return {"color": self.colour, "linestyle": self.dashes, "linewidth": 1.0 if self.thin else 1.4}

    def dots(self, paper: str) -> dict[str, Any]:
        """For its marks, without a line."""
        face = self.colour if self.filled else paper
        edge = {"markerfacecolor": face, "markeredgecolor": self.colour, "markeredgewidth": 1.1}
        return {"linestyle": "none", "color": self.colour, "marker": self.marker, "markersize": 4.2, **edge}


def looks(series: Sequence[Series], theme: Theme) -> dict[str, Look]:
    """The look of each, by its name."""
    if all(one.own or one.limit for one in series):
        return _by_checksum(series, theme)
    own = [one.name for one in series if one.own]
    peers = [one.name for one in series if not one.own and not one.limit]
    limits = [one.name for one in series if one.limit]
    colours = theme["series"][1:]
    found = {
        name: Look(theme["own"], MARKERS[index % len(MARKERS)], index % 2 == 0, DASHES[index % len(DASHES)], thin=False)
        for index, name in enumerate(own)
    }
    found |= {
        name: Look(
            colours[index % len(colours)],
            MARKERS[1:][index % len(colours)],
            index < len(colours),
            DASHES[index // len(colours) % len(DASHES)],
            thin=False,
        )
        for index, name in enumerate(peers)
    }
    return found | {
        name: Look(theme["quiet"], "", filled=False, dashes=DASHES[index % len(DASHES)], thin=True)
        for index, name in enumerate(limits)
    }


def handles(series: Sequence[Series], looked: Mapping[str, Look], theme: Theme) -> list[Line2D]:
    """What a legend shows of them."""
    return [
        Line2D([], [], label=one.label, **{**looked[one.name].dots(theme["paper"]), **looked[one.name].line()})
        for one in series
    ]


def mark(axes: Axes, places: Sequence[float], values: Sequence[float], look: Look, theme: Theme) -> None:
    """The marks of a series at these points; a limit has none."""
    if look.marker:
        axes.plot(places, values, **look.dots(theme["paper"]))


def _by_checksum(series: Sequence[Series], theme: Theme) -> dict[str, Look]:
    """Of series that are all FlatStream's own, or the limits of these."""
    found: dict[str, Look] = {}
    ways: dict[str, int] = {}
    for one in series:
        checksum = next((name for name in CHECKSUMS if name in one.name), CHECKSUMS[0])
        colour = theme["series"][CHECKSUMS.index(checksum)]
        if one.limit:
            found[one.name] = Look(colour, "", filled=False, dashes=DASHES[2], thin=True)
            continue
        way = ways.setdefault(one.name.replace(checksum, "").strip("-"), len(ways))
        found[one.name] = Look(colour, MARKERS[way % len(MARKERS)], way % 2 == 0, DASHES[way % len(DASHES)], thin=False)
    return found
