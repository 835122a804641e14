"""What FlatStream costs, beside what people would use instead. Run from the root: ``python -m benchmarks --help``."""
