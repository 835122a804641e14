"""All mutants, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flatstream_conformance.mutants.of_bounds import BOUNDS
from flatstream_conformance.mutants.of_ends import ENDS
from flatstream_conformance.mutants.of_errors import ERRORS
from flatstream_conformance.mutants.of_policies import ADAPTIVE, ASKING, THRESHOLD
from flatstream_conformance.mutants.of_reading import READER
from flatstream_conformance.mutants.of_recovery import RECOVERY
from flatstream_conformance.mutants.of_sinks import SINKS
from flatstream_conformance.mutants.of_table_root import TABLE_ROOT
from flatstream_conformance.mutants.of_validators import VALIDATORS
from flatstream_conformance.mutants.of_wire import WIRE
from flatstream_conformance.mutants.of_writing import WRITER

if TYPE_CHECKING:
    from flatstream_conformance.mutants.mutant import Mutant

_CATALOGUES = (
    *(WIRE, ENDS, BOUNDS, READER, ERRORS, WRITER, SINKS, RECOVERY),
    *(VALIDATORS, TABLE_ROOT, ASKING, ADAPTIVE, THRESHOLD),
)

MUTANTS: tuple[Mutant, ...] = tuple(mutant for catalogue in _CATALOGUES for mutant in catalogue.mutants)
