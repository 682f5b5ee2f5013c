"""Short names of connections, from libvirt's client configuration (`uri_aliases` in libvirt.conf)."""

from __future__ import annotations

import os

from virtprov.support.errors import ProvError
from virtprov.support.user_files import dirs

_LARGEST = 1024 * 1024


def names() -> list[str]:
    """Return the aliases, in the order of the file; none if it cannot be read.

    The file is that of libvirt: /etc/libvirt/libvirt.conf for root, libvirt/libvirt.conf in the folder for settings for
    other users (https://libvirt.org/uri.html#uri-aliases).
    """
    import re

    from virtprov.support.file_access.files import read_bytes

    folder = "/etc" if os.geteuid() == 0 else dirs.config()
    try:
        text = read_bytes(os.path.join(folder, "libvirt", "libvirt.conf"), limit=_LARGEST).decode(errors="replace")
    except ProvError:
        return []
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    aliases = re.search(r"^\s*uri_aliases\s*=\s*\[(.*?)\]", lines, re.DOTALL | re.MULTILINE)
    return re.findall(r"""["']([\w-]+)=""", aliases[1], re.ASCII) if aliases else []
