"""`--edit --boot uefi` and `--edit --boot firmware=efi` on a guest that has a loader."""

from __future__ import annotations

from virtprov.guest.defaults import firmware
from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.xml import path


def make_room_for_uefi(setting: RuleContext) -> bool:
    """Remove a BIOS loader, beside which libvirt refuses to select UEFI; return whether the guest needs UEFI.

    It does not if its loader is UEFI already: libvirt has no way to select another file for it without the old one's
    variables.
    """
    guest = setting.guest
    loader = guest.get("./os/loader")
    if guest.get("./os/@firmware") == "efi":
        return True
    if guest.get("./os/loader/@type") == "pflash" or firmware.is_uefi_file(loader):
        setting.notes.append(f"'{guest.name}' already uses UEFI, with the loader {loader}: the firmware is not changed")
        return False
    for place in ("./os/loader", "./os/nvram"):
        path.switch(guest.root, place, False)
    return True


def names_loader(guest: Guest, places: list[str]) -> bool:
    """Return whether an edit of these places says which loader the guest has; settings of a UEFI loader do not."""
    if guest.get("./os/loader/@type") == "pflash":
        return "./os/loader" in places
    return any(place.startswith("./os/loader") for place in places)


def keep_uefi_loader(setting: RuleContext, before: str) -> None:
    """Undo the selection of UEFI if the guest has a UEFI loader, otherwise remove its loader.

    `before` is the firmware that was selected before the edit.
    """
    guest = setting.guest
    if guest.get("./os/@firmware") != "efi" or not guest.has("./os/loader"):
        return
    guest.put("./os/@firmware", before or None)
    if make_room_for_uefi(setting):
        guest.put("./os/@firmware", "efi")


def replace_selection(guest: Guest, places: list[str], before: str) -> None:
    """Let libvirt no longer select the firmware if an edit of these places names another loader file instead.

    libvirt refuses a guest that has both. `before` is the loader that the guest had.
    """
    loader = guest.get("./os/loader")
    if "./os/loader" not in places or "./os/@firmware" in places or loader in ("", before):
        return
    if guest.get("./os/@firmware"):
        guest.put("./os/@firmware", None)
        path.switch(guest.root, "./os/firmware", False)
