"""One target under atheris, for `flatstream.tests.fuzz`, which starts this: ``worker TARGET``, and libFuzzer's options.

Branches of the library's Python code guide the fuzzer. The native engine is not instrumented: it sees each input that
the reference does, and must say the same.
"""

from __future__ import annotations

import gc
import sys
from types import FunctionType

import atheris

from flatstream.tests.fuzz.targets import TARGETS


def instrument() -> None:
    """Have all functions of the library report their branches; it is imported already, by this package's own name."""
    for function in [each for each in gc.get_objects() if type(each) is FunctionType]:
        module = function.__module__ or ""
        if module.startswith("flatstream.") and not module.startswith("flatstream.tests"):
            atheris.instrument_func(function)


def main() -> None:
    """Never returns: libFuzzer ends the process."""
    name, *options = sys.argv[1:]
    instrument()
    atheris.Setup([name, *options], TARGETS[name].run, enable_python_coverage=True)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
