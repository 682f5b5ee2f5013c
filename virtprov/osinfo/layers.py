"""Where profiles lie: four folders in libosinfo's layout, later ones extending and overriding earlier ones.

1. the profiles that come with virtprov, 2. the system's osinfo-db, 3. the administrator's, 4. the user's.
"""

from __future__ import annotations

import os

from virtprov.support import dirs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 8  # folders below a root; a link that leads back to its parent ends here


def bundled_dir() -> str:
    """The folder of virtprov's own profiles: in the package when installed, beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "_data", "osinfo")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "data", "osinfo")


def folders() -> tuple[str, str, str, str]:
    """The four layers in order of precedence, lowest first; a folder need not exist.

    `OSINFO_SYSTEM_DIR`, `OSINFO_LOCAL_DIR` and `OSINFO_USER_DIR` move the last three, as for libosinfo.
    """
    return (
        bundled_dir(),
        os.environ.get("OSINFO_SYSTEM_DIR") or "/usr/share/osinfo",
        os.environ.get("OSINFO_LOCAL_DIR") or "/etc/osinfo",
        os.environ.get("OSINFO_USER_DIR") or os.path.join(dirs.config(), "osinfo"),
    )


def stamp_of(path: str) -> str:
    """Size, times and inode of a file or folder as one word; "" when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_size}.{found.st_mtime_ns}.{found.st_ctime_ns}.{found.st_ino}"


def scan(root: str) -> tuple[dict[str, str], dict[str, str]]:
    """All folders of a layer and all its profile files (`*.xml`), each with its stamp, in the order of names.

    A stamp is taken before what it stands for is read. A missing layer is one folder with an empty stamp.
    """
    kept, files = {}, {}
    queue = [(root, 0)]
    while queue:
        folder, depth = queue.pop()
        kept[folder] = stamp_of(folder)
        for entry in _entries(folder):
            if entry.name.endswith(".xml"):
                files[entry.path] = stamp_of(entry.path)
            elif depth < _DEEPEST and not entry.name.startswith(".") and entry.is_dir():
                queue.append((entry.path, depth + 1))
    return dict(sorted(kept.items())), dict(sorted(files.items()))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def chosen_files(layered: list[tuple[str, dict[str, str]]]) -> Iterator[str]:
    """The files to read, in order, out of (root, files with stamps) pairs; the bundled layer comes first.

    As with libosinfo, among the other layers a file hides an earlier one with the same path below its root, and
    an empty file (or a link to /dev/null) does nothing else. The bundled files are grouped in their own way, so
    no name hides them: they are extended id by id.
    """
    owner: dict[str, str] = {}
    for root, files in layered[1:]:
        for path in files:
            owner[os.path.relpath(path, root)] = path
    chosen = set(owner.values()).union(*(files for _, files in layered[:1]))
    for _, files in layered:
        for path, stamp in files.items():
            if path in chosen and not stamp.startswith("0."):
                yield path
