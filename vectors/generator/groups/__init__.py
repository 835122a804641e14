"""All groups of vectors, collected from the modules of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vectors.generator.groups import (
    appending,
    boundaries,
    checksums,
    chunking,
    corruption,
    custom,
    going_on,
    limits,
    observing,
    order,
    policy_adaptive,
    policy_baseline,
    policy_effects,
    policy_threshold,
    reading,
    recovery,
    sinks,
    source_faults,
    table_root,
    truncating,
    validators,
    writing,
    wrong_algorithm,
    zero_tails,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vectors.generator.model import Group

_MAKERS: Final[tuple[Callable[[], list[Group]], ...]] = (
    appending.groups,
    boundaries.groups,
    checksums.groups,
    chunking.groups,
    corruption.groups,
    custom.groups,
    going_on.groups,
    limits.groups,
    observing.groups,
    order.groups,
    policy_adaptive.groups,
    policy_baseline.groups,
    policy_effects.groups,
    policy_threshold.groups,
    reading.groups,
    recovery.groups,
    sinks.groups,
    source_faults.groups,
    table_root.groups,
    truncating.groups,
    validators.groups,
    writing.groups,
    wrong_algorithm.groups,
    zero_tails.groups,
)


def all_groups() -> list[Group]:
    """Make every group of vectors; the same each time."""
    return [group for make in _MAKERS for group in make()]
