"""Benchmarks of the engine, and a comparison with other engines.

docs/explanation/performance.md has the figures.
"""
