"""The table of sub-options that an old libvirt drops."""

from __future__ import annotations

from virtprov.guest.write import gather, schema_rows
from virtprov.options.catalogue import GROUPS, table
from virtprov.options.newer import NEWER
from virtprov.xml.schema import schema_files

UNLISTED = {"filesystem": ("source.pool", "source.volume"), "smartcard": ("alias.name",)}
"""What libvirt knows although its schema does not list it (tried with 9.0)."""


def test_every_sub_option_that_the_installed_libvirt_does_not_know_is_in_the_table() -> None:
    graph = schema_files.load()
    assert graph is not None
    missing = []
    for group in GROUPS:
        rows = table(group)
        for row in rows.rows if rows.xml else ():
            places = {row.path, *(row.by_type or {}).values()} - {""}
            full = [f"{rows.at}/{place.removeprefix('./')}" if rows.many else place for place in places]
            listed = row.name in (*NEWER.get(group, ()), *UNLISTED.get(group, ()))
            if full and not listed and not any(schema_rows.is_known(graph, place) for place in full):
                missing.append((group, row.name))
    assert missing == []


def test_every_entry_is_a_sub_option() -> None:
    for group, listed in (*NEWER.items(), *UNLISTED.items()):
        known = list(table(group).names())
        assert [name for name in listed if name not in known] == [], group


def test_what_the_schema_knows_is_no_warning() -> None:
    graph = schema_files.load()
    assert graph is not None
    uses, _ = gather.group_uses("boot", ["shim=/x,kernel=/y"])
    dropped = [warning.message for warning in uses[0].said.schema_warnings if warning.is_dropped]
    assert dropped == ([] if schema_rows.is_known(graph, "./os/shim") else ["--boot shim"])
