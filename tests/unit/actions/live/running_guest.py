"""A running guest for tests, and the effects of a change on it."""

from __future__ import annotations

from typing import Any

from virtprov.actions.edit.changing.changes import REMOVE, ChangeResult, EditRequest, change
from virtprov.actions.live import compare
from virtprov.actions.live.effects import Live
from virtprov.guest.document import Guest
from virtprov.guest.write import gather
from virtprov.guest.write.select import Selector

RUNNING = """<domain type='kvm' id='3'>
  <name>web</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01</uuid>
  <memory unit='KiB'>2097152</memory><currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <cputune><shares>512</shares><vcpupin vcpu='0' cpuset='1'/></cputune>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/web.qcow2' index='3'/>
      <backingStore/><target dev='vda' bus='virtio'/><alias name='virtio-disk0'/></disk>
    <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/srv/a.iso' index='2'/>
      <backingStore/><target dev='sda' bus='sata'/><readonly/><alias name='sata0-0-0'/></disk>
    <interface type='network'><mac address='52:54:00:11:22:33'/><source network='default' portid='x' bridge='virbr0'/>
      <target dev='vnet0'/><model type='virtio'/><alias name='net0'/></interface>
    <serial type='pty'><target type='isa-serial' port='0'/><alias name='serial0'/></serial>
    <console type='pty'><target type='serial' port='0'/><alias name='serial0'/></console>
    <graphics type='vnc' port='5900' autoport='yes' passwd='old'/>
    <memballoon model='virtio'><alias name='balloon0'/></memballoon>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend><alias name='rng0'/></rng>
  </devices>
</domain>
"""


def changed(guest: Guest, action: str, group: str, text: str, which: str = "") -> ChangeResult:
    if action == REMOVE:
        return change(EditRequest(action, group, (), Selector(text)), guest, None)
    uses = tuple(gather.group_uses(group, [text])[0])
    return change(EditRequest(action, group, uses, Selector(which)), guest, None)


def look(guest: Guest, action: str, group: str, text: str, which: str = "", **named: Any) -> Live:
    after = changed(guest, action, group, text, which)
    return compare.effects(guest, after.guest, after.pairs(), **named)


def rows(found: Live) -> list[tuple[str, str]]:
    return [(row.what, row.when) for row in found.rows]


def calls(found: Live) -> list[tuple[Any, ...]]:
    return [(op.call.method.__name__, *op.call.values) for op in found.ops]


def backs(found: Live) -> list[tuple[Any, ...] | None]:
    return [None if op.back is None else (op.back.method.__name__, *op.back.values) for op in found.ops]
