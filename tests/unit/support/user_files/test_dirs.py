"""The user's folders: what the environment says, unless it is no absolute path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.support.user_files import dirs

FOLDERS = [
    (dirs.config, "XDG_CONFIG_HOME", "/home/me/.config"),
    (dirs.data, "XDG_DATA_HOME", "/home/me/.local/share"),
    (dirs.state, "XDG_STATE_HOME", "/home/me/.local/state"),
    (dirs.cache, "XDG_CACHE_HOME", "/home/me/.cache"),
]


@pytest.mark.parametrize(("folder", "variable", "usual"), FOLDERS)
def test_a_folder(folder: Callable[[], str], variable: str, usual: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv(variable, raising=False)
    assert folder() == usual
    for ignored in ("", "here", "./here", "~/here"):
        monkeypatch.setenv(variable, ignored)
        assert folder() == usual
    monkeypatch.setenv(variable, "/mine")
    assert folder() == "/mine"


@pytest.mark.parametrize(
    ("given", "folders"),
    [
        ("", ["/usr/local/share", "/usr/share"]),
        ("here", ["/usr/local/share", "/usr/share"]),
        ("/a:here::/b", ["/a", "/b"]),
    ],
)
def test_data_of_all(given: str, folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", given)
    assert dirs.data_of_all() == folders


@pytest.mark.parametrize("home", ["", "/"])
def test_a_home_that_is_missing(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = f"{tmp_path}/none{home}"
    monkeypatch.setenv("HOME", missing)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", f"{tmp_path}/none/state")
    assert dirs.lacks_home(dirs.cache()) and dirs.lacks_home(f"{tmp_path}/none/.ssh")
    assert not dirs.lacks_home(f"{dirs.state()}/virtprov")  # the user wants this one
    assert not dirs.lacks_home(f"{tmp_path}/nonesuch") and not dirs.lacks_home("/var/cache")
    (tmp_path / "none").mkdir()
    assert not dirs.lacks_home(dirs.cache())


def test_an_account_without_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the list of accounts has one, as in a container with any number as user."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~").mkdir()
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    assert dirs.cache() == "~/.cache" and dirs.lacks_home(dirs.cache())
