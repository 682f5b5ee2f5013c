"""The arguments of an installer's kernel."""

from __future__ import annotations

import pytest

from virtprov.places.arguments import compose_arguments, has_source
from virtprov.places.place import PlaceRequest

ALPINE = "https://dl-cdn.example/alpine/v3.20"


@pytest.mark.parametrize(
    ("args", "answer"),
    [
        (("inst.repo=http://a",), True),
        (("console=ttyS0 install=http://a",), True),
        (("method=http://a", "x"), True),
        (("noinstall=1", "reinst.repo=x", "installer"), False),
        ((), False),
    ],
)
def test_sources(args: tuple[str, ...], answer: bool) -> None:
    assert has_source(args) == answer


@pytest.mark.parametrize(
    "address", [f"{ALPINE}/releases/x86_64/netboot/", f"{ALPINE}/releases/x86_64/netboot", f"{ALPINE}/releases/x86_64"]
)
def test_alpine_wants_its_modules_and_its_repository(address: str) -> None:
    assert compose_arguments(PlaceRequest(address), (), "modloop", address) == (
        f"modloop={ALPINE}/releases/x86_64/netboot/modloop-lts",
        f"alpine_repo={ALPINE}/main",
        "ip=dhcp",
    )
    assert compose_arguments(PlaceRequest(), (), "modloop", "http://host/my/own") == ()
