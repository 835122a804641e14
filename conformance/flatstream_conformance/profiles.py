"""The profiles: named parts of the suite that a testee can be held to.

Without a profile, a case that the testee does not claim is reported as skipped and counts nothing. With one,
only the cases of the profile are run, and each skip among them counts against the testee.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flatstream_conformance import growth
from flatstream_conformance.schemas import CORE_OPS, FEATURES, OPS

if TYPE_CHECKING:
    from flatstream_conformance.suite import Vector


@dataclass(frozen=True, slots=True)
class Profile:
    """A case belongs to the profile if its operation and all features that it needs are listed.

    Of one that bounds memory, only cases whose memory is measured; and they fail if too much was taken (R6).
    """

    name: str
    about: str
    ops: frozenset[str]
    features: frozenset[str]
    bounds_memory: bool = False

    def has(self, vector: Vector) -> bool:
        """Whether the case belongs to the profile."""
        if self.bounds_memory and not growth.is_measured(vector):
            return False
        return vector.op in self.ops and self.features.issuperset(vector.features)


def _profile(name: str, about: str, features: str = "", ops: str = "", *, bounds_memory: bool = False) -> Profile:
    return Profile(name, about, frozenset(CORE_OPS) | set(ops.split()), frozenset(features.split()), bounds_memory)


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        _profile("core", "the wire, reading, writing and scanning, whole buffers at a time"),
        _profile(
            "streams",
            "core, and sources and sinks that are slow, faulty, growing or the caller's own",
            "chunked faults short_writes sink_faults single_fault resume appends exact_reads offsets durability huge",
        ),
        _profile(
            "adapters",
            "core, and validators, observers, callbacks and serializers",
            "validators composite_validators typed_validator observers callbacks serializers resume",
        ),
        _profile(
            "recovery",
            "core, and files: positions, empty tails, truncating and appending",
            "chunked faults positions empty_tail offsets",
            "truncate",
        ),
        _profile("custom", "core, and checksums of the caller's own", "custom resume", "declare"),
        _profile("policies", "core, and memory policies", "policies", "policy"),
        _profile("memory", "lengths that nobody means to send, and what they cost", bounds_memory=True),
        _profile("full", "every case of the suite", " ".join(FEATURES), " ".join(OPS)),
    )
}
