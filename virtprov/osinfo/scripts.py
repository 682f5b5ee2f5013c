"""Install scripts, datamaps, devices and platforms of the database, for unattended installations and detection."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.osinfo.index import find_record
from virtprov.osinfo.pack import FIELD, flag, rows, words
from virtprov.osinfo.profile import Profile


class Param(NamedTuple):
    """A setting of a script."""

    name: str
    is_required: bool
    datamap: str
    """The id of the datamap that turns the usual value into the script's own, or ""."""


class InstallScript(NamedTuple):
    """A script that answers the questions of an installer. `template` reads its template."""

    id: str
    source: str
    """The profile file that holds it."""
    profile: str
    """`desktop`, `jeos` ..."""
    path_format: str
    """`dos`, `unix` or ""."""
    expected_filename: str
    product_key_format: str
    needs_internet: bool
    can_pre_install_drivers: bool
    pre_install_drivers_signing: str
    """`strict`, `warn`, `none` or ""."""
    can_post_install_drivers: bool
    post_install_drivers_signing: str
    avatar_types: tuple[str, ...]
    template_uri: str
    """Where the template lies when it is not in the profile file, or ""."""
    params: tuple[Param, ...]
    injection_methods: tuple[str, ...]
    """Of `cdrom`, `disk`, `floppy`, `initrd`, `web`."""


class Device(NamedTuple):
    """A device to which profiles refer."""

    id: str
    name: str
    device_class: str
    """`net`, `block`, `video` ... or ""."""
    bus: str
    vendor: str
    product: str


def find_script(id: str) -> InstallScript | None:
    """Return the install script with this id, or None."""
    parts = (find_record("script", id) or "").split(FIELD)
    if len(parts) != 15:
        return None
    name, source, profile, paths, filename, key, internet, pre, pre_signing, post, post_signing = parts[:11]
    avatars, uri, params, methods = parts[11:]
    return InstallScript(
        name, source, profile, paths, filename, key, flag(internet),
        flag(pre), pre_signing, flag(post), post_signing, words(avatars), uri,
        tuple(Param(word, policy == "required", datamap) for word, policy, datamap in rows(params)),
        words(methods),
    )  # fmt: skip


def template(script: InstallScript) -> str:
    """Return the script's XSLT stylesheet, "" if it is stored elsewhere.

    Raises XmlError if the file no longer exists.
    """
    from virtprov.xml import tree

    for node in tree.parse_file(script.source).iterfind("install-script"):
        if node.get("id") == script.id:
            result = node.find("template")
            sheets = [] if result is None else tree.children(result)
            return tree.to_text(sheets[0]) if sheets else ""
    return ""


def find_datamap(id: str) -> dict[str, str]:
    """Return the values of a datamap by their keys; {} if the id is unknown."""
    entries = words(find_record("datamap", id) or "")
    return dict(zip(entries[::2], entries[1::2], strict=True)) if len(entries) % 2 == 0 else {}


def find_device(id: str) -> Device | None:
    """Return the device with this id, or None."""
    parts = (find_record("device", id) or "").split(FIELD)
    return Device(*parts) if len(parts) == len(Device._fields) else None


def find_platform(id: str) -> Profile | None:
    """Return a platform (`http://qemu.org/qemu/2.0.0`) with the devices that it offers, or None."""
    record = find_record("platform", id)
    return None if record is None else Profile(record)
