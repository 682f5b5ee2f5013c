"""The image of a guest in `--output json`."""

from __future__ import annotations

import re
from pathlib import Path

from virtprov.actions.install.os_source.image_disk import ImagePlan
from virtprov.cli.install.image_facts import image_facts
from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.images.image import Digest, ResolvedImage, Signature
from virtprov.images.image_facts import ImageFacts

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "json.md").read_text()
BASE = BaseVolume("images", "base.qcow2", "/srv/base.qcow2")


def facts(image: ResolvedImage, *, is_fetched: bool = False, base: BaseVolume = BASE) -> dict[str, object]:
    found = image_facts(ImagePlan(image, "tag", base), is_fetched=is_fetched)
    assert found is not None
    return found


def test_all_that_is_known() -> None:
    image = ResolvedImage(
        "tonic2",
        url="https://joe:secret@example.org/tonic-2-7.qcow2?token=secret",
        file_name="tonic-2-7.qcow2",
        digest=Digest("sha256", "a" * 64),
        build="7",
        arch="x86_64",
        signature=Signature("good", "/k", "ABCD (Tonic)"),
        facts=ImageFacts("tonic2", "tonic"),
    )
    assert facts(image) == {
        "name": "tonic2",
        "os": "tonic2",
        "source": "https://example.org/tonic-2-7.qcow2",
        "file": "tonic-2-7.qcow2",
        "build": "7",
        "arch": "x86_64",
        "checksum": f"sha256:{'a' * 64}",
        "signed_by": "ABCD (Tonic)",
        "is_signature_checked": True,
        "default_user": "tonic",
        "base": "/srv/base.qcow2",
        "is_copy": False,
    }
    assert set(facts(image)) <= set(re.findall(r"`([a-z_]+)`", PAGE)), "docs/json.md names every key"


def test_what_is_not_known_is_null() -> None:
    found = facts(ResolvedImage("a.qcow2", path="/srv/a.qcow2", file_name="a.qcow2"), base=BASE._replace(copies=True))
    unknown = {name for name, value in found.items() if value is None}
    assert unknown == {"os", "build", "arch", "checksum", "signed_by", "default_user"}
    assert (found["source"], found["is_copy"], found["is_signature_checked"]) == ("/srv/a.qcow2", True, False)


def test_the_signature_of_an_image_is_checked_when_it_is_there() -> None:
    image = ResolvedImage("x", url="https://e.org/x", file_name="x", signature=Signature("image", "/k", content=b"s"))
    assert facts(image)["is_signature_checked"] is False
    assert facts(image, is_fetched=True)["is_signature_checked"] is True
    unchecked = image._replace(signature=Signature("unchecked"))
    assert facts(unchecked, is_fetched=True)["is_signature_checked"] is False


def test_a_guest_without_an_image() -> None:
    assert image_facts(None, is_fetched=True) is None
