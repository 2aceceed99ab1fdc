"""The documentation as a site: what `mkdocs.yml` names, and what it is made of."""
