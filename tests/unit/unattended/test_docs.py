"""docs/reference/unattended.md names every variable that templates have, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from virtprov.unattended.variables import variables

from . import sample

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "unattended.md"


@pytest.mark.usefixtures("only_bundled_profiles")
def test_the_page_lists_the_variables(tmp_path: Path) -> None:
    listed = PAGE.read_text().partition("The variables are ")[2].partition("virtprov's own templates")[0]
    named = set(re.findall(r"`([a-z0-9-]+)`", re.sub(r"\([^)]*\)", "", listed)))
    for system in ("debian13", "win11"):
        wanted = sample.everything(system, tmp_path)
        found = variables(sample.answers(wanted, system, tmp_path), sample.installer_of(system), sample.facts(system))
        assert set(found) == named
