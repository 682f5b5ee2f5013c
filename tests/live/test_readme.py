"""The way to install that docs/tutorial/install.md names first: with the distribution's module, and no compiler."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.live

TOP = Path(__file__).resolve().parents[2]
SEEN = """
import importlib.metadata, json, libvirt
print(json.dumps([libvirt.__file__, importlib.metadata.version("libvirt-python")]))
"""


def test_the_distributions_module_is_one_that_pip_is_content_with(tmp_path: Path) -> None:
    home = tmp_path / "environment"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--system-site-packages", str(home)], check=True)
    done = subprocess.run([home / "bin" / "python", "-c", SEEN], capture_output=True, text=True, check=True)
    where, version = json.loads(done.stdout)
    assert where.startswith("/usr/lib/python3/dist-packages/")
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (wanted,) = (word for word in project["dependencies"] if word.startswith("libvirt-python"))
    argv = [home / "bin" / "pip", "install", "--no-index", "--dry-run", "--disable-pip-version-check", wanted]
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert f"({version})" in told.stdout and "already satisfied" in told.stdout
