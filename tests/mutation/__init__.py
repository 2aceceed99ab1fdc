"""Mutation testing: would the tests notice if the code said something else?

`python -m tests.mutation PACKAGE COUNT [SEED]` changes one operator, number or condition at a time (cosmic-ray makes
these mutants) in a copy of the checkout, and runs the tests of the package on each. What no test notices has survived:
it gets a test, or its reason in survivors.md.
"""
