"""Mutation testing: would the tests notice if the code said something else?

`python -m tests.mutation PACKAGE COUNT [SEED]` changes one operator, number or condition at a time (cosmic-ray makes
these mutants) in a copy of the checkout, and runs the tests that reach it. What no test notices has survived: it gets a
test, or its reason in survivors.md. Without a package, the sample is tried that the full tests try.

- `mutants` finds, names and makes the changes, and chooses samples.
- `running` runs tests in a copy of the checkout, each run in a process of its own.
- `known` reads what is known of them: survivors.md and sample.json.
"""
