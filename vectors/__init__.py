"""The golden vectors, which travel in the wheel as ``flatstream_conformance.vectors``."""
