"""Runs commands one after the other: JSON in, a list of [words, standard input]; JSON out, [exit code, output] each."""

import json
import subprocess
import sys

answers = []
for words, octets in json.load(sys.stdin):
    done = subprocess.run(words, input=octets, capture_output=True, text=True, timeout=300, check=False)
    answers.append([done.returncode, done.stdout])
json.dump(answers, sys.stdout)
