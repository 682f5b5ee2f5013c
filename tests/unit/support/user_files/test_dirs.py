"""The user's folders: what the environment says, unless it is no absolute path."""

from __future__ import annotations

from collections.abc import Callable

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
