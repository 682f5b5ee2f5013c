"""The identity inside a cloned guest: kept, or renewed at its first boot. Disks are never read for that."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.clone import credentials
from virtprov.actions.request import CloneRequest
from virtprov.actions.seed import copies, fw_cfg, login, replace
from virtprov.actions.seed.copies import CopySeed
from virtprov.actions.seed.login import Login
from virtprov.actions.steps.known_hosts import KeepHostKey
from virtprov.cloudinit.guest_words import WORDS, GuestWords
from virtprov.cloudinit.renewal import Renewal
from virtprov.cloudinit.seed_request import KEEP as KEEP_SEED
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.cloudinit.value_sources import Reader
from virtprov.guest.document import Guest
from virtprov.guest.marks import cloud_mark
from virtprov.guest.network import publish
from virtprov.osinfo.systemd import reads_credentials
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.support.text import host_name, join_words
from virtprov.xml import path

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Step
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile

NEW, KEEP = "new", "keep"
CLOUD_INIT, SYSTEMD = "cloud-init", "systemd"


class Inside(Record):
    """What happens to the identity inside a clone.

    `means` is CLOUD_INIT, SYSTEMD or "" (with KEEP). `first` is the guest at its first boot, `stays` its definition
    afterwards. `files` are the paths of credentials.
    """

    identity: str
    why: str
    first: Guest
    stays: Guest
    means: str = ""
    hostname: str = ""
    seed: CopySeed | None = None
    files: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    login: Login | None = None

    def facts(self) -> dict[str, object]:
        """Return the JSON output; docs/reference/json.md explains each key."""
        seed = self.seed
        return {
            "identity": self.identity,
            "why": self.why,
            "means": self.means or None,
            "hostname": self.hostname or None,
            "instance_id": seed.instance_id if seed is not None else None,
            "seed": seed.path if seed is not None else None,
            "credentials": list(self.files),
        }


def plan(request: CloneRequest, host: Host, source: Guest, guest: Guest, *, owned: bool, copied: bool) -> Inside:
    """Decide about the identity inside `guest`, the copy of `source`, which has its new name and addresses already.

    `owned` tells whether a disk of its own is among its disks, and `copied` whether one is a copy. Raises UsageError
    for a system that cannot be renewed, and the errors of `seed.copies`.
    """
    profile = replace.find_setting(source, host).profile
    identity, why = _choose(request, host, source, profile, owned)
    if identity == KEEP:
        _refuse_entry(request, guest.name)
        notes = (_note_kept(guest.name, profile),) if copied else ()
        return Inside(KEEP, why, guest, guest, notes=notes)
    if guest.is_container or profile.is_windows:
        what = "a container" if guest.is_container else profile.name
        raise UsageError(
            f"--identity new: the identity inside '{source.name}' ({what}) cannot be renewed from outside",
            hint="use --identity keep, and renew it in the guest, with sysprep for Windows",
        )
    if not request.cloud_init and not _has_cloud_init(source, profile) and reads_credentials(profile):
        _refuse_entry(request, guest.name)
        return _plan_credentials(request, host, guest, why)
    return _plan_seed(request, host, source, guest, profile, why)


def _choose(request: CloneRequest, host: Host, source: Guest, profile: Profile, owned: bool) -> tuple[str, str]:
    """Return NEW or KEEP, and why."""
    if request.identity:
        return request.identity, f"--identity {request.identity}"
    if request.seed is not None:
        return NEW, "--cloud-init, --hostname or --ssh-key"
    if not owned or source.is_container:
        return KEEP, "it has no disk of its own"
    if host.driver == "test":
        return KEEP, "nothing boots on this host"
    if replace.find_any_seeds(source, source.name) or cloud_mark.is_marked(source):
        return NEW, "the original has or had a cloud-init seed"
    if _has_cloud_init(source, profile):
        return NEW, f"images of {profile.name} have cloud-init"
    return KEEP, "nothing shows that the guest has cloud-init"


def _refuse_entry(request: CloneRequest, name: str) -> None:
    """Raise UsageError if a clone that gets no seed should get an entry in a configuration of ssh."""
    if request.ssh_config:
        raise UsageError(
            f"--ssh-config: '{name}' gets no cloud-init seed, so its login is not set up by virtprov",
            hint="add --cloud-init if the guest has cloud-init",
        )


def _has_cloud_init(source: Guest, profile: Profile) -> bool:
    """Return whether the profile, the metadata or a seed in the definition says that the guest has cloud-init."""
    return (
        cloud_mark.names_cloud_init(profile)
        or cloud_mark.is_marked(source)
        or bool(replace.find_any_seeds(source, source.name))
    )


def _quote(name: str) -> str:
    import shlex

    return shlex.quote(name)


def _note_kept(name: str, profile: Profile) -> str:
    """Return a note on what the clone still shares with the original inside its disks, and how to renew it."""
    word = _quote(name)
    if profile.is_windows:
        return (
            "The clone still contains the original's computer name, SID and network settings. Renew them with "
            r"`%WINDIR%\System32\Sysprep\sysprep.exe /generalize /oobe /shutdown`, in the original before it is cloned"
            ", or in the clone without a network."
        )
    return (
        "The clone still contains the original's host name, machine-id, ssh host keys and network settings, "
        f"which may refer to old MAC addresses. Renew them while the clone is off with `virt-sysprep -d {word} "
        f"--hostname {word}`, or clone with `--identity new` if the guest uses cloud-init."
    )


# -- by cloud-init -------------------------------------------------------------------------------


def _plan_seed(request: CloneRequest, host: Host, source: Guest, guest: Guest, profile: Profile, why: str) -> Inside:
    wanted = (request.seed or SeedRequest())._replace(renewal=Renewal(_pair_addresses(source, guest)))
    copy_seed = copies.plan_for_copy(guest, source.name, host, wanted, starts=request.start, build=not request.planning)
    seed, hostname = copy_seed.seed, copy_seed.hostname or wanted.hostname or host_name(guest.name) or "guest"
    enables = reads_credentials(profile) and fw_cfg.enable_cloud_init(seed.first_boot.guest)
    is_passing = request.start and seed.keep != KEEP_SEED
    file = os.path.basename(copy_seed.path)
    notes = [
        f"cloud-init seed {file} (drive {copy_seed.target}) renews '{guest.name}' inside at its first boot: host name "
        f"'{hostname}', machine-id, ssh host keys, and network settings for its own MAC address"
    ]
    if not is_passing:
        notes.append(
            "The seed stays attached. Remove it after the first boot: "
            f"`virtprov-xml {_quote(guest.name)} --cloud-init eject --update --define`"
        )
    notes.append(_note_left(guest.name, enables=enables))
    way = _find_login(request, wanted, source, guest, profile)
    keeps = KeepHostKey(login.known_hosts_path(guest.uuid), login.known_hosts_text(way, copy_seed.host_key))
    return Inside(
        NEW,
        why,
        seed.first_boot.guest,
        seed.stays.guest if is_passing else seed.first_boot.guest,
        CLOUD_INIT,
        hostname,
        copy_seed,
        steps=(*seed.steps, keeps) if copy_seed.host_key else seed.steps,
        notes=tuple(notes),
        warnings=seed.warnings,
        login=way._replace(known_hosts=keeps.path if copy_seed.host_key else ""),
    )


def _find_login(request: CloneRequest, wanted: SeedRequest, source: Guest, guest: Guest, profile: Profile) -> Login:
    """Return the way to log in to the clone: as the user of the original, unless its seed has another one."""
    known = login.find(source.uuid) or Login()
    user = wanted.user or known.user or login.default_user(profile)
    identity = login.find_identity(key for key in (*wanted.ssh_key, wanted.clouduser_ssh_key) if key) or known.identity
    way = Login(user, guest.uuid, identity=identity)
    if not request.ssh_config:
        return way
    has_address = bool(request.wait or publish.select_tcp(publish.find_forwards(guest)))
    hint = "add --start --wait ready"
    return login.name_entry(way, request.ssh_config, guest.name, has_address=has_address, hint=hint)


def _pair_addresses(source: Guest, guest: Guest) -> tuple[tuple[str, str], ...]:
    """Return the old and the new MAC address of each interface."""
    old, new = ([path.text(nic, "./mac/@address") for nic in each.devices("interface")] for each in (source, guest))
    return tuple(zip(old, new, strict=True))


def _note_left(name: str, *, enables: bool) -> str:
    """Return a note on what the seed cannot do at the first boot, with the commands that do it."""
    word = _quote(name)
    disabled = "" if enables else ", or cloud-init is disabled in it"
    again = (
        " If cloud-init is disabled in the guest, the first boot only enables it, and the second one renews."
        if enables
        else ""
    )
    return (
        f"Programs that start before cloud-init, such as journald, use the new machine-id only after a reboot: "
        f"`virsh reboot {word}`.{again} If the guest has no cloud-init{disabled}, nothing is renewed: use "
        f"`virt-sysprep -d {word} --hostname {word}` while it is off."
    )


# -- by systemd ----------------------------------------------------------------------------------


def _plan_credentials(request: CloneRequest, host: Host, guest: Guest, why: str) -> Inside:
    """Give a guest without cloud-init its host name, and keys of root, by systemd credentials."""
    wanted = request.seed or SeedRequest()
    _check_credentials(wanted, guest.name)
    reader = Reader()
    keys = tuple(dict.fromkeys(key for text in wanted.ssh_key for key in reader.keys("ssh-key", text)))
    hostname = wanted.hostname or host_name(guest.name) or "guest"
    result = credentials.plan(guest, host, hostname, keys)
    word = _quote(guest.name)
    note = (
        f"systemd in '{guest.name}' reads the host name '{hostname}' at every boot from {join_words(result.paths)}. "
        "Do not delete this while the definition names it. The machine-id and the ssh host keys are still the "
        "original's. To renew them, run `rm /etc/ssh/ssh_host_*; ssh-keygen -A; truncate -s 0 /etc/machine-id` in the "
        f"guest, and reboot it with `virsh reboot {word}`: systemd then makes the machine-id from the clone's UUID. If "
        "the guest has cloud-init, clone it with `--cloud-init` instead."
    )
    return Inside(
        NEW, why, result.guest, result.guest, SYSTEMD, hostname, files=result.paths, steps=result.steps, notes=(note,)
    )


def _check_credentials(wanted: SeedRequest, name: str) -> None:
    """Raise UsageError for what only cloud-init could put into the guest."""
    words = GuestWords(**{field: getattr(wanted, field) for field in WORDS})
    for field, value in words._asdict().items():
        if value and field not in ("hostname", "ssh_key"):
            word = field.replace("_", "-")
            raise UsageError(
                f"--{word}: '{name}' is not known to have cloud-init, which this option requires",
                hint="add --cloud-init if the guest has cloud-init",
            )
