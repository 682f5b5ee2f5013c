"""The installers whose questions can be answered, and how the answers reach them.

Facts from the installers' manuals: Anaconda ("Kickstart installation": the label OEMDRV), linuxrc and AutoYaST, Agama
("auto loader"), Debian's installation guide (appendix B), subiquity ("providing autoinstall"), Microsoft ("Windows
Setup automation overview", implicit answer files), Alpine (`setup-alpine -h`, and its wiki on overlays).
"""

from __future__ import annotations

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.profile import Profile

DISK, INITRD, KERNEL = "disk", "initrd", "kernel"
"""How answers reach an installer: on a small disk of their own; in the initrd of `--location`; for a CD, by booting its
kernel as `--location` does, and then in that way."""
DESKTOP, JEOS = "desktop", "jeos"
"""Profiles: with a graphical desktop, or just enough operating system."""
_ALL = frozenset({"hostname", "user", "ssh_key", "password_file", "timezone", "package", "run", "proxy"})


class Installer(Record):
    """One row of the table.

    `template` is the name of the answers' template, `file` that of the file on the disk with the `label`, or in the
    initrd. `cdrom` and `location` say how the answers get there, `args` are kernel arguments without which they are not
    found. `words` are the fields of `GuestWords` that it takes, `profiles` the first of which is the default.
    `also` are other files for the same disk: (template, file).
    """

    name: str
    title: str
    template: str
    file: str
    label: str = "OEMDRV"
    cdrom: str = DISK
    location: str = DISK
    args: tuple[str, ...] = ()
    words: frozenset[str] = _ALL
    profiles: tuple[str, ...] = (DESKTOP, JEOS)
    also: tuple[tuple[str, str], ...] = ()


KICKSTART = Installer("kickstart", "Anaconda", "kickstart.txt", "ks.cfg", location=INITRD)
PRESEED = Installer(
    "preseed",
    "the Debian installer",
    "preseed.txt",
    "preseed.cfg",
    label="",
    cdrom=KERNEL,
    location=INITRD,
    args=("auto=true", "priority=critical"),
)
AUTOINSTALL = Installer(
    "autoinstall",
    "the installer of Ubuntu",
    "autoinstall.txt",
    "user-data",
    label="CIDATA",
    cdrom=KERNEL,
    args=("autoinstall",),
)
AUTOYAST = Installer(
    "autoyast", "AutoYaST", "autoyast.xml", "autoinst.xml", location=INITRD, args=("autoyast=file:///autoinst.xml",)
)
AGAMA = Installer("agama", "Agama", "agama.json", "autoinst.json")
# its older media have YaST, the newer ones Agama: each only reads its own file
TUMBLEWEED = AUTOYAST._replace(name="tumbleweed", location=DISK, args=(), also=(("agama.json", "autoinst.json"),))
WINDOWS = Installer(
    "autounattend",
    "Windows Setup",
    "autounattend.xml",
    "autounattend.xml",
    label="UNATTEND",
    location="",
    words=frozenset({"hostname", "user", "password_file", "timezone"}),
    profiles=(DESKTOP,),
)
ALPINE = Installer(
    "alpine",
    "setup-alpine",
    "alpine.txt",
    "answers",
    label="APKOVL",
    words=_ALL - {"package", "run", "password_file"},
    profiles=(JEOS,),
)

_RED_HAT = (
    "fedora", "rhel", "centos", "almalinux", "rocky", "ol", "scientificlinux", "eurolinux", "circle", "miraclelinux",
)  # fmt: skip
_HINT = (
    "answers exist for Fedora, RHEL and its relatives, Debian, Ubuntu, SUSE, Windows and Alpine; use a cloud image, or "
    "answer the installer's questions yourself"
)


def find_installer(profile: Profile) -> Installer:
    """Return the installer of a system. Raises UsageError, with its name, if there are no answers for it."""
    version, distro = _number(profile.version), profile.distro
    installer = None
    if distro in _RED_HAT:
        installer = KICKSTART
    elif distro == "debian":
        installer = PRESEED
    elif distro == "ubuntu":
        installer = AUTOINSTALL if version >= 20.04 else PRESEED
    elif distro in ("opensuse", "sles", "sled"):
        installer = TUMBLEWEED if profile.version == "tumbleweed" else AGAMA if _is_agama(version) else AUTOYAST
    elif profile.family == "winnt" and version >= 6:
        installer = WINDOWS
    elif distro == "alpinelinux":
        installer = ALPINE
    if installer is None:
        name = profile.name or "this operating system"
        if profile.is_generic or not profile.os_id:
            raise UsageError(
                "--unattended requires a known operating system",
                hint="give --osinfo NAME",
            )
        raise UsageError(f"--unattended: virtprov has no answers for the installer of {name}", hint=_HINT)
    return installer


def _is_agama(version: float) -> bool:
    """Return whether this release of SUSE has Agama. openSUSE 42 was older than 15."""
    return 16 <= version < 42


def _number(version: str) -> float:
    """Return major and minor of a version as a number ("24.04" -> 24.04); 0 if it is not one."""
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    if not major.isdecimal():
        return 0
    return float(f"{major}.{minor}") if minor.isdecimal() else float(major)


def kernel_args(installer: Installer, profile: Profile, name: str) -> tuple[str, ...]:
    """Return the kernel arguments that name the answers in the file `name`, which get there as `location` says.

    Anaconda's arguments begin with "inst." since Fedora 19 and RHEL 7.
    """
    if installer.template != KICKSTART.template:
        return installer.args
    limit = 19 if profile.distro == "fedora" else 7
    old = 0 < _number(profile.version) < limit
    return (f"{'ks' if old else 'inst.ks'}=file:/{name}",)


def initrd_file(installer: Installer, profile: Profile) -> str:
    """Return the name of the answers in the initrd; for Anaconda it is the one that virt-install uses."""
    if installer.template != KICKSTART.template:
        return installer.file
    return "fedora.ks" if profile.distro == "fedora" else "rhel.ks"
