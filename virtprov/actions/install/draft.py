"""Draft a new guest: its XML from the options of a request and the defaults. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install import peeking
from virtprov.actions.install.guest_draft import GuestDraft
from virtprov.actions.install.os_source import first_boot, phases
from virtprov.actions.install.os_source.first_boot import Drive
from virtprov.actions.install.os_source.which_system import System, check_osinfo
from virtprov.actions.request import InstallRequest
from virtprov.guest import checks, defaults, names
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.document import Guest
from virtprov.guest.machine import platform, resources
from virtprov.guest.machine.platform import Platform
from virtprov.guest.network import publish
from virtprov.guest.rules.rule_context import UNWATCHED, RuleContext, Watch
from virtprov.guest.write import compose
from virtprov.guest.write.compose import NewDevice
from virtprov.support.errors import UsageError
from virtprov.support.notation.units import GIB
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.install.os_source.image_disk import ImagePlan
    from virtprov.actions.run.plan import Step
    from virtprov.guest.disks.existing import DetectedImage
    from virtprov.guest.disks.new.volumes import Making
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile

_EARLY = ("boot", "metadata")
"""Groups that can set the platform or the name of the guest; they are read before all others."""
_LAST = "xml"
"""This group is applied last, on top of all other options and default rules."""


def draft(request: InstallRequest, host: Host, system: System, watch: Watch = UNWATCHED) -> GuestDraft:
    """Write the options into a new XML document and fill in the defaults."""
    drafting = _Drafting(request, host, system, watch)
    watch.begin(drafting.guest)
    for name, stage in drafting.stages():
        stage()
        if name:
            watch.step(name)
    return drafting.drafted()


class _Drafting:
    """A guest in the making."""

    def __init__(self, request: InstallRequest, host: Host, system: System, watch: Watch) -> None:
        self.request, self.host, self.system, self.watch = request, host, system, watch
        self.guest = Guest.new("")
        facts = system.image_facts
        self.setting = RuleContext(self.guest, host, system.profile, refused=request.refused, image=facts)
        self.devices: list[NewDevice] = []
        self.disks: list[tuple[Element, DiskSpec]] = []
        self.makings: tuple[Making, ...] = ()
        self.given_macs: tuple[str, ...] = ()
        self.chosen: set[str] = set()
        self.told: tuple[DetectedImage, ...] = ()
        self.drive = Drive()
        self.image: ImagePlan | None = None
        self.reserving: tuple[Step, ...] = ()

    def stages(self) -> tuple[tuple[str, Callable[[], object]], ...]:
        """All that is done, in order; each stage builds on those before it.

        The watch hears of a stage by its name, by which `--explain` knows its reason; those without one tell it
        themselves who writes what.
        """
        request, setting, watch = self.request, self.setting, self.watch
        return (
            ("", self._write_early),
            ("platform", self._settle_platform),
            ("", lambda: check_osinfo(request, setting.guest, setting.profile)),
            ("name", lambda: _settle_name(setting, request)),
            ("uuid", lambda: _settle_uuid(setting, request)),
            ("osinfo", lambda: _settle_osinfo(setting)),
            ("", self._write_late),
            ("memory", lambda: _require(request, setting)),
            ("disk", self._take_disks),
            ("install-medium", self._add_medium),
            ("", self._resolve_disks),
            ("vcpus", lambda: resources.set_vcpus(setting)),
            ("cpu-topology", lambda: resources.fill_topology(setting)),
            ("", self._settle_host_devices),
            ("", lambda: defaults.apply(setting, watch)),
            ("", lambda: defaults.check_image(setting)),
            ("publish", lambda: publish.apply(setting, request.publish)),
            ("reservation", self._reserve),
            ("", lambda: self._write(lambda group: group == _LAST)),
        )

    def drafted(self) -> GuestDraft:
        """What came of all stages."""
        disks = [device.element for device in self.devices if device.use.disk is not None]
        given = tuple(disk for disk in disks if DiskSource.of(disk).location not in self.chosen)
        fixed = tuple(device for device in self.devices if device.use.fixed is not None)
        makings, told, drive = self.makings, self.told, self.drive
        return GuestDraft(
            self.setting, makings, self.given_macs, given, self.host, told, drive, self.image, fixed, self.reserving
        )

    def _write(self, is_meant: Callable[[str], bool]) -> list[NewDevice]:
        """Write the uses of some groups, on top of what is chosen already."""
        uses = [use for use in self.request.uses if is_meant(use.group)]
        devices, choices = compose.write_all(self.guest, uses, self.watch)
        self.setting.choices = choices.over(self.setting.choices)
        return devices

    def _write_early(self) -> None:
        self._write(lambda group: group in _EARLY)

    def _write_late(self) -> None:
        self.devices = self._write(lambda group: group not in (*_EARLY, _LAST))
        if any(use.group == "network" for use in self.request.uses):
            self.given_macs = tuple(checks.mac_addresses(self.guest))

    def _settle_platform(self) -> None:
        chosen = _settle_platform(self.guest, self.request, self.host, self.setting.profile)
        self.setting.machine_features = chosen.features
        _advise(self.setting, chosen)

    def _take_disks(self) -> None:
        """The disks that are asked for; without any, a new one where the profile says how big."""
        guest, setting = self.guest, self.setting
        self.disks = [(each.element, each.use.disk) for each in self.devices if each.use.disk is not None]
        advised = _advised_gib(setting)
        if self.system.image is not None:
            self._take_image(advised)
        elif not self.disks and not setting.is_refused("disk") and not guest.is_container and advised is not None:
            self.disks = [(guest.add_device("disk", device="disk"), DiskSpec(size=advised))]
            setting.note(f"Using {setting.profile.short_id} default --disk size={advised:g}")

    def _take_image(self, advised: float | None) -> None:
        """Let the first disk have the image; without any disk, add one with the size that the profile recommends."""
        from virtprov.actions.install.os_source.image_disk import plan_image

        least = 0.0
        if not self.disks:
            self.disks, least = [(self.guest.add_device("disk", device="disk"), DiskSpec())], advised or 0.0
        (element, spec), *others = self.disks
        self.image = plan_image(self.request, self.system, self.host, spec, least)
        self.disks = [(element, spec._replace(base=self.image.base)), *others]
        self.setting.note(self.image.sentence)

    def _add_medium(self) -> None:
        """Add the drive of the installer; a medium that the host does not have yet is not resolved."""
        medium = self.request.method.medium or (self.system.source.medium if self.system.source is not None else None)
        if medium is None:
            return
        keep = self.request.method.live or self.setting.profile.is_windows
        ask = self.request.checks.host and not self.request.printing
        self.drive = first_boot.plan_medium(medium, self.setting, self.host, keep=keep, ask=ask)
        element = _add_medium(self.guest)
        if self.drive.spec is not None:
            self.disks.append((element, self.drive.spec))
        else:
            first_boot.insert_file(element, self.drive.path, qemu=self.setting.is_qemu)

    def _resolve_disks(self) -> None:
        """Give every disk its source."""
        if self.disks:
            self._resolve()
        self.watch.detail()

    def _resolve(self) -> None:
        from virtprov.guest.disks.locate import DiskResolver

        setting = self.setting
        resolver = DiskResolver(
            setting.host,
            self.guest.name,
            qemu=setting.is_qemu,
            advised_gib=_advised_gib(setting),
            check_space=self.request.checks.disk_size,
            pool_create=self.request.checks.pool_create or self.request.directory_pools,
            pool_existing=self.request.directory_pools,
            must_exist=self.request.checks.path_exists,
            peek=peeking.peek(self.request, self.host),
        )
        self.makings = tuple(resolver.resolve(element, spec) for element, spec in self.disks)
        setting.notes.extend(resolver.notes)
        setting.warnings.extend(resolver.warnings)
        self.chosen, self.told = resolver.generated_names, resolver.detected_images

    def _reserve(self) -> None:
        if any(device.use.group == "network" and device.use.said.verbs for device in self.devices):
            from virtprov.actions.install import reserving

            self.reserving = reserving.plan(self.request, self.guest, self.devices, self.host)

    def _settle_host_devices(self) -> None:
        named = [device for device in self.devices if device.use.host_device]
        if named:
            from virtprov.guest.write import hostdev

            for device in named:
                hostdev.settle(device.use.group, device.element, device.use.host_device, self.host)
        self.watch.detail()


def _advise(setting: RuleContext, chosen: Platform) -> None:
    """Report settings that make the guest slow."""
    if chosen.slow:
        setting.warn(f"the host does not offer KVM for {chosen.arch} guests: this guest is emulated, which is slow")
    if setting.profile.is_generic and setting.guest.is_hvm:
        setting.warn(
            "the guest is configured for any operating system, so it may be slow; give --osinfo NAME for better "
            "defaults"
        )


def _settle_platform(guest: Guest, request: InstallRequest, host: Host, profile: Profile) -> Platform:
    asked = platform.PlatformRequest(
        request.os_type or guest.os_type,
        request.arch or guest.arch,
        request.domain_type or guest.domain_type,
        request.machine or guest.machine,
        guest.get("./devices/emulator"),
    )
    chosen = platform.choose(host, asked, profile)
    guest.root.set("type", chosen.domain_type)
    guest.put("./os/type", chosen.os_type)
    guest.put("./os/type/@arch", chosen.arch)
    guest.put("./os/type/@machine", chosen.machine or None)
    if chosen.emulator:
        guest.put("./devices/emulator", chosen.emulator)
    if chosen.loader and chosen.os_type == "hvm" and host.driver == "xen" and not guest.has("./os/loader"):
        guest.put("./os/loader", chosen.loader)
    return chosen


def _settle_name(setting: RuleContext, request: InstallRequest) -> None:
    guest, host, profile = setting.guest, setting.host, setting.profile
    if request.name:
        names.check_name(request.name)
        guest.put("./name", guest.name or request.name)  # --metadata name= wins, as in virt-install
    if not guest.name:
        name = names.default_name(
            profile.short_id,
            guest.arch,
            setting.capabilities.host_arch,
            guest.is_container,
            lambda word: host.guests.find(word) is not None,
        )
        setting.note(f"Using default --name {name}")
        guest.put("./name", name)
    names.check_name(guest.name)


def _settle_uuid(setting: RuleContext, request: InstallRequest) -> None:
    guest = setting.guest
    if not guest.uuid:
        guest.put("./uuid", _firmware_uuid(request) or names.new_uuid())
    names.check_uuid(guest.uuid)


def _settle_osinfo(setting: RuleContext) -> None:
    guest, profile = setting.guest, setting.profile
    if profile.os_id and not guest.has("./metadata/libosinfo:libosinfo"):
        guest.put("./metadata/libosinfo:libosinfo/libosinfo:os/@id", profile.os_id)


def _firmware_uuid(request: InstallRequest) -> str:
    """Return the UUID given with `--sysinfo system.uuid=`: libvirt requires the guest's UUID to be the same."""
    places = [place for use in request.uses if use.group == "sysinfo" for place in use.said.places]
    return next((place.text or "" for place in places if place.name == "system.uuid"), "")


