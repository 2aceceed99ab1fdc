"""The page that shows the tables of the papers beside ours: its figures are those of the generated population."""

import json
import re
from pathlib import Path

from bench.population import Population
from spfengine.surveying import Summary

ROW = re.compile(r"^\| `([a-z-]+)` \| [^|]* \| ([\d,]+) \| ([\d,]+) \| ([^|]*) \|$", re.MULTILINE)


def test_the_table_is_that_of_the_generated_population(repository: Path) -> None:
    """ "What is generated and what is measured": the two columns of ours are what the generator and a survey say."""
    page = (repository / "docs" / "how-to" / "survey-many-domains.md").read_text("utf-8")
    counted = Summary.from_dict(json.loads((repository / "examples" / "population-summary.json").read_text("ascii")))
    generated = Population(20_000).truth(lint=True)
    rows = []
    for row, count in generated.counts:
        share = counted.share(row)
        rows.append((str(row), f"{count:,}", f"{counted[row]:,}", "" if share is None else f"{share * 100:.2f} %"))
    assert [(name, known, found, share.strip()) for name, known, found, share in ROW.findall(page)] == rows
    assert counted == generated
    assert 'The columns "paper" are measurements of others, of the real DNS.' in page
