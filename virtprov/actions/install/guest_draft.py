"""What is drafted for a new guest, between the request and the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.os_source.first_boot import Drive
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.install.os_source.image_disk import ImagePlan
    from virtprov.actions.run.plan import Step
    from virtprov.guest.disks.existing import DetectedImage
    from virtprov.guest.disks.new.volumes import Making
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.guest.write.compose import NewDevice
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


class GuestDraft(Record):
    """The guest after options and defaults, before it is split into installation phases.

    `fixed` are the network interfaces with a fixed address, `reserving` the steps that reserve addresses.
    """

    setting: RuleContext
    makings: tuple[Making, ...]
    given_macs: tuple[str, ...]
    given_disks: tuple[Element, ...]
    host: Host
    told: tuple[DetectedImage, ...] = ()
    drive: Drive = Drive()
    image: ImagePlan | None = None
    fixed: tuple[NewDevice, ...] = ()
    reserving: tuple[Step, ...] = ()
