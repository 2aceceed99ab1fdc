"""Packages name what their verbs return, and can be imported without third parties and without asyncio."""

import importlib
import subprocess
import sys
from typing import Any

import pytest

from tests.examples import mostly_full

PACKAGES = """
    catalogue advice.drift advice.flatten advice.identify advice.limits advice.rdap advice.suggest dmarc evaluation
    evidence linting policy receiver record replaying resolvers simulation surveying
""".split()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_of_a_package_can_be_imported(package: str) -> None:
    module: Any = importlib.import_module(f"spfengine.{package}")
    assert len(module.__all__) == len(set(module.__all__))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match=f"module 'spfengine\\.{package}' has no attribute 'Nothing'"):
        _ = module.Nothing


@pytest.mark.parametrize("package", mostly_full(PACKAGES, 3))
def test_importing_a_package_loads_no_third_party_and_no_asyncio(package: str) -> None:
    program = (
        f"import sys, spfengine.{package}; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'dns', 'asyncio', 'yaml', 'idna'}))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"
