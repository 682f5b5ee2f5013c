"""The folders of profiles: four, in libosinfo's layout. Later ones extend and override earlier ones.

1. the profiles bundled with virtprov, 2. the system's osinfo-db, 3. those of the administrator, 4. those of the user.
"""

from __future__ import annotations

import os

from virtprov.support.user_files import dirs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEPEST = 8  # maximum depth of folders, which ends a loop of links


def bundled_dir() -> str:
    """Return the folder of virtprov's own profiles: inside the installed package, or beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "_data", "osinfo")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "data", "osinfo")


def folders() -> tuple[str, str, str, str]:
    """Return the four folders, the lowest precedence first; they need not exist.

    `OSINFO_SYSTEM_DIR`, `OSINFO_LOCAL_DIR` and `OSINFO_USER_DIR` change the last three, as with libosinfo.
    """
    return (
        bundled_dir(),
        os.environ.get("OSINFO_SYSTEM_DIR") or "/usr/share/osinfo",
        os.environ.get("OSINFO_LOCAL_DIR") or "/etc/osinfo",
        os.environ.get("OSINFO_USER_DIR") or os.path.join(dirs.config(), "osinfo"),
    )


def stamp_of(path: str) -> str:
    """Return size, times and inode of a file or folder as one text; "" if it does not exist."""
    try:
        facts = os.stat(path)
    except OSError:
        return ""
    return f"{facts.st_size}.{facts.st_mtime_ns}.{facts.st_ctime_ns}.{facts.st_ino}"


def scan(root: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return all folders of a layer and all its profile files (`*.xml`), each with its stamp, sorted by name.

    The stamp is taken before the content is read. A missing layer is one folder with an empty stamp.
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
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def chosen_files(layered: list[tuple[str, dict[str, str]]]) -> Iterator[str]:
    """Return the files to read, in order.

    `layers` are pairs of a root and its files with stamps, the bundled layer first.

    As with libosinfo, a file hides the file of an earlier layer with the same path below its root; an empty file (or a
    link to /dev/null) does only that. Bundled files are never hidden, because they are grouped differently: later
    layers extend them id by id.
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
