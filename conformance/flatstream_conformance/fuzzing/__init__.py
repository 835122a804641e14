"""Searching for a question that a testee and the reference answer differently, and making it small."""
