"""A seed that is only shown has no secrets in it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from virtprov.cloudinit.seed_dump import dump
from virtprov.cloudinit.seed_request import SeedRequest, from_options
from virtprov.support.log import MASK
from virtprov.support.logins import passwords, ssh_key

BEGIN = "-----BEGIN PRIVATE KEY-----"
Put = Callable[[str, str | bytes], str]


def test_our_own_secrets(put: Put, key: str) -> None:
    secret, open_file = put("s", "quite private\n"), put("o", "known to all\n")
    os.chmod(secret, 0o600)
    pair = ssh_key.generate()
    words = {
        "root-password-file": put("r", "rootword"),
        "user": "tom",
        "password-file": put("p", "tomsword"),
        "ssh-key": [key],
        "write": [f"{secret}:/etc/secret", f"{open_file}:/etc/open"],
        "proxy": "http://me:proxyword@proxy:3128",
        "hostname": "web",
    }
    request = from_options(words)._replace(completes=True, host_key=pair)
    found = dump(request)
    text = "".join(found.values())
    for word in ("rootword", "tomsword", "quite private", "proxyword", "me@proxy", "$6$", pair.private.splitlines()[2]):
        assert word not in text
    for word in (key, "known to all", pair.public, "http://proxy:3128", "/etc/secret", "local-hostname: web", MASK):
        assert word in text
    assert list(found) == ["user-data", "meta-data"]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password: hunter2\n", "hunter2"),
        ("users:\n  - name: a\n    plain_text_passwd: 'hunter2 x'\n", "hunter2"),
        ("users: [{name: a, passwd: hunter2}, b]\n", "hunter2"),
        ("chpasswd:\n  list: |\n    root:hunter2\n    a:b\n  expire: false\n", "hunter2"),
        ("chpasswd:\n  list:\n    - root:hunter2\n", "hunter2"),
        ("ssh_keys:\n  rsa_private: |\n    -----BEGIN RSA PRIVATE KEY-----\n    hunter2\n", "hunter2"),
        (f"write_files:\n - content: |\n    {BEGIN}\n    hunter2\n    {BEGIN.replace('BEGIN', 'END')}\n", "hunter2"),
        (f"runcmd:\n - usermod -p '{passwords.hash_password('x')}' a\n", "$6$"),
        ("ubuntu_pro:\n  token: hunter2\n", "hunter2"),
        ('rh_subscription: {"password": "hunter2"}\n', "hunter2"),
    ],
)  # fmt: skip
def test_secrets_of_the_users_own(put: Put, text: str, secret: str) -> None:
    shown = dump(SeedRequest(user_data=put("u", f"#cloud-config\n{text}timezone: UTC\n")))["user-data"]
    assert secret not in shown and MASK in shown
    assert shown.startswith("#cloud-config\n") and shown.endswith("timezone: UTC\n")


def test_what_is_no_secret_stays(put: Put) -> None:
    text = "#cloud-config\npackages:\n  - passwdqc\nssh_pwauth: true\nrun: {password_less: 1}\n"
    assert dump(SeedRequest(user_data=put("u", text)))["user-data"] == text


def test_what_is_not_text(put: Put) -> None:
    import gzip

    shown = dump(SeedRequest(user_data=put("u", gzip.compress(b"#cloud-config\npassword: x\n"))))["user-data"]
    assert shown.endswith("bytes that are not text)\n")
