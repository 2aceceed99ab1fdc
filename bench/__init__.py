"""What the engine costs: benchmarks of our own paths, and a comparison with others.

What was measured stands in docs/explanation/performance.md.
"""
