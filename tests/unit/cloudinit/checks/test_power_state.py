"""The reboot or power-off that user-data asks for."""

from __future__ import annotations

import gzip

import pytest

from virtprov.cloudinit.checks.power_state import HALT, POWEROFF, REBOOT, PowerState, read

CONFIG = "#cloud-config\n"
MIME = """\
Content-Type: multipart/mixed; boundary="=="
MIME-Version: 1.0

--==
Content-Type: text/cloud-config

#cloud-config
power_state: {mode: reboot}
--==
Content-Type: text/x-shellscript

#!/bin/sh
echo 'power_state: {mode: halt}'
--==--
"""


def nested(levels: int) -> str:
    """The heads of multi-part documents in each other."""
    head = 'Content-Type: multipart/mixed; boundary="{0}"\nMIME-Version: 1.0\n\n--{0}\n'
    return "".join(head.format(f"b{level}") for level in range(levels)) + "Content-Type: text/cloud-config\n\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (CONFIG, None),
        (CONFIG + "power_state: {mode: reboot}\n", PowerState(REBOOT)),
        (CONFIG + "power_state:\n  delay: 1\n  mode: reboot\n  message: m\n", PowerState(REBOOT, 1)),
        (CONFIG + "power_state: {mode: poweroff, delay: now}\n", PowerState(POWEROFF)),
        (CONFIG + "power_state: {mode: halt, delay: '+5'}\n", PowerState(HALT, 5)),
        (CONFIG + "power_state: {mode: reboot, delay: '23:00'}\n", PowerState(REBOOT)),
        (CONFIG + "power_state: {mode: reboot, condition: true}\n", PowerState(REBOOT)),
        (CONFIG + "power_state: {mode: reboot, condition: 'True'}\n", PowerState(REBOOT)),
        (CONFIG + "power_state: {mode: reboot, condition: false}\n", None),
        (CONFIG + "power_state: {mode: reboot, condition: test -e /x}\n", PowerState(REBOOT, sure=False)),
        (CONFIG + "power_state: {mode: reboot, condition: [test, -e, /x]}\n", PowerState(REBOOT, sure=False)),
        (CONFIG + "power_state: {mode: sleep}\n", None),
        (CONFIG + "power_state: {mode: [reboot]}\n", None),
        (CONFIG + "power_state: reboot\n", None),
        (CONFIG + "runcmd: ['power_state: {mode: reboot}']\n", None),
        ("#!/bin/sh\nreboot\n", None),
        ("## template: jinja\n" + CONFIG + "hostname: {{ x }}\npower_state: {mode: reboot}\n", None),
        ("## template: jinja\n" + CONFIG + "hostname: h{{ x }}\npower_state: {mode: reboot}\n", PowerState(REBOOT)),
        (MIME, PowerState(REBOOT)),
        (nested(3) + CONFIG + "power_state: {mode: reboot}\n", PowerState(REBOOT)),
        (nested(2000) + CONFIG, None),
        ("", None),
        ("no header\n", None),
        (CONFIG + "a: [\n", None),
    ],
)
def test_what_is_asked_for(text: str, wanted: PowerState | None) -> None:
    assert read(text.encode()) == wanted
    assert read(gzip.compress(text.encode())) == wanted
