"""Fuzzing: every reader of untrusted octets, and what must hold whatever they are.

`targets` has the readers, each with its seeds; `mutation` makes inputs from seeds, the same ones each time, for the
short run in `test_fuzz`; `python -m tests.fuzz TARGET` is the long run, guided by coverage (atheris). An input that
breaks something becomes a case of `FOUND` in `test_fuzz`.
"""
