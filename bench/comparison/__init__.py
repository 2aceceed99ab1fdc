"""The same workloads through us and through others, in one run: `python -m bench.compare`."""
