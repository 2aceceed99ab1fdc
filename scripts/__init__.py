"""Scripts that write pages of the docs or build a release. In the checkout: `python3 -m scripts.NAME`."""
