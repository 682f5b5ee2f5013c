"""The reboot or power-off that user-data asks for."""

from __future__ import annotations

import gzip

import pytest

from virtprov.cloudinit.power_state import HALT, POWEROFF, REBOOT, PowerState, read

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
        ("", None),
        ("no header\n", None),
        (CONFIG + "a: [\n", None),
    ],
)
def test_what_is_asked_for(text: str, wanted: PowerState | None) -> None:
    assert read(text.encode()) == wanted
    assert read(gzip.compress(text.encode())) == wanted
