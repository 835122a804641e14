"""The groups of the scenarios that are not one tier of one workload: sizes, checksums, adapters, sinks, recovery."""
