"""What users type for places and media."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtprov.places.place import Medium
from virtprov.places.place_text import check_location, parse_medium
from virtprov.support.errors import ProvError, UsageError


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/srv/tree", "/srv/tree"),
        ("tree", "tree"),
        ("~/tree", os.path.expanduser("~/tree")),
        ("file:///srv/a%20tree", "/srv/a tree"),
        ("http://host/tree/", "http://host/tree/"),
        ("HTTPS://host/tree", "HTTPS://host/tree"),
        ("ftp://host/pub", "ftp://host/pub"),
        ("/odd:name://x", "/odd:name://x"),
    ],
)
def test_places(text: str, place: str) -> None:
    assert check_location(text) == place
    assert parse_medium(text) == Medium(place)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("nfs:server:/export/tree", "NFS servers are not read directly", "mount -t nfs"),
        ("nfs:example.com/fake", "NFS servers are not read directly", "`mount -t nfs example.com:/fake /mnt`"),
        ("nfs://server/export/tree", "NFS servers are not read directly", "mount -t nfs server:/export/tree /mnt"),
        ("smb://server/tree", "smb:// is not supported", "use a path, or an http, https or ftp URL"),
        ("file://other/tree", "is a file on another machine", "file:///path"),
        ("", "--location is empty", "give a path or a URL"),
        ("http://host/tree,foo=1", "--location has no sub-option 'foo'", "kernel= and initrd="),
        ("/srv/tree,kernal=k", "--location has no sub-option 'kernal'", "did you mean 'kernel'?"),
    ],
)
def test_places_that_cannot_be_read(text: str, message: str, hint: str) -> None:
    with pytest.raises(ProvError, match=message) as caught:
        check_location(text)
    assert hint in caught.value.hint


def test_commas_that_belong_to_the_place(tmp_path: Path) -> None:
    (tmp_path / "a,b=c").mkdir()
    for text in (f"{tmp_path}/a,b=c", "http://host/tree?a=1,b=2", "http://host/a,b=c/tree", "http://host/a,b"):
        assert check_location(text) == text


def test_volumes() -> None:
    assert parse_medium("vol=images/a.iso") == Medium(vol="images/a.iso")
    assert not parse_medium("vol=images/a.iso").is_url and parse_medium("https://host/a.iso").is_url
    for text in ("vol=", "vol=images", "vol=images/", "vol=/a.iso"):
        with pytest.raises(UsageError, match="not a volume"):
            parse_medium(text)
