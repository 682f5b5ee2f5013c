"""The console blocks of the pages that need no host are what the commands print.

`pytest tests/pages --regen` writes the outputs anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import blocks
from tests.pages.blocks import TOP
from tests.pages.running import run_page
from tests.pages.shell import Shell

HERE = [page for page in blocks.pages() if blocks.place(page) == "here"]


@pytest.mark.parametrize("page", HERE, ids=[str(page.relative_to(TOP)) for page in HERE])
def test_a_page_shows_what_comes_out(page: Path, shell: Shell, home: Path, pytestconfig: pytest.Config) -> None:
    run_page(page, shell, {str(home): "/home/you"}, regen=pytestconfig.getoption("--regen"))
