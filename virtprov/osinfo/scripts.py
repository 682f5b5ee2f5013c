"""Install scripts, datamaps, devices and platforms of the database: what unattended installs and media ask for."""

from __future__ import annotations

from typing import NamedTuple

from virtprov.osinfo.index import find_record
from virtprov.osinfo.pack import FIELD, flag, rows, words
from virtprov.osinfo.profile import Profile


class Param(NamedTuple):
    """A setting that a script takes."""

    name: str
    is_required: bool
    datamap: str
    """The id of the datamap that turns the usual value into the script's own, or ""."""


class InstallScript(NamedTuple):
    """A script that answers an installer's questions. Its template is read by `template`."""

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
    """A device that profiles refer to."""

    id: str
    name: str
    device_class: str
    """`net`, `block`, `video` ... or ""."""
    bus: str
    vendor: str
    product: str


def find_script(id: str) -> InstallScript | None:
    """The install script with this id, or None."""
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
    """The script's XSLT stylesheet as text, "" when it lies elsewhere. Raises XmlError when the file is gone."""
    from virtprov.xml import tree

    for node in tree.parse_file(script.source).iterfind("install-script"):
        if node.get("id") == script.id:
            found = node.find("template")
            sheets = [] if found is None else tree.children(found)
            return tree.to_text(sheets[0]) if sheets else ""
    return ""


def find_datamap(id: str) -> dict[str, str]:
    """What a datamap turns each value into; {} when there is none with this id."""
    entries = words(find_record("datamap", id) or "")
    return dict(zip(entries[::2], entries[1::2], strict=True)) if len(entries) % 2 == 0 else {}


def find_device(id: str) -> Device | None:
    """The device with this id, or None."""
    parts = (find_record("device", id) or "").split(FIELD)
    return Device(*parts) if len(parts) == len(Device._fields) else None


def find_platform(id: str) -> Profile | None:
    """A hypervisor's platform (`http://qemu.org/qemu/2.0.0`) with the devices it offers, or None."""
    record = find_record("platform", id)
    return None if record is None else Profile(record)
