"""The specification and the protocol, which travel in the wheel as ``flatstream_conformance.docs``."""
