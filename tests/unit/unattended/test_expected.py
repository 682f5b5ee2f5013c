"""The answers for every installer, as text: `pytest tests/unit/unattended --regen` writes the expected files."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.unattended.render import Rendered

from . import sample

pytestmark = pytest.mark.usefixtures("only_bundled_profiles")

EXPECTED = Path(__file__).with_name("expected")


def show(found: Rendered, folder: Path) -> str:
    """Return the files one after the other; those that are packed are tested elsewhere."""
    texts = {name: data.decode() for name, data in found.files.items() if not name.endswith(".gz")}
    return "".join(f"--- {name}\n{text}" for name, text in texts.items()).replace(str(folder), "FOLDER")


@pytest.mark.parametrize("system", sample.SYSTEMS)
def test_everything_is_answered_as_expected(system: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    found = show(sample.rendered(sample.everything(system, tmp_path), system, tmp_path), tmp_path)
    path = EXPECTED / f"{system}.txt"
    if request.config.getoption("--regen"):
        path.write_text(found)
    assert found == path.read_text()


@pytest.mark.parametrize("system", sample.SYSTEMS)
def test_the_same_request_gives_the_same_files(system: str, tmp_path: Path) -> None:
    wanted = sample.everything(system, tmp_path)
    assert sample.rendered(wanted, system, tmp_path) == sample.rendered(wanted, system, tmp_path)


@pytest.mark.parametrize(
    ("system", "word"),
    [
        ("fedora43", "poweroff"),
        ("debian13", "d-i debian-installer/exit/poweroff boolean true"),
        ("ubuntu24.04", "shutdown: poweroff"),
        ("opensuse15.6", '<final_halt config:type="boolean">true</final_halt>'),
        ("opensuse16.0", "systemctl poweroff"),
    ],
)
def test_the_installer_powers_off_when_it_is_done(system: str, word: str, tmp_path: Path) -> None:
    assert word in sample.text(sample.everything(system, tmp_path), system, tmp_path)
