"""What --disk says beside the element."""

from __future__ import annotations

import pytest

from virtprov.guest.disks import spec
from virtprov.guest.disks.spec import DiskSpec
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ({}, DiskSpec()),
        ({"path": "/a"}, DiskSpec(path="/a")),
        ({"size": "20"}, DiskSpec(size=20.0)),
        ({"size": "0.5", "pool": "p", "sparse": "no"}, DiskSpec(size=0.5, pool="p", sparse=False)),
        ({"size": "512M"}, DiskSpec(size=0.5)),
        ({"size": "1T", "format": "raw"}, DiskSpec(size=1024.0, format="raw")),
        ({"vol": "p/v"}, DiskSpec(vol="p/v")),
        ({"upload": "/a", "pool": "p"}, DiskSpec(upload="/a", pool="p")),
        (
            {"backing_store": "/b", "backing_format": "raw", "sparse": "yes"},
            DiskSpec(backing_store="/b", backing_format="raw", sparse=True),
        ),
        ({"size": ""}, DiskSpec()),
        ({"path": ""}, DiskSpec(path="")),
        ({"as": "volume", "vol": "p/v"}, DiskSpec(vol="p/v", source_as="volume")),
    ],
)
def test_words_become_a_spec(words: dict[str, str], result: DiskSpec) -> None:
    assert spec.parse(words) == result


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"size": "0"}, "--disk size: '0' is not a valid size in GiB"),
        ({"size": "-1"}, "size: '-1'"),
        ({"size": "much"}, "much"),
        ({"size": "1e15"}, "size: '1e15'"),
        ({"size": "nan"}, "size: 'nan'"),
        ({"vol": "p/v", "path": "/a"}, "--disk: vol= cannot be combined with path= or pool="),
        ({"vol": "p/v", "pool": "p"}, "--disk: vol= cannot be combined with path= or pool="),
        ({"path": "/a", "pool": "p"}, "path= and pool= cannot be used together"),
        ({"upload": "/a", "path": "/b"}, "--disk: upload= creates a new volume, and cannot be combined with path="),
        ({"upload": "/a", "vol": "p/v"}, "--disk: upload= creates a new volume, and cannot be combined with vol="),
        (
            {"upload": "/a", "backing_store": "/b"},
            "--disk: upload= creates a new volume, and cannot be combined with backing_store=",
        ),
        ({"vol": "pool"}, "--disk vol=pool: not a volume"),
        ({"as": "file"}, "--disk as: invalid value 'file'"),
        ({"sparse": "perhaps"}, "'perhaps' is not yes or no"),
    ],
)
def test_words_that_make_no_sense(words: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        spec.parse(words)
    assert message in caught.value.message
    assert caught.value.hint
