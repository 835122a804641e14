"""The judge is judged: implementations that are wrong in one known way each, and testees that lie.

`base` is one small implementation of FlatStream in plain Python, independent of the library `flatstream`, which
passes the whole suite. A mutant is that implementation with one method or one constant replaced. A suite that lets
a mutant through has a hole; a runner that takes a liar for right is itself wrong.

    python -m flatstream_conformance.mutants NAME      as a testee; NAME may also be `base`
    flatstream-conformance mutants                     the table: which vectors catch which mutant
"""
