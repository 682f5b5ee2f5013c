"""Choose the kernel and the initrd of a place: as the user says, as the place says, or as its distribution does."""

from __future__ import annotations

import re

from virtprov.osinfo.media.arch_names import ARCHES, arch_name
from virtprov.osinfo.media.install_tree import parse_ini
from virtprov.osinfo.media.tree_layouts import MANIFESTS
from virtprov.places import boot_config
from virtprov.places.layouts import DEBIAN, find_layout_name, rank_layouts
from virtprov.places.place import DIRECTORY, TREE
from virtprov.support.errors import UsageError, nearest
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.osinfo.media.tree_layouts import TreeFacts
    from virtprov.osinfo.profile import Profile
    from virtprov.places.place import PlaceRequest
    from virtprov.places.reading import Place

TREEINFO, BOOT_CONFIGURATION = "treeinfo", "boot configuration"


class Choice(Record):
    """A kernel and an initrd: paths in the place.

    `layout` says where the paths are from: the name of a layout, TREEINFO, BOOT_CONFIGURATION, "profile", or "" for
    those of the user. `args` are those of the boot configuration. `images` as in `Layout.paths`.
    """

    kernel: str
    initrd: str = ""
    layout: str = ""
    args: tuple[str, ...] = ()
    images: str = ""


class Wanted(Record):
    """The guest: its architecture, whether it needs a kernel for Xen, and its operating system if it is known."""

    arch: str
    is_xen: bool
    profile: Profile | None


def find_named_files(place: Place, request: PlaceRequest) -> Choice:
    """Return the files that the user named. Raises UsageError if one is not there."""
    kernel, initrd = request.kernel.lstrip("/"), request.initrd.lstrip("/")
    for name in (kernel, initrd):
        if name and place.find(name) is None:
            folder, _, leaf = name.rpartition("/")
            if leaf in place.names(folder):
                raise UsageError(f"'{name}' in '{place.shown}' is not a regular file")
            hint = nearest(leaf, place.names(folder)) or "give paths that are relative to the place"
            raise UsageError(f"'{place.shown}' has no file '{name}'", hint=hint)
    return Choice(kernel, initrd)


def choose(place: Place, wanted: Wanted, facts: TreeFacts | None) -> Choice | None:
    """Return the kernel and the initrd of a place whose files say `facts`; None if there are none.

    Raises what reading the place raises.
    """
    images = find_images_folder(place)
    for choice in _candidates(place, wanted, facts, images):
        if place.find(choice.kernel) and place.find(choice.initrd):
            return choice._replace(images=images)
    if (
        place.kind == TREE or place.kind == DIRECTORY and place.address == "/"
    ):  # the kernel there is that of this machine
        return None
    entry = next(iter(boot_config.read_entries(place)), None) or boot_config.find_by_name(place)
    return Choice(entry.kernel, entry.initrd, BOOT_CONFIGURATION, entry.args) if entry else None


def find_own_args(place: Place, choice: Choice) -> tuple[str, ...]:
    """Return the arguments that the boot configuration of a medium has for a kernel; () if it has none."""
    return next((one.args for one in boot_config.read_entries(place) if one.kernel == choice.kernel), ())


def find_images_folder(place: Place) -> str:
    """Return the folder of a Debian tree that its MANIFEST describes; "" if there is none."""
    return next((name.removesuffix("MANIFEST") for name in MANIFESTS if b"netboot/" in (place.fetch(name) or b"")), "")


def find_debian_tree(place: Place, arch: str) -> str:
    """Return where the installer is if a place is a mirror of Debian or one of its releases; "" if there is none.

    For a whole mirror, it is the installer of the stable release.
    """
    stable = (place.fetch("dists/stable/Release") or b"").decode("utf-8", "replace")
    codename = re.search(r"^Codename: ([a-z]+)$", stable, re.MULTILINE)
    folders = [f"dists/{codename[1]}/main/"] if codename else ["main/", ""]
    for folder in folders:
        tree = f"{folder}installer-{DEBIAN.get(arch, arch)}/"
        if any(place.find(f"{tree}{name}") for name in MANIFESTS[:2]):
            return tree
    return ""


def _candidates(place: Place, wanted: Wanted, facts: TreeFacts | None, images: str) -> Iterator[Choice]:
    """Yield what may be there, the likeliest first."""
    yield from _treeinfo(place, wanted)
    arch = facts.ids.arch if facts and facts.ids.arch else wanted.arch
    mark = facts.layout if facts else ""
    distro = wanted.profile.distro if wanted.profile else facts.distro if facts else ""
    if wanted.profile:
        for kernel, initrd in _of_profile(place, wanted.profile, wanted.arch):
            yield Choice(kernel, initrd, find_layout_name(kernel, initrd, wanted.arch, images) or "profile")
    is_known = bool(mark or distro)
    for layout in rank_layouts(mark, distro):
        is_likely = mark in layout.marks or distro in layout.distros
        if is_known and not is_likely and place.kind == TREE:  # each question takes a request there
            continue
        for kernel, initrd in layout.paths(arch, images):
            yield Choice(kernel, initrd, layout.name)


def _treeinfo(place: Place, wanted: Wanted) -> Iterator[Choice]:
    """Yield the images of a `.treeinfo`: those for Xen, for the guest's architecture, for any."""
    for name in (".treeinfo", "treeinfo"):
        sections = parse_ini((place.fetch(name) or b"").decode("utf-8", "replace"))
        images = {part.removeprefix("images-"): sections[part] for part in sections if part.startswith("images-")}
        spelled = [wanted.arch, *(word for word, arch in ARCHES.items() if arch == wanted.arch)]
        order = [*(["xen"] if wanted.is_xen else []), *spelled, *sorted(set(images) - {"xen"})]
        for word in order:
            kernel, initrd = (images.get(word, {}).get(part, "") for part in ("kernel", "initrd"))
            if kernel and initrd and ".." not in f"{kernel}/{initrd}".split("/"):
                yield Choice(kernel.lstrip("/"), initrd.lstrip("/"), TREEINFO)


def _of_profile(place: Place, profile: Profile, arch: str) -> Iterator[tuple[str, str]]:
    """Yield the paths that the profile of the system has for its media, or its trees."""
    rows = profile.trees(arch_name(arch)) if place.kind == TREE else profile.media(arch_name(arch))
    for kernel, initrd in dict.fromkeys((row.kernel, row.initrd) for row in rows):
        if kernel and initrd:
            yield kernel, initrd
