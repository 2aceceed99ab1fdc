"""Our engine and others on the same workloads, in one run: `python -m bench.compare`."""
