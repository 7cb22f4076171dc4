"""Figures of the harness: `python -m benchmarks`."""
