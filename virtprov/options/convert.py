"""The sub-options of `--convert-to-q35` and `--convert-to-vnc`; guest/edits/convert.py does the conversion."""

from __future__ import annotations

from virtprov.options.model import INT, Pair, Row, Table, truth


def _expand_q35(pairs: list[Pair]) -> list[Pair]:
    return [(key, INT.parse(value, f"--convert-to-q35 {key}") if value else value) for key, value in pairs]


def _expand_vnc(pairs: list[Pair]) -> list[Pair]:
    return [
        (key, ("yes" if truth(value, f"--convert-to-vnc {key}") else "no") if value else value) for key, value in pairs
    ]


TABLES = (
    Table("convert-to-q35", "", (Row("num_pcie_root_ports"),), expand=_expand_q35, xml=False),
    Table("convert-to-vnc", "", (Row("qemu-vdagent", values=("yes", "no")),), expand=_expand_vnc, xml=False),
)
