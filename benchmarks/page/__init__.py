"""The page: one HTML file with the results of the benchmarks and of the conformance suite, rendered from records."""
