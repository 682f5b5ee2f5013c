"""The graph made of a schema, and its file in the cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from virtprov.xml.schema import builder, dotted_names, schema_files
from virtprov.xml.schema.graph import Graph


def test_what_may_stand_where(graph: Graph) -> None:
    disk = dotted_names.state_at(graph, "./devices/disk")
    assert graph.attributes(disk) == ["device"]
    assert graph.children(disk) == ["source", "backingStore", "driver", "readonly"]
    assert graph.attribute(graph.child(disk, "driver"), "cache") == [{"words": ["none", "writeback"]}]


def test_a_definition_is_completed_by_the_file_that_includes_it(graph: Graph) -> None:
    source = dotted_names.state_at(graph, "./devices/disk/source")
    assert graph.attribute(source, "startupPolicy") == [{"words": ["optional", "mandatory"]}]


def test_what_can_never_be_is_left_out(graph: Graph) -> None:
    assert graph.child(dotted_names.state_at(graph, "./devices/disk"), "privateData") == ()


def test_recursion_has_no_end(graph: Graph) -> None:
    deep = dotted_names.state_at(graph, "./devices/disk" + "/backingStore" * 9 + "/source")
    assert "file" in graph.attributes(deep)


def test_one_name_means_all_its_patterns(graph: Graph) -> None:
    source = dotted_names.state_at(graph, "./devices/interface/source")
    assert len(source) == 2
    assert set(graph.attributes(source)) == {"bridge", "network", "portgroup"}


def test_conditions_tell_branches_apart(graph: Graph) -> None:
    (interface,) = dotted_names.state_at(graph, "./devices/interface")
    assert [when for _, when in graph.occurrences(interface, "kids", "script")] == [{"type": ["bridge"]}]
    assert [when for _, when in graph.occurrences(interface, "attributes", "type")] == [{}, {}, {}]
    assert ("source", {"type": ["bridge"]}) in graph.needs(interface)
    assert ("@type", {}) in graph.needs(interface)


def test_how_many(graph: Graph) -> None:
    interface = dotted_names.state_at(graph, "./devices/interface")
    assert graph.many(interface, "ip")
    assert not graph.many(interface, "source")


def test_namespaces_are_inherited_and_get_prefixes(graph: Graph) -> None:
    assert graph.attributes(dotted_names.state_at(graph, "./qemu:commandline/qemu:arg")) == ["value"]


def test_metadata_take_anything(graph: Graph) -> None:
    assert graph.open(dotted_names.state_at(graph, "./metadata"))
    assert not graph.open(dotted_names.state_at(graph, "./devices"))


def test_the_kept_graph_is_used(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (kept,) = (tmp_path / "cache" / "virtprov").iterdir()
    assert kept.name.startswith("schema-")

    def fail(folder: str) -> dict[str, object]:
        raise AssertionError("the schema is read again")

    monkeypatch.setattr(schema_files, "_graphs", {})
    monkeypatch.setattr(builder, "build", fail)
    again = schema_files.load()
    assert again is not None
    assert again.attributes(again.start()) == ["type"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"stamp": 3}', b"\xff\xfe"])
def test_a_damaged_file_is_made_anew(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    (kept,) = (tmp_path / "cache" / "virtprov").iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(content)
    monkeypatch.setattr(schema_files, "_graphs", {})
    assert schema_files.load() is not None
    assert kept.read_bytes() == whole


def test_another_schema_is_not_taken_for_the_kept_one(
    schema_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "schema"
    shutil.copytree(schema_folder, mine)
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", str(mine))
    assert schema_files.load() is not None
    text = (mine / "parts.rng").read_text(encoding="utf-8").replace('"queues"', '"queuez"')
    (mine / "parts.rng").write_text(text, encoding="utf-8")
    os.utime(mine / "parts.rng", (1, 1))
    monkeypatch.setattr(schema_files, "_graphs", {})
    changed = schema_files.load()
    assert changed is not None
    assert "queuez" in changed.attributes(dotted_names.state_at(changed, "./devices/disk/driver"))


def test_without_a_place_for_the_cache(schema_folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert schema_files.load() is not None


@pytest.mark.parametrize("where", ["", "/nowhere"])
def test_without_a_schema(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTPROV_SCHEMA_DIR", where)
    monkeypatch.setattr(schema_files, "_graphs", {})
    assert schema_files.folder() == ""
    assert schema_files.load() is None


def test_a_broken_schema_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "domain.rng").write_text('<grammar><include href="gone.rng"/></grammar>', encoding="utf-8")
    monkeypatch.setattr(schema_files, "_graphs", {})
    assert schema_files.load(str(tmp_path)) is None


def test_the_share_folders_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTPROV_SCHEMA_DIR", raising=False)
    monkeypatch.setenv("XDG_DATA_DIRS", f"{tmp_path}/none:{tmp_path}/share")
    there = tmp_path / "share" / "libvirt" / "schemas"
    there.mkdir(parents=True)
    (there / "domain.rng").write_text("<grammar/>", encoding="utf-8")
    assert schema_files.folder() == str(there)


# -- the example in the builder's docstrings -----------------------------------------------------

SOURCE = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0"><start><element name="source"><choice>
  <group><attribute name="type"><value>file</value></attribute><attribute name="path"/></group>
  <group>
    <attribute name="type"><value>dir</value></attribute><optional><attribute name="ro"/></optional>
    <element name="target"><empty/></element>
  </group>
</choice></element></start></grammar>
"""


def test_example_of_a_choice(tmp_path: Path) -> None:
    (tmp_path / "domain.rng").write_text(SOURCE)
    made = builder.build(str(tmp_path))
    (source, _) = made["patterns"]
    assert [made["types"][number] for number, _ in source["attributes"]["type"]] == [
        {"words": ["file"]},
        {"words": ["dir"]},
    ]
    assert [when for _, when in source["attributes"]["path"]] == [{"type": ["file"]}]
    assert [when for _, when in source["attributes"]["ro"]] == [{"type": ["dir"]}]
    assert [when for _, when in source["kids"]["target"]] == [{"type": ["dir"]}]
    assert source["needs"] == [["@type", {}], ["@path", {"type": ["file"]}], ["target", {"type": ["dir"]}]]
