"""docs/howto-profiles.md, followed step by step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from virtprov.images import listing as image_listing
from virtprov.images.image import ImageRequest
from virtprov.images.resolve import resolve_image
from virtprov.osinfo import find_profile, listing
from virtprov.osinfo.profile_files.image_check import CHILDREN, PARTS
from virtprov.osinfo.profile_files.image_reader import ATTRIBUTES, INDEX_TYPES
from virtprov.support.errors import UsageError

PAGE = (Path(__file__).parents[3] / "docs" / "howto-profiles.md").read_text()
PROFILE, IMAGES, CHANGE = re.findall(r"^<libosinfo .*?^</libosinfo>$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of the user's over nothing but the bundled profiles."""
    for name in ("OSINFO_SYSTEM_DIR", "OSINFO_LOCAL_DIR", "OSINFO_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OSINFO_SYSTEM_DIR", "OSINFO_LOCAL_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    folder = tmp_path / ".config/osinfo/os/example.org"
    folder.mkdir(parents=True)
    return folder / "tonic-2.xml"


def shown(text: str) -> str:
    """A message as the page shows it."""
    return re.sub(r"/\S*/\.config", "/home/YOU/.config", text)


def test_the_profile_of_the_page(mine: Path) -> None:
    mine.write_text(PROFILE)
    warnings: list[str] = []
    profile = find_profile.find("tonic2", warnings)
    assert warnings == []
    assert profile.virtio_1
    assert profile.efi("x86_64")
    assert profile.resources("x86_64").advised[:3] == (4 * 2**30, 2, 20 * 2**30)
    assert f"$ virtprov-install --osinfo list=tonic\n{listing.as_table(listing.listing('tonic'))}" in PAGE
    assert f"<memory>{4 * 2**20}</memory>" in PAGE
    assert f'<libosinfo:os id="{profile.os_id}"/>' in PAGE


def test_the_wrong_name_of_the_page(mine: Path) -> None:
    mine.write_text(PROFILE)
    with pytest.raises(UsageError) as problem:
        find_profile.find("tonik2")
    assert f"virtprov-install: error: {problem.value.message}\nhint: {problem.value.hint}\n" in PAGE


def test_the_slip_of_the_page(mine: Path) -> None:
    mine.write_text(PROFILE.replace("<ram>1073741824</ram>", "<rams>1073741824</rams>"))
    warnings: list[str] = []
    assert find_profile.find("tonic2", warnings).resources("x86_64").recommended.ram == 4 * 2**30
    assert [f"warning: {shown(text)}\n" in PAGE for text in warnings] == [True]


def test_the_broken_file_of_the_page(mine: Path) -> None:
    mine.write_text(PROFILE.replace("</vendor>", ""))
    warnings: list[str] = []
    assert find_profile.find_or_none("tonic2", warnings) is None
    (text,) = warnings
    begin = re.match(r".*well-formed XML, line ", shown(text))
    assert begin
    assert begin[0] in PAGE


def test_the_change_of_the_page(mine: Path) -> None:
    before = find_profile.find("debian12")
    mine.with_name("anything.xml").write_text(CHANGE)
    after = find_profile.find("debian12")
    assert after.resources("x86_64").advised.ram == 8 * 2**30
    assert after.resources("x86_64").minimum == before.resources("x86_64").minimum
    assert (after.name, after.devices, after.media()) == (before.name, before.devices, before.media())


def test_every_element_the_page_shows_is_understood(mine: Path) -> None:
    cells = re.findall(r"^\|.*?\| (`<.*`) \|$", PAGE, flags=re.MULTILINE)
    parts = [part for cell in cells for part in re.findall(r"`(<[^`]*>)`", cell) if not part.startswith("<device ")]
    assert len(parts) > 8
    mine.write_text(PROFILE.replace("<release-date>", "\n".join(parts) + "<release-date>"))
    warnings: list[str] = []
    profile = find_profile.find("tonic2", warnings)
    assert warnings == []
    assert profile.virtio_gpu
    assert profile.bios("x86_64") is False
    assert profile.media()[0].volume_id == "Tonic 2.*"
    assert profile.trees()[0].treeinfo_family == "Tonic"
    assert profile.cloud_images()[0].cloud_init
    assert (profile.kernel_url_argument, profile.eol_date) == ("inst.repo", "2030-04-01")


def test_the_images_of_the_page(mine: Path) -> None:
    mine.write_text(PROFILE)
    mine.with_name("tonic-images.xml").write_text(IMAGES)
    warnings: list[str] = []
    entries = image_listing.listing("tonic", warnings)
    assert warnings == []
    assert f"$ virtprov-install --image list=tonic\n{image_listing.as_table(entries)}" in PAGE
    base = "https://images.example.org/tonic/2"
    name = "tonic-2-server-amd64-20260801.qcow2"
    sums = f"{'a' * 64}  {name}\n{'a' * 64}  tonic-2-server-amd64-latest.qcow2\n"
    for short in ("tonic", "tonic2"):
        found = resolve_image(
            ImageRequest(short, name=short), arch="x86_64",
            read=lambda url, limit: sums.encode() if url == f"{base}/SHA256SUMS" else None,
        )  # fmt: skip
        assert (found.url, found.facts.os, found.facts.default_user) == (f"{base}/{name}", "tonic2", "tonic")


def test_the_page_names_everything_that_an_image_can_say() -> None:
    part = PAGE[PAGE.index("## Cloud images") : PAGE.index("## Change an existing profile")]
    assert [name for name in (*ATTRIBUTES, "os", "names") if f"`{name}" not in part] == []
    assert [name for name in (*CHILDREN, "images", "image") if f"<{name}" not in part] == []
    assert [name for name in INDEX_TYPES if f"`{name}`" not in part] == []
    assert [name for name in PARTS if f"`{{{name}}}`" not in part] == []
