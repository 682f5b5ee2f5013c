"""`--metadata` (names and ids of the guest) and `--sysinfo` (its SMBIOS data)."""

from __future__ import annotations

from virtprov.options.model import FLAG, Pair, Row, Table

MODES = ("host", "emulate")
"""Words instead of a type: SMBIOS comes from the host, or from the emulator, and no document is written."""


def expand_metadata(pairs: list[Pair]) -> list[Pair]:
    """Remove `genid_enable=yes` if `genid` is given, which implies it."""
    if any(key == "genid" and value for key, value in pairs):
        return [pair for pair in pairs if pair[0] != "genid_enable"]
    return pairs


def expand_sysinfo(pairs: list[Pair]) -> list[Pair]:
    """Set the type smbios if none is given, and let the guest use it (verb `smbios.mode`).

    Entries without a table belong to fwcfg.
    """
    types = [value for key, value in pairs if key == "type"]
    if types and types[-1] in MODES:
        return [("smbios.mode", types[-1]), *(pair for pair in pairs if pair[0] != "type")]
    result = sorted(pairs, key=_place)
    if not types and pairs:
        result.insert(0, ("type", "fwcfg" if all(key.startswith("entry") for key, _ in pairs) else "smbios"))
    if any(pair == ("type", "smbios") for pair in result):
        result.append(("smbios.mode", "sysinfo"))
    return result


_PRINTED = (
    "vendor", "manufacturer", "product", "version", "date", "release", "serial", "uuid", "asset", "location", "sku",
    "family",
)  # fmt: skip
"""The entries of each table in the order in which libvirt prints them."""


def _place(pair: Pair) -> int:
    name = pair[0].replace("_", ".").rpartition(".")[2]
    return _PRINTED.index(name) if name in _PRINTED else len(_PRINTED)


def _entries(part: str, *names: str, old: bool = True) -> tuple[Row, ...]:
    return tuple(
        Row(f"{part}.{name}", f"./{part}/entry[@name='{name}']", old=(f"{part}_{name}",) if old else ())
        for name in names
    )


TABLES = (
    Table(
        "metadata",
        ".",
        (
            Row("name", "./name", commas=True),
            Row("uuid", "./uuid"),
            Row("genid", "./genid"),
            Row("genid_enable", "./genid", FLAG),
            Row("title", "./title", commas=True),
            Row("description", "./description", commas=True),
            Row("os_name"),
            Row("os_full_id"),
        ),
        expand=expand_metadata,
    ),
    Table(
        "sysinfo",
        "./sysinfo",
        (
            Row("type", "./@type", values=("smbios", "fwcfg", *MODES)),
            Row("smbios.mode", values=("emulate", "host", "sysinfo")),
            *_entries("bios", "vendor", "version", "date", "release"),
            *_entries("system", "manufacturer", "product", "version", "serial", "uuid", "sku", "family"),
            *_entries("baseBoard", "manufacturer", "product", "version", "serial", "asset", "location"),
            *_entries("chassis", "manufacturer", "version", "serial", "asset", "sku", old=False),
            Row("oemStrings.entry[0-9]*", "./oemStrings/entry[#]", commas=True),
            Row("entry[0-9]*", "./entry[#]", commas=True),
            Row("entry[0-9]*.name", "./entry[#]/@name"),
            Row("entry[0-9]*.file", "./entry[#]/@file"),
        ),
        first=("type",),
        many=True,
        expand=expand_sysinfo,
    ),
)
