"""The console blocks of the pages that need a host are what the commands print.

Pages with `<!-- blocks: host -->` in their first line run here, each on a host without guests. `--image` finds its
images on a mirror of the lab. `pytest tests/live/test_pages.py --regen` writes the outputs anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.image import Image
from lab.reader import Reader, reading

from tests.pages import blocks
from tests.pages.blocks import TOP
from tests.pages.running import run_page
from tests.wheel import build_wheel, install_wheel

pytestmark = pytest.mark.live

HOST = [page for page in blocks.pages() if blocks.place(page) == "host"]


@pytest.fixture(scope="module")
def reader(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    home = tmp_path_factory.mktemp("installed")
    with reading(image, install_wheel(build_wheel(home), home / "environment") / "bin") as somebody:
        yield somebody


@pytest.mark.parametrize("page", HOST, ids=[str(page.relative_to(TOP)) for page in HOST])
def test_a_page_shows_what_comes_out(page: Path, reader: Reader, pytestconfig: pytest.Config) -> None:
    with reader.shell() as shell:
        run_page(page, shell, reader.paths, regen=pytestconfig.getoption("--regen"))
