"""Where a value comes from, and what a key or a password is."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from virtprov.cloudinit.value_sources import Reader, Source, key_data, read_keys
from virtprov.support import log
from virtprov.support.errors import FetchError, InputError, UsageError

Put = Callable[[str, str | bytes], str]


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_a_file(put: Put) -> None:
    path = put("a", "hello")
    assert Reader().read("user-data", path) == Source(f"'{path}'", b"hello")
    assert Reader().read("user-data", f"@{path}").data == b"hello"
    assert Reader().read("user-data", f"file://{path}").data == b"hello"


def test_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/a" else 404)
            self.end_headers()
            self.wfile.write(b"from the web")

        def log_message(self, *words: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        assert Reader().read("user-data", f"{address}/a") == Source(f"'{address}/a'", b"from the web")
        with pytest.raises(FetchError, match="not found"):
            Reader().read("user-data", f"{address}/b")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_standard_input_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"#cloud-config\n")
    reader = Reader()
    assert reader.read("user-data", "-") == Source("the user-data on standard input", b"#cloud-config\n")
    with pytest.raises(UsageError, match="user-data and meta-data cannot both be read from standard input"):
        reader.read("meta-data", "-")


def test_the_seeds_of_several_guests_have_the_same_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"#cloud-config\n")
    first, second = (Reader().read("user-data", "-") for _ in range(2))
    assert first == second and first.data == b"#cloud-config\n"
    stdin(monkeypatch, b"#other\n")
    assert Reader().read("user-data", "-").data == b"#other\n"


def test_no_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        Reader().read("user-data", "-")


@pytest.mark.parametrize(
    "text",
    [
        "#cloud-config\nruncmd: [date]",
        "#cloud-config",
        "#!/bin/sh\ntrue\n",
        "instance-id: a\nlocal-hostname: b\n",
        '{"version": 2}',
        "## template: jinja\n#cloud-config\n",
        "Content-Type: multipart/mixed; boundary=x\n\n",
    ],
)
def test_inline_text(text: str) -> None:
    source = Reader().read("user-data", text)
    assert source.name == "the user-data on the command line"
    assert source.data.decode() == text.rstrip("\n") + "\n" or source.data.decode() == text


def test_a_newline_that_the_shell_did_not_make() -> None:
    with pytest.raises(UsageError) as caught:
        Reader().read("user-data", r"#cloud-config\nruncmd: [date]")
    assert "one line" in str(caught.value)
    assert "$'...'" in caught.value.hint


def test_a_value_that_swallows_the_next_one() -> None:
    with pytest.raises(UsageError) as caught:
        Reader().read("user-data", "/a/ud.yaml,meta-data=/a/md.yaml")
    assert "includes meta-data, and no such file exists" in str(caught.value)
    assert caught.value.hint.endswith("user-data=/a/ud.yaml,meta-data=/a/md.yaml")


def test_a_file_whose_name_looks_like_that(put: Put) -> None:
    path = put("a,meta-data=b", "x")
    assert Reader().read("user-data", path).data == b"x"


def test_a_missing_file(put: Put) -> None:
    path = put("ud.yaml", "x")
    with pytest.raises(InputError) as caught:
        Reader().read("user-data", path.replace("ud.", "du."))
    assert str(caught.value).startswith("the user-data file '")
    assert str(caught.value).endswith("du.yaml' does not exist")
    assert caught.value.hint == "did you mean 'ud.yaml'?"
    with pytest.raises(UsageError, match="no file name after '@'"):
        Reader().read("user-data", "@")


def test_keys(put: Put, key: str, other: str) -> None:
    path = put("keys", f"# mine\n{key}\r\n\n  {other}\n{key}\n")
    assert Reader().keys("root-ssh-key", path) == (key, other)
    assert Reader().keys("root-ssh-key", key) == (key,)


def test_keys_on_standard_input(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    stdin(monkeypatch, f"{key}\n".encode())
    assert Reader().keys("ssh-key", "-") == (key,)


def test_options_and_certificates_are_kept(key: str) -> None:
    kind, data, comment = key.split()
    line = f'from="10.0.0.*",command="echo hi there" {key}'
    assert read_keys(Source("x", line.encode())) == (line,)
    assert key_data(line) == key_data(key) == data
    assert key_data("nonsense") == "nonsense"


@pytest.mark.parametrize(
    ("content", "words", "hint"),
    [
        ("", "does not contain an ssh key", ".pub"),
        ("# only a comment\n", "does not contain an ssh key", ".pub"),
        ("\nhello\n", "line 2: not a public ssh key", "ssh-ed25519 AAAA"),
        ("ssh-ed25519\n", "line 1: not a public ssh key", ""),
        ("ssh-ed25519 %%%% me\n", "line 1: the data of the ssh-ed25519 key is corrupt", "one line"),
        ("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAEB me\n", "the data of the ssh-rsa key is corrupt", ""),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n", "is a private key, which must not leave this machine", ".pub"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\n", "is a private key", ".pub"),
        (b"\xff\xfe", "is not UTF-8", ""),
    ],
)
def test_no_keys(put: Put, content: str | bytes, words: str, hint: str) -> None:
    path = put("key", content)
    with pytest.raises(InputError) as caught:
        Reader().keys("root-ssh-key", path)
    assert f"'{path}'" in str(caught.value)
    assert words in str(caught.value)
    assert hint in caught.value.hint


def test_a_password_is_the_first_line_with_its_blanks(put: Put) -> None:
    assert Reader().password("root-password-file", put("a", " pass word \nsecond\n")) == " pass word "
    assert Reader().password("root-password-file", put("b", "x\r\n")) == "x"
    assert Reader().password("root-password-file", put("c", "x")) == "x"


def test_a_password_from_a_pipe_or_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped\n")
    os.close(writing)
    assert Reader().password("root-password-file", f"/dev/fd/{reading}") == "piped"
    os.close(reading)
    stdin(monkeypatch, b"typed\n")
    assert Reader().password("root-password-file", "-") == "typed"


def test_a_password_is_a_secret(put: Put) -> None:
    Reader().password("root-password-file", put("a", "s3cr3t-of-the-file\n"))
    assert log.mask("x s3cr3t-of-the-file") == f"x {log.MASK}"


@pytest.mark.parametrize("text", ["x" * 100_000, "a\0b\n"])
def test_a_password_that_no_login_takes(put: Put, text: str) -> None:
    with pytest.raises(InputError, match="the password in .* cannot be used: it "):
        Reader().password("root-password-file", put("a", text))


def test_no_password(put: Put) -> None:
    with pytest.raises(InputError, match="does not contain a password: its first line is empty"):
        Reader().password("root-password-file", put("a", "\nx\n"))
