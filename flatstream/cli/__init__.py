"""The command ``flatstream``: look at streams, check them, repair their ends, and make some of LOBSTER's data.

`flatstream.__main__` is its entry; the commands are in one module each. It needs ``click`` and ``rich``, which the
library itself does not.
"""
