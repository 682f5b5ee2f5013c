"""A request and a host -> a plan, and the plan carried out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.install import install_plan
from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.request import Checks, InstallRequest
from virtprov.actions.run.plan import RunContext, apply
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Create, Define
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.guest.boot import CDROM, IMPORT, KERNEL, PXE, Method
from virtprov.guest.document import Guest
from virtprov.guest.write import gather
from virtprov.guest.write.use import Use
from virtprov.host.connection import Host, connect
from virtprov.osinfo.os_request import OsinfoRequest
from virtprov.places.place import Medium
from virtprov.support.errors import HostError, ProvError, UsageError
from virtprov.xml import path as places

Around = Callable[[Any], RunContext]
Look = Callable[[Host], dict[str, list[str]]]

DEBIAN, GENERIC = OsinfoRequest("debian12"), OsinfoRequest("generic")
IMPORTED = Method(IMPORT)
ON_BASE = "backing_store=/srv/images/base.qcow2"


def asked(
    *words: str, name: str = "g", osinfo: OsinfoRequest = DEBIAN, method: Method = IMPORTED, **more: Any
) -> InstallRequest:
    """A request with these uses of option groups: asked("disk size=1", "network none")."""
    uses: list[Use] = []
    refused: set[str] = set()
    for each in words:
        group, _, text = each.partition(" ")
        found, is_refused = gather.group_uses(group, [text])
        uses += found
        if is_refused:
            refused.add(group)
    return InstallRequest(tuple(uses), frozenset(refused), name=name, osinfo=osinfo, method=method, **more)


def labels(made: InstallPlan) -> list[str]:
    return [step.label for step in made.plan.steps]


def final(made: InstallPlan) -> Guest:
    return Guest.parse(made.plan.documents[-1])


# -- what is planned ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "planned"),
    [
        (asked("disk none"), ["Defining guest 'g'", "Starting guest 'g'"]),
        (
            asked("disk size=1"),
            [
                "Creating storage pool 'default'",
                "Creating volume g.qcow2",
                "Defining guest 'g'",
                "Starting guest 'g'",
            ],
        ),
        (
            asked("disk pool=images,size=1", "disk pool=images,size=2"),
            [
                "Creating volume g.qcow2",
                "Creating volume g-1.qcow2",
                "Defining guest 'g'",
                "Starting guest 'g'",
            ],
        ),
        (asked("disk none", transient=True), ["Starting guest 'g'"]),
        (
            asked("disk none", autostart=True),
            ["Defining guest 'g'", "Starting guest 'g'", "Enabling autostart of 'g'"],
        ),
        (
            asked(f"disk pool=images,{ON_BASE}", seed=SeedRequest(disable=True)),
            [
                "Creating volume g.qcow2",
                "Writing cloud-init seed g-seed.iso",
                "Defining guest 'g'",
                "Starting guest 'g'",
            ],
        ),
        (
            asked(f"disk {ON_BASE}", seed=SeedRequest(disable=True)),
            [
                "Creating storage pool 'default'",  # once, for both
                "Creating volume g.qcow2",
                "Writing cloud-init seed g-seed.iso",
                "Defining guest 'g'",
                "Starting guest 'g'",
            ],
        ),
        (
            asked(f"disk pool=images,{ON_BASE}", seed=SeedRequest(disable=True), transient=True),
            ["Creating volume g.qcow2", "Writing cloud-init seed g-seed.iso", "Starting guest 'g'"],
        ),
        (asked("disk none", printing=True), []),
        (asked(f"disk {ON_BASE}", printing=True), []),
        (
            asked(f"disk {ON_BASE}", seed=SeedRequest(disable=True), printing=True, stores=True),
            ["Creating storage pool 'default'", "Creating volume g.qcow2"],
        ),
    ],
)
def test_steps(request_: InstallRequest, planned: list[str], recorded: Host) -> None:
    assert labels(install_plan.plan(request_, recorded)) == planned


@pytest.mark.parametrize(
    ("method", "kinds"),
    [
        (IMPORTED, ("Define", "Start")),
        (Method(PXE), ("Define", "Create")),  # the first boot is another one than the later ones
        (Method(KERNEL, kernel="/k"), ("Define", "Create")),
    ],
)
def test_how_it_is_started(method: Method, kinds: tuple[str, ...], recorded: Host) -> None:
    made = install_plan.plan(asked("disk none", method=method), recorded)
    assert tuple(type(step).__name__ for step in made.plan.steps) == kinds
    assert len(made.plan.documents) == (2 if method.has_install_phase else 1)


def test_a_guest_with_a_seed_has_no_more_metadata_than_with_virt_install(recorded: Host) -> None:
    disk = f"disk pool=images,bus=virtio,{ON_BASE}"
    made = install_plan.plan(asked("memory 64", disk, osinfo=GENERIC, seed=SeedRequest(keep="yes")), recorded)
    assert "virtprov" not in final(made).text()


def test_a_guest_with_a_seed_boots_another_document_than_it_keeps(recorded: Host) -> None:
    made = install_plan.plan(asked(f"disk pool=images,{ON_BASE}", seed=SeedRequest(disable=True)), recorded)
    define, create = made.plan.steps[-2:]
    assert isinstance(define, Define) and isinstance(create, Create)
    assert "g-seed.iso" in create.document.text and "g-seed.iso" not in define.document.text
    assert made.plan.documents == (define.document.text,)


def test_a_seed_beside_an_installer_is_part_of_both_phases(recorded: Host, tmp_path: Path) -> None:
    (tmp_path / "cd.iso").write_bytes(b"\0" * 40000)
    method = Method(CDROM, Medium(str(tmp_path / "cd.iso")))
    made = install_plan.plan(asked("disk pool=images,size=1", method=method, seed=SeedRequest(disable=True)), recorded)
    first, last = (Guest.parse(text) for text in made.plan.documents)
    sources = [[places.text(drive, "./source/@file") for drive in each.disks("cdrom")] for each in (first, last)]
    assert sources == [[str(tmp_path / "cd.iso"), "/srv/images/g-seed.iso"], ["", ""]]
    assert first.get("./on_reboot") == "destroy" and not last.has("./on_reboot")


def test_what_must_be_known_afterwards(recorded: Host) -> None:
    made = install_plan.plan(asked("disk none", "network user", "network bridge=br0", "graphics vnc"), recorded)
    guest = final(made)
    assert (made.plan.name, made.uuid) == ("g", guest.uuid)
    assert made.macs == tuple(places.text(nic, "./mac/@address") for nic in guest.devices("interface"))
    assert made.displays == ("vnc",)


def test_windows_keeps_its_cd(recorded: Host, tmp_path: Path) -> None:
    (tmp_path / "cd.iso").write_bytes(b"\0" * 40000)
    method = Method(CDROM, Medium(str(tmp_path / "cd.iso")))
    made = install_plan.plan(asked("disk none", osinfo=OsinfoRequest("win10"), method=method), recorded)
    assert places.text(final(made).disks("cdrom")[0], "./source/@file") == str(tmp_path / "cd.iso")


# -- what options and profile leave in the document -------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "where", "value"),
    [
        (asked("disk none"), "./name", "g"),
        (asked("disk none", name=""), "./name", "debian12"),
        (asked("disk none", "metadata name=x", name=""), "./name", "x"),
        (asked("disk none"), "./memory", "2097152"),
        (asked("disk none", "memory 512"), "./currentMemory", "524288"),
        (asked("disk none", "vcpus 3"), "./vcpu", "3"),
        (asked("disk none", "vcpus sockets=2,cores=2"), "./vcpu", "4"),
        (asked("disk none", "boot machine=pc"), "./os/type/@machine", "pc"),
        (asked("disk none", machine="pc"), "./os/type/@machine", "pc"),
        (asked("disk none", arch="aarch64"), "./os/type/@arch", "aarch64"),
        (asked("disk none", domain_type="qemu"), "./devices/emulator", "/usr/bin/qemu-system-x86_64"),
        (asked("disk none", "boot emulator=/opt/qemu"), "./devices/emulator", "/opt/qemu"),
        (asked("disk none", "features acpi=off"), "./features/acpi", ""),
        (asked("disk none", "controller num_pcie_root_ports=0"), "./devices/controller[2]/@model", ""),
        (asked("disk none", "hostdev 00:1f.2"), "./devices/hostdev/source/address/@slot", "31"),
        (asked("disk none", "xml ./memory=5"), "./memory", "5"),
        (asked("disk none", "xml xpath.delete=./devices/rng"), "./devices/rng/@model", ""),
        (asked("disk none", "xml ./devices/rng/@model=mine"), "./devices/rng/@model", "mine"),
        (asked("disk none"), "./metadata/libosinfo:libosinfo/libosinfo:os/@id", "http://debian.org/debian/12"),
        (asked("disk none", "memory 64", osinfo=GENERIC), "./metadata/libosinfo:libosinfo/libosinfo:os/@id", ""),
    ],
)
def test_places(request_: InstallRequest, where: str, value: str, recorded: Host) -> None:
    assert final(install_plan.plan(request_, recorded)).get(where) == value


def test_without_a_disk_the_profile_says_how_large_one_is(recorded: Host) -> None:
    made = install_plan.plan(asked(), recorded)
    (volume,) = [step.volume for step in made.plan.steps if isinstance(step, storage.MakeVolume)]
    assert volume.capacity >= 10 * 1024**3
    assert any("default --disk size=" in note for note in made.plan.notes)


def test_defaults_are_told(recorded: Host) -> None:
    made = install_plan.plan(asked("disk none", name=""), recorded)
    assert "Using default --name debian12" in made.plan.notes
    assert "Using debian12 default --memory 2048" in made.plan.notes


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            asked("disk none", "memory 64", osinfo=GENERIC),
            (
                "the guest is configured for any operating system, so it may be slow; give --osinfo NAME for better "
                "defaults"
            ),
        ),
        (
            asked("disk none", arch="aarch64"),
            "the host does not offer KVM for aarch64 guests: this guest is emulated, which is slow",
        ),
        (asked("disk none", "memory 100"), "100 MiB of memory is less than the"),
        (
            asked("disk none", "network user", method=Method(PXE)),
            "the guest has no network to boot from: --pxe requires a bridge or a network with PXE",
        ),
        (
            asked("disk none", osinfo=OsinfoRequest("debian12", detect=True)),
            "the operating system cannot be detected from the media; using",
        ),
        (
            asked("disk none", seed=SeedRequest(user="joe")),
            "nobody can log in as 'joe': the user has neither a key (ssh-key=) nor a password",
        ),
    ],
)
def test_warnings(request_: InstallRequest, words: str, recorded: Host) -> None:
    assert words in " ".join(install_plan.plan(request_, recorded).plan.warnings)


def test_nothing_to_warn_of(recorded: Host) -> None:
    assert install_plan.plan(asked("disk none"), recorded).plan.warnings == ()


# -- the operating system ---------------------------------------------------------------------------


def iso(path: Path, label: str) -> Path:
    """An ISO with nothing but a volume descriptor."""
    descriptor = bytearray(2048)
    descriptor[:7] = b"\x01CD001\x01"
    descriptor[40:72] = label.encode().ljust(32)
    descriptor[80:88] = (20).to_bytes(4, "little") + (20).to_bytes(4, "big")
    descriptor[128:132] = (2048).to_bytes(2, "little") + (2048).to_bytes(2, "big")
    path.write_bytes(b"\0" * 32768 + bytes(descriptor) + b"\xffCD001\x01".ljust(2048, b"\0"))
    return path


def test_the_medium_tells_its_system(recorded: Host, tmp_path: Path) -> None:
    medium = iso(tmp_path / "cd.iso", "Fedora-WS-Live-38-1-6")
    detect = OsinfoRequest(detect=True, require=True)
    made = install_plan.plan(
        asked("disk none", osinfo=detect, method=Method(CDROM, Medium(str(medium))), name=""), recorded
    )
    assert final(made).name == "fedora38"
    assert made.plan.notes[0] == "Using --osinfo fedora38, detected from the media"


def test_a_medium_that_tells_nothing_is_refused(recorded: Host, tmp_path: Path) -> None:
    medium = iso(tmp_path / "cd.iso", "SOMETHING")
    detect = OsinfoRequest(detect=True, require=True)
    with pytest.raises(
        UsageError,
        match="the operating system is unknown: --osinfo is not given, and it cannot be detected from the media",
    ) as caught:
        install_plan.plan(asked("disk none", osinfo=detect, method=Method(CDROM, Medium(str(medium)))), recorded)
    assert "--osinfo NAME" in caught.value.hint


@pytest.mark.parametrize(
    ("disk", "method", "path"),
    [
        ("disk /no/such.img", IMPORTED, "/no/such.img"),
        ("disk none", Method(CDROM, Medium("/no/such.img")), "/no/such.img"),
        ("disk none", Method(CDROM, Medium("no-such.iso")), "no-such.iso"),
    ],
)
def test_a_missing_image_tells_nothing(recorded: Host, disk: str, method: Method, path: str) -> None:
    detect = OsinfoRequest(detect=True, require=True)
    with pytest.raises(UsageError, match=f"'{path}' does not exist on this machine"):
        install_plan.plan(asked(disk, osinfo=detect, method=method), recorded)


def test_nothing_is_required_of_a_generic_guest(recorded: Host) -> None:
    anything = OsinfoRequest(detect=True, require=False)
    assert final(install_plan.plan(asked("disk none", "memory 64", osinfo=anything), recorded)).name == "g"


# -- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "kind", "message"),
    [
        (asked("disk none", name="web"), HostError, "guest 'web' already exists on the host"),
        (asked("disk none", "network mac=52:54:00:11:22:33"), HostError, "is used by guest 'web'"),
        (asked("disk /srv/images/web.qcow2"), HostError, "in use by guest 'web'"),
        (asked("disk pool=images,size=300"), HostError, "can grow larger than pool 'images'"),
        (
            asked("disk none", "memory 64", osinfo=GENERIC, arch="mips"),
            HostError,
            "the host cannot run guests with architecture",
        ),
        (asked("disk none", machine="q36"), UsageError, "the host has no machine type 'q36' for such guests"),
        (asked("disk none", name="a/b"), UsageError, "contains a slash, which libvirt does not allow"),
        (asked("disk none", "metadata uuid=x"), UsageError, "'x' is not a UUID"),
        (asked("disk none", "network mac=x"), UsageError, "'x' is not a MAC address"),
        (asked("disk none", osinfo=OsinfoRequest("debain12")), UsageError, "unknown OS profile 'debain12'"),
        (asked("disk none", osinfo=GENERIC), UsageError, "missing: --memory MIB"),
        (asked("memory 64", osinfo=GENERIC), UsageError, "missing: --disk"),
        (asked(osinfo=GENERIC), UsageError, "missing: --memory MIB, the memory size of the guest; --disk"),
        (asked("disk none", method=Method()), UsageError, "how to install the operating system"),
        (asked("disk none", "launchSecurity sev"), UsageError, "requires a q35 machine with UEFI"),
    ],
)
def test_refusals(request_: InstallRequest, kind: type[ProvError], message: str, recorded: Host, listed: Look) -> None:
    before = listed(recorded)
    with pytest.raises(kind) as caught:
        install_plan.plan(request_, recorded)
    assert message in caught.value.message
    assert caught.value.hint
    assert listed(recorded) == before


@pytest.mark.parametrize("way", [{"dry": True}, {"printing": True}])
def test_a_guest_that_is_there_may_be_planned_anew(way: dict[str, Any], recorded: Host) -> None:
    made = install_plan.plan(asked("disk /srv/images/web.qcow2", name="web", **way), recorded)
    assert made.taken == "guest 'web' already exists on the host"
    with pytest.raises(HostError, match="in use by guest 'web'"):
        install_plan.plan(asked("disk /srv/images/web.qcow2", name="other", **way), recorded)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (Checks(mac_in_use=False), "network mac=52:54:00:11:22:33"),
        (Checks(path_in_use=False), "disk /srv/images/web.qcow2"),
        (Checks(disk_size=False), "disk pool=images,size=300"),
    ],
)
def test_checks_can_be_skipped(check: Checks, words: str, recorded: Host) -> None:
    more = () if words.startswith("disk") else ("disk none",)
    install_plan.plan(asked(words, *more, checks=check), recorded)


def test_a_guest_that_is_only_shown_may_leave_open_how_its_system_comes_in(recorded: Host) -> None:
    install_plan.plan(asked("disk none", method=Method(), printing=True), recorded)


def test_nothing_is_waited_for_where_nothing_runs(place: Host, recorded: Host) -> None:
    with pytest.raises(HostError, match="its guests never run"):
        install_plan.plan(asked("disk none", "memory 64", osinfo=GENERIC, wait=5), place)
    with pytest.raises(HostError, match="recorded host: its guests never run"):
        install_plan.plan(asked("disk none", wait=5), recorded)
    install_plan.plan(asked("disk none", wait=5, dry=True), recorded)
    install_plan.plan(asked("disk none", wait=5, printing=True), recorded)


def test_virtuozzo_has_no_transient_guests(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"uri": "vz:///"}')
    (tmp_path / "capabilities.xml").write_text(
        "<capabilities><host><cpu><arch>x86_64</arch></cpu></host><guest><os_type>exe</os_type>"
        "<arch name='x86_64'><domain type='vz'/></arch></guest></capabilities>"
    )
    with (
        connect(f"recorded://{tmp_path}") as host,
        pytest.raises(HostError, match="Virtuozzo keeps every guest that it starts, so a guest cannot be transient"),
    ):
        install_plan.plan(asked(osinfo=GENERIC, method=Method(), os_type="exe", transient=True), host)


# -- carried out ------------------------------------------------------------------------------------


def test_a_guest_is_made_on_the_test_driver(place: Host, context_of: Around, listed: Look) -> None:
    request = asked("disk pool=images,size=1", "memory 64", "network none", osinfo=GENERIC)
    apply(install_plan.plan(request, place).plan, context_of(place))
    after = listed(place)
    assert after == {"guests": ["g running", "web running"], "pool images": ["base.qcow2", "g.qcow2"]}
    guest = place.guests.find("g")
    assert guest is not None and guest.persistent


def test_a_transient_guest_is_not_defined(place: Host, context_of: Around) -> None:
    request = asked("disk none", "memory 64", osinfo=GENERIC, transient=True)
    apply(install_plan.plan(request, place).plan, context_of(place))
    guest = place.guests.find("g")
    assert guest is not None and guest.active and not guest.persistent


def test_an_installation_runs_its_first_phase_and_keeps_its_second(place: Host, context_of: Around) -> None:
    request = asked("disk none", "memory 64", osinfo=GENERIC, method=Method(PXE))
    apply(install_plan.plan(request, place).plan, context_of(place))
    assert "<on_reboot>destroy</on_reboot>" in place.guests.xml("g")
    assert "<on_reboot>destroy</on_reboot>" not in place.guests.xml("g", inactive=True)


class Failing(StandIn):
    """A host on which one call fails."""

    def __init__(self, host: Host, call: str) -> None:
        self.real, self.call = host, call

    def method_of(self, part: str, name: str) -> Any:
        if f"{part}.{name}" != self.call:
            return super().method_of(part, name)

        def fail(*words: Any, **settings: Any) -> None:
            raise HostError(f"{part}.{name} failed")

        return fail


@pytest.mark.parametrize(
    ("call", "method"),
    [
        ("storage.create_volume", IMPORTED),
        ("guests.define", IMPORTED),
        ("guests.start", IMPORTED),
        ("guests.create", Method(PXE)),
        ("guests.set_autostart", IMPORTED),
    ],
)
def test_a_failure_at_any_step_leaves_nothing_behind(
    call: str, method: Method, place: Host, context_of: Around, listed: Look
) -> None:
    words = ("disk size=1", "disk pool=images,size=1", "memory 64")
    request = asked(*words, osinfo=GENERIC, method=method, autostart=True)
    made = install_plan.plan(request, place)
    before = listed(place)
    with pytest.raises(HostError, match=f"{call} failed"):
        apply(made.plan, context_of(Failing(place, call)))
    assert listed(place) == before


def test_a_seed_that_cannot_be_written_leaves_nothing_behind(
    place: Host, context_of: Around, listed: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "virtprov").write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    request = asked(f"disk pool=images,{ON_BASE}", "memory 64", osinfo=GENERIC, seed=SeedRequest(disable=True))
    made = install_plan.plan(request, place)
    before = listed(place)
    with pytest.raises(ProvError, match=r"cannot write .*g-seed\.iso"):
        apply(made.plan, context_of(place))
    assert listed(place) == before


def test_planning_changes_nothing(recorded: Host, listed: Look) -> None:
    before = listed(recorded)
    install_plan.plan(asked(f"disk {ON_BASE}", seed=SeedRequest()), recorded)
    assert listed(recorded) == before
