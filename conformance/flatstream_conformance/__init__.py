"""Conformance suite for implementations of FlatStream, in any language.

The command `flatstream-conformance` starts a testee, sends it the requests of the vectors, and judges its
replies. The protocol is in `conformance/PROTOCOL.md`. Nothing here imports `flatstream` except the built-in
reference testee, which is itself only a program at the other end of a pipe.
"""
