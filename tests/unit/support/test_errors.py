"""Hints for mistyped names: near ones only, and those that merely go on."""

from __future__ import annotations

import pytest

from virtprov.support.errors import nearest

FLAGS = ("--events", "--connect", "--name", "--define", "--update", "--remove-device", "--network", "--disk", "--start")


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("rhel7", ("rhl7", "rhel7.0", "rhel7.9", "rhel7.10", "rhel8-unknown"), "'rhel7.10', 'rhel7.9' or 'rhel7.0'"),
        ("fedora", ("fedora-eln", "fedorq"), "'fedora-eln'"),
        ("--remove", FLAGS, "'--remove-device'"),
        ("--netwrok", FLAGS, "'--network'"),
        ("virtoi", ("virtio", "vmxnet3"), "'virtio'"),
        ("HOST-PASSTHROGH", ("host-passthrough", "host-model"), "'host-passthrough'"),
        ("wep", ("web", "db"), "'web'"),
        ("cache", ("driver.cache", "driver.io"), "'driver.cache'"),
    ],
)
def test_near(name: str, known: tuple[str, ...], hint: str) -> None:
    assert nearest(name, known) == f"did you mean {hint}?"


@pytest.mark.parametrize("name", ["--eject", "--delete", "--passwd", "--insert", "--snapshot", ""])
def test_far(name: str) -> None:
    assert nearest(name, FLAGS) == ""
