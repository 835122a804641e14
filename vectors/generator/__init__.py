"""Makes the golden vectors of FlatStream, and checks them.

Run from the root of the repository: ``python -m vectors.generator`` writes the vectors, and
``python -m vectors.generator --check`` compares what would be written with what is there.

The package imports no implementation of FlatStream. A wire is put together from its parts here, so the
expected answer is known before any parser has seen it; and each checksum is computed by two programs that
have nothing in common.
"""