def _require(request: InstallRequest, setting: RuleContext) -> None:
    """Raise UsageError with a list of all missing options."""
    guest = setting.guest
    missing = {}
    if not resources.set_memory(setting):
        missing["--memory MIB, the memory size of the guest"] = "for example --memory 2048"
    if not guest.is_container:
        has_size = request.image is not None or _advised_gib(setting) is not None
        if not guest.disks() and not setting.is_refused("disk") and not has_size:
            missing["--disk, where to store the guest's data (--disk none for a guest without disks)"] = (
                "for example --disk size=20"
            )
        if not phases.is_given(request, guest):
            words = "--image NAME, --location URL, --cdrom ISO, --pxe, --import or --boot hd|cdrom|..."
            missing[f"how to install the operating system: {words}"] = (
                "--image boots a cloud image by its name, --import boots a disk with an installed system"
            )
    if missing:
        raise UsageError("missing: " + "; ".join(missing), hint=list(missing.values())[-1])


def _advised_gib(setting: RuleContext) -> float | None:
    storage = setting.profile.resources(setting.guest.arch).advised.storage
    return storage / GIB if storage else None


def _add_medium(guest: Guest) -> Element:
    """Add the CD of the installer before all other CDs, so that the guest boots from it."""
    drive = tree.element("disk", None, {"device": "cdrom"})
    others = guest.disks("cdrom")
    box = guest.ensure("./devices")
    tree.add(box, drive, box.index(others[0]) if others else None)
    return drive
