"""Architectures have one name in the database, and many in distributions."""

from __future__ import annotations

from virtprov.osinfo.media.arch_names import arch_name


def test_arches_as_distributions_spell_them() -> None:
    assert [arch_name(one) for one in ("amd64", "i386", "arm64", "armhfp", "ppc64el", "s390x", "")] == [
        "x86_64", "i686", "aarch64", "armv7l", "ppc64le", "s390x", "",
    ]  # fmt: skip
