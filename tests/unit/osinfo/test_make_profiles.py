"""The tool that lays out the bundled profiles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import make_profiles
from virtprov.osinfo import layers
from virtprov.osinfo.profile_files.resolve import load

DEBIAN = """<libosinfo version="0.0.1"><!-- somebody's words -->
<os id="http://debian.org/debian/12"><name>Debian 12</name><short-id>debian12</short-id><vendor>V</vendor>
  <!-- more words -->
  <media arch="x86_64"><url>http://m/d.iso</url>
  <iso><system-id>LINUX</system-id><volume-id>D &amp;  12</volume-id></iso></media>
  <derives-from id="http://mandriva.com/old/1"/><description>Prose.</description>
  <resources arch="all"><minimum><ram>1</ram><n-cpus>2</n-cpus></minimum></resources>
</os></libosinfo>"""
MORE = """<libosinfo version="0.0.1"><os id="http://debian.org/debian/12"><short-id>debian12</short-id>
<name>Debian 12</name>
<vendor>V</vendor><firmware arch="x86_64" type="efi"/></os></libosinfo>"""
OTHERS = """<libosinfo version="0.0.1">
<os id="http://debian.org/debian/9"><short-id>debian9</short-id><name>Debian 9</name><vendor>V</vendor></os>
<os id="http://mandriva.com/old/1"><short-id>old1</short-id><name>Old</name><vendor>V</vendor></os>
<os id="http://mandriva.com/old/2"><short-id>old2</short-id><name>Not needed</name><vendor>V</vendor></os>
<os id="http://example.org/none/1"><short-id>none1</short-id><name>Not wanted</name><vendor>V</vendor></os>
<device id="http://d/1"><class>net</class><name>card</name></device>
<datamap id="http://d/map"><entry inval="a" outval="b"/></datamap></libosinfo>"""
EXPECTED = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Operating systems: Debian. -->
<libosinfo version="0.0.1">
  <os id="http://debian.org/debian/9">
    <short-id>debian9</short-id>
    <name>Debian 9</name>
    <vendor>V</vendor>
  </os>

  <os id="http://debian.org/debian/12">
    <short-id>debian12</short-id>
    <name>Debian 12</name>
    <vendor>V</vendor>
    <derives-from id="http://mandriva.com/old/1"/>

    <firmware arch="x86_64" type="efi"/>

    <resources arch="all">
      <minimum><n-cpus>2</n-cpus><ram>1</ram></minimum>
    </resources>

    <media arch="x86_64">
      <iso><volume-id>D &amp;  12</volume-id><system-id>LINUX</system-id></iso>
      <url>http://m/d.iso</url>
    </media>
  </os>
</libosinfo>
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    for name, text in (("os/a/d.xml", DEBIAN), ("os/a/d.d/more.xml", MORE), ("rest.xml", OTHERS)):
        path = tmp_path / "db" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "db"


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.xml"))}


def test_facts_are_laid_out_and_words_left_behind(database: Path, tmp_path: Path) -> None:
    assert make_profiles.main([str(database), "--out", str(tmp_path / "out")]) == 0
    found = texts(tmp_path / "out")
    assert sorted(found) == ["datamap.xml", "device.xml", "os/debian.xml", "os/mandriva.xml"]
    assert found["os/debian.xml"] == EXPECTED
    assert "old/1" in found["os/mandriva.xml"]
    assert "old/2" not in found["os/mandriva.xml"]
    assert '<device id="http://d/1"><name>card</name><class>net</class></device>' in found["device.xml"]
    assert '<entry inval="a" outval="b"/>' in found["datamap.xml"]


def test_its_own_files_come_out_as_they_are(database: Path, tmp_path: Path) -> None:
    make_profiles.main([str(database), "--out", str(tmp_path / "one")])
    make_profiles.main([str(tmp_path / "one"), "--out", str(tmp_path / "two")])
    assert texts(tmp_path / "one") == texts(tmp_path / "two")


def test_a_parent_that_no_file_holds_is_named(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = database / "os/a/d.xml"
    path.write_text(path.read_text().replace("http://mandriva.com/old/1", "http://example.org/none/1"))
    assert make_profiles.main([str(database), "--out", str(tmp_path / "out")]) == 1
    assert "http://example.org/none/1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_empty_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_profiles.main([str(tmp_path)]) == 1
    assert "no operating systems" in capsys.readouterr().err


def test_tidying_the_bundled_profiles_changes_no_fact(tmp_path: Path) -> None:
    assert make_profiles.main([layers.bundled_dir(), "--out", str(tmp_path)]) == 0
    before, after = (load(layers.scan(root)[1]) for root in (layers.bundled_dir(), str(tmp_path)))
    assert sorted(before.systems) == sorted(after.systems)
    for name, system in before.systems.items():
        for slot in ("scalars", "short_ids", "derives", "devices", "needs", "firmware", "media", "trees", "images"):
            assert getattr(system, slot) == getattr(after.systems[name], slot), (name, slot)
    assert (before.devices, before.datamaps) == (after.devices, after.datamaps)
