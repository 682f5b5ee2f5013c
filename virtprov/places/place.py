"""The types for places to install from: what the user asks for, what a place gives, and its files."""

from __future__ import annotations

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.osinfo.detect import Detected
    from virtprov.osinfo.profile import Profile

DIRECTORY, ISO, TREE, FILES = "directory", "iso", "tree", "files"
"""Kinds of places: a folder, an ISO (a file or behind a URL), a tree on a server, a kernel and initrd by themselves."""


class PlaceRequest(Record):
    """The place of an installer, as the user gave it.

    `location` is a path or a URL, `os` a system whose profile has the address of its tree; without both, `kernel` and
    `initrd` are paths or URLs, otherwise they are paths in the place ("": as its layout says). `extra_args` are kernel
    arguments in the order they were given; with `overwrites_args` they replace the ones that the installer needs. With
    `public_tree`, an installer from a directory gets the public tree of its system, because the
    guest cannot read the directory.
    """

    location: str = ""
    os: str = ""
    kernel: str = ""
    initrd: str = ""
    extra_args: tuple[str, ...] = ()
    overwrites_args: bool = False
    public_tree: bool = False


class InjectedFile(Record):
    """A file to add to the root of an initrd, with its permissions."""

    name: str
    content: bytes
    mode: int = 0o644


class RemoteFile(Record):
    """A file of a place, where it is now. One of `path` and `url` is set.

    With `member`, it is the file with this name in the ISO at that path or URL, where it begins at byte `offset`.
    `size` is in bytes (-1: unknown), `checksum` is "sha256:HEX", or "" if the place does not name one.
    """

    path: str = ""
    url: str = ""
    member: str = ""
    offset: int = -1
    size: int = -1
    checksum: str = ""

    @property
    def name(self) -> str:
        """Return its last part: `vmlinuz`."""
        place = self.member or self.path or self.url.partition("?")[0].partition("#")[0]
        return place.rstrip("/").rpartition("/")[2]

    @property
    def is_local(self) -> bool:
        """Return whether it is a file on this machine that can be used as it is."""
        return bool(self.path) and not self.member


class Medium(Record):
    """What the guest gets as its CD-ROM: the `path` of a file or device or a URL, or a volume as "POOL/VOLUME"."""

    path: str = ""
    vol: str = ""

    @property
    def is_url(self) -> bool:
        """Return whether it is on a server."""
        return "://" in self.path and not self.path.startswith("/")


class BootSource(Record):
    """What a place gives: the files to boot, the arguments, the medium.

    `place` is for messages, without a password. `kind` is one of the constants above, `layout` the name of its row in
    the table of layouts ("" when the user named the files). `detected` is what is installed from it. `kernel_args` are
    all arguments of the first boot.
    `medium` is None unless the installer needs its ISO. `profile` is that of the detected system, None if there is
    none. `notes` and `warnings` are sentences for the user.
    """

    place: str
    kind: str
    detected: Detected
    kernel: RemoteFile
    initrd: RemoteFile | None = None
    kernel_args: tuple[str, ...] = ()
    medium: Medium | None = None
    layout: str = ""
    profile: Profile | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def command_line(self) -> str:
        """Return the kernel's command line."""
        return " ".join(self.kernel_args)


class BootFile(Record):
    """A file that the guest boots from: `path` is where it will be.

    `is_made` is False for a local file that is used as it is. Otherwise `obtain` writes it: into the cache, where it is
    kept, or, if `is_private`, only for this guest (it contains injected files), to be removed after the first boot.
    """

    source: RemoteFile
    path: str
    is_made: bool = False
    is_private: bool = False


class BootFiles(Record):
    """The kernel and the initrd of a guest's first boot.

    With `injected` files, `initrd` is made from `original`, the initrd of the installer.
    """

    kernel: BootFile
    initrd: BootFile | None = None
    original: BootFile | None = None
    injected: tuple[InjectedFile, ...] = ()

    @property
    def made(self) -> tuple[BootFile, ...]:
        """Return the files that `obtain` writes, in this order."""
        return tuple(one for one in (self.kernel, self.original, self.initrd) if one is not None and one.is_made)
