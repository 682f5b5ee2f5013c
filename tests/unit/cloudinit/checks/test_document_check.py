"""What may be user-data, vendor-data and network-config, and what is said about the rest."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

from virtprov.cloudinit.checks.document_check import CheckedDocument, check_meta_data, check_user_data
from virtprov.cloudinit.checks.document_check import load as load_yaml
from virtprov.cloudinit.value_sources import Source
from virtprov.support.errors import InputError


def user(text: str | bytes) -> CheckedDocument:
    return check_user_data(Source("'ud'", text if isinstance(text, bytes) else text.encode()))


@pytest.mark.parametrize(
    ("text", "kind", "mime"),
    [
        ("#cloud-config\n", "cloud-config", "text/cloud-config"),
        ("#cloud-config\nruncmd: [date]\n", "cloud-config", "text/cloud-config"),
        ("#cloud-config\r\nruncmd:\r\n - date\r\n", "cloud-config", "text/cloud-config"),
        ("#cloud-config # mine\n{}\n", "cloud-config", "text/cloud-config"),
        ("#!/bin/sh\n: {{{\n", "script", "text/x-shellscript"),
        ("#include\nhttp://x/y\n", "include", "text/x-include-url"),
        ("#include-once\nhttp://x/y\n", "include", "text/x-include-once-url"),
        ("#cloud-boothook\n#!/bin/sh\n", "boothook", "text/cloud-boothook"),
        ("#part-handler\ndef x(): pass\n", "part-handler", "text/part-handler"),
        ("#cloud-config-archive\n- type: a\n", "cloud-config-archive", "text/cloud-config-archive"),
        ('#cloud-config-jsonp\n[{"op": "add"}]\n', "cloud-config-jsonp", "text/cloud-config-jsonp"),
        ("## template: jinja\n#cloud-config\n{% if %}\n", "jinja2", "text/jinja2"),
        ("## template: jinja\n#!/bin/sh\n", "jinja2", "text/jinja2"),
        ('Content-Type: multipart/mixed; boundary="x"\nMIME-Version: 1.0\n\n--x--\n', "multipart", "multipart/mixed"),
        ("MIME-Version: 1.0\nContent-Type: multipart/mixed;\n boundary=x\n\n", "multipart", "multipart/mixed"),
        ("From nobody Fri Jan 11\nContent-Type: multipart/mixed\n\n", "multipart", "multipart/mixed"),
    ],
)
def test_kinds(text: str, kind: str, mime: str) -> None:
    checked = user(text)
    assert (checked.kind, checked.mime, checked.warnings) == (kind, mime, ())
    assert checked.text == text


def test_the_mapping_can_be_looked_at() -> None:
    assert user("#cloud-config\nruncmd: [date]\n").tree == {"runcmd": ["date"]}
    assert user("#cloud-config\n# nothing\n").tree == {}
    assert user("#!/bin/sh\n").tree is None


def test_gzip() -> None:
    packed = user(gzip.compress(b"#cloud-config\nruncmd: [date]\n"))
    assert (packed.kind, packed.mime) == ("cloud-config", "application/gzip")
    with pytest.raises(InputError, match=r"'ud' \(unpacked\), line 1"):
        user(gzip.compress(b"hello\n"))
    with pytest.raises(InputError, match="looks like a gzip file but cannot be decompressed"):
        user(b"\x1f\x8bnonsense")
    with pytest.raises(InputError, match="looks like a gzip file but cannot be decompressed"):
        user(gzip.compress(b"#cloud-config\n" * 100)[:-12])


def test_a_gzip_bomb() -> None:
    with pytest.raises(InputError, match="is larger than 16 MiB when decompressed"):
        user(gzip.compress(b"#" * (17 * 1024**2)))


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        (
            "packages: [x]\n",
            "line 1: cloud-init does not recognise the file type 'packages: [x]', and would ignore the file",
            "on the first line",
        ),
        ("\n\npackages: [x]\n", "line 3: cloud-init does not recognise the file type", ""),
        ("a: 1\n#cloud-config\n", "line 1:", "it is on line 2"),
        ("# cloud-config\na: 1\n", "line 1: '# cloud-config' is not '#cloud-config'", "write exactly '#cloud-config'"),
        ("#cloud_config\n", "'#cloud_config' is not '#cloud-config'", ""),
        ("cloud-config\n", "'cloud-config' is not '#cloud-config'", ""),
        (
            "<html>\n",
            "cloud-init does not recognise the file type '<html>', and would ignore the file",
            "check that this is the right file, or add --check cloud_init=off to pass it on as it is",
        ),
        ("x" * 100, "x" * 37 + "...'", ""),
        (b"\xef\xbb\xbf#cloud-config\n", "line 1: starts with a byte order mark", "without"),
        (b"#cloud-config\na: \xff\n", "is not UTF-8 text: line 2 contains the byte 0x", ""),
        ("#cloud-config\nruncmd:\n  - a\n b: 1\n", "line 4: invalid YAML", "indentation"),
        ("#cloud-config\na: b: c\n", "line 2: invalid YAML: mapping values are not allowed here", "quote"),
        (
            "#cloud-config\nruncmd:\n\t- a\n",
            "line 3: invalid YAML",
            "indent with spaces: YAML does not allow tabs there",
        ),
        ("#cloud-config\na: 'x\n\n", "invalid YAML", ""),
        ("#cloud-config\na: [1, 2\nb: 3\n", "line 3: invalid YAML", ""),
        ("#cloud-config\nhostname: {{ name }}\n", "line 2: invalid YAML", "## template: jinja"),
        ("#cloud-config\na: \x01\n", "line 2: invalid YAML", ""),
        ("#cloud-config\na: !!python/object:os.system {}\n", "line 2: invalid YAML", ""),
        ("#cloud-config\na: *b\n", "line 2: invalid YAML", ""),
        ("#cloud-config\na: 1\n---\nb: 2\n", "invalid YAML", ""),
        ("#cloud-config\na: 2024-13-45\n", "invalid value in the YAML", ""),
        ("#cloud-config\na: !!timestamp x\n", "invalid value in the YAML", ""),
        ("#cloud-config\na: !!map x\n", "line 2: invalid YAML", ""),
        ("#cloud-config\n" + "[" * 5000, "nested too deeply", ""),
        ("#cloud-config\n\n- a\n", "line 3: the cloud-config is a list, not a mapping", "key: value"),
        ("#cloud-config\nruncmd:date\n", "line 2: the cloud-config is plain text", "missing space after a colon?"),
        ("#cloud-config\n17\n", "line 2: the cloud-config is a single value", ""),
        ("#cloud-config-archive\na: 1\n", "must be a list of parts", ""),
        ('#cloud-config-jsonp\n{"a":\n ]\n', "line 3: invalid JSON", ""),
        ("## template: jinja\nhello\n", "line 2: a '## template: jinja' document needs a second header", ""),
    ],
)
def test_refused(text: str | bytes, words: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        user(text)
    assert str(caught.value).startswith("'ud'")
    assert words in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("#cloud-config\nwrite_file: []\n", "cloud-init has no key 'write_file': did you mean 'write_files'?"),
        ("#cloud-config\nrun-cmd: []\n", "did you mean 'runcmd'?"),
        ("#cloud-config\nssh-pwauth: true\n", "did you mean 'ssh_pwauth'?"),
        ("#cloud-config\nruncmd: []\npackages: []\nruncmd: []\n", "line 4: duplicate key 'runcmd'"),
        ("#cloud-config\nntp: {pools: [], pools: []}\n", "line 2: duplicate key 'pools'"),
        ("\n#cloud-config\n", "the first line should be '#cloud-config', in lower case"),
        ("#Cloud-Config\n", "in lower case"),
        ("#cloud-configuration\n", "cloud-init reads '#cloud-configuration' as '#cloud-config'"),
        ("#cloud-config-mine " + "x" * 100 + "\n", "x..."),
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("#cloud-config\nusers: {name: x, shel: y}\n", "users has no key 'shel' in cloud-init: did you mean 'shell'?"),
        ("#!/bin/bash\r\ntrue\r\n", "line 1: the line ends with CR LF, so the guest will not find the interpreter"),
    ],
)
def test_warned(text: str, warning: str) -> None:
    (said,) = user(text).warnings
    assert said.startswith("'ud'")
    assert warning in said


def test_keys_nobody_knows_are_left_alone() -> None:
    assert user("#cloud-config\nx-mine: 1\nmy_own_module: {}\n1: 2\nca-certs: {}\n").warnings == ()


def test_merged_keys_are_not_doubles() -> None:
    text = "#cloud-config\nx-a: &a {k: 1}\nx-b:\n  <<: *a\n  k: 2\n"
    assert user(text).warnings == ()


def test_yaml_is_loaded_only_when_needed() -> None:
    code = (
        "import sys\n"
        "from virtprov.cloudinit import seed, seed_request, value_sources, documents\n"
        "from virtprov.cloudinit.checks import document_check\n"
        "heavy = {'yaml', 'requests', 'pycdlib', 'hashlib', 'secrets', 'uuid', 'json', 'email', 'difflib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_document_of_a_million_values_is_not_read_to_its_end() -> None:
    text = "#cloud-config\nwrite_files:\n" + "- path: /a\n  content: b\n" * 200_000
    with pytest.raises(InputError, match="the YAML is too large: it contains more than 50000 values"):
        load_yaml(text, "ud")


def test_keys_of_meta_data_that_resemble_a_known_one() -> None:
    checked = check_meta_data(Source("'md'", b"instanceid: a\nlocal-hostname: b\nrack: 7\n"))
    assert checked.tree == {"instanceid": "a", "local-hostname": "b", "rack": 7}
    assert checked.warnings == ("'md': the meta-data has no key 'instanceid': did you mean 'instance-id'?",)
