"""Test any implementation of SPF with cases: a command, a policy server, or a Python function."""
