"""The commands of the runner beside `run`, `list` and `show`: one module each, with the options that they share."""
