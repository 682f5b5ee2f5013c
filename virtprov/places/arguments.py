"""The arguments of an installer's kernel."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.places.place import PlaceRequest

SOURCES = ("inst.repo", "repo", "method", "inst.stage2", "install", "inst.install_url", "modloop", "alpine_repo")
"""Arguments that name the source of an installer."""


def has_source(args: tuple[str, ...]) -> bool:
    """Return whether one of the arguments names the source of the installer."""
    words = " ".join(args).split()
    return any(word.startswith(tuple(f"{name}=" for name in SOURCES)) for word in words)


def compose_arguments(request: PlaceRequest, own: tuple[str, ...], argument: str, address: str) -> tuple[str, ...]:
    """Return all arguments of the kernel.

    `own` are those of the medium's boot configuration, `argument` is the name of the one for the source at `address`
    ("": none). Those of the user are kept as they are, and may replace all others.
    """
    if request.overwrites_args:
        return request.extra_args
    source: tuple[str, ...] = ()
    if argument and not has_source(request.extra_args):
        source = _alpine(address) if argument == "modloop" else (f"{argument}={address}",)
    return (*own, *request.extra_args, *source)


def _alpine(address: str) -> tuple[str, ...]:
    """Return the arguments of Alpine's netboot: the repository, and the image with the modules (Alpine wiki, PXE boot).

    The repository is above the folder: .../alpine/v3.20/releases/x86_64/netboot/.
    """
    base = re.fullmatch(r"(?P<release>.*/(?:v[\d.]+|edge|latest-stable))/releases/[^/]+(?:/netboot[^/]*)?/?", address)
    if not base:
        return ()
    folder = address.rstrip("/") + ("" if "/netboot" in address else "/netboot")
    return (f"modloop={folder}/modloop-lts", f"alpine_repo={base['release']}/main", "ip=dhcp")
