"""The package as `pip install` brings it: its wheel, built from the tree, and an environment with nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
# What pip reads; the rest of the tree, caches above all, stays where it is.
SOURCES = (
    "virtprov", "completions", "data", "man", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.cfg",
    "setup.py",
)  # fmt: skip


def build_wheel(folder: Path) -> Path:
    """Build the wheel in `folder`, from a copy of the tree so that no build/ is left in it."""
    tree = folder / "tree"
    tree.mkdir()
    for name in SOURCES:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(TOP / name, tree / name)
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(tree))
    (built,) = folder.glob("*.whl")
    return built


def install_wheel(wheel: Path, home: Path) -> Path:
    """Make an environment in `home` with the wheel in it; the libraries are lent by the environment of the tests."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    _pip("--python", str(home / "bin" / "python"), "install", "--no-deps", str(wheel))
    (site,) = home.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("platlib") + "\n")
    return home


def _pip(*words: str) -> None:
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    done = subprocess.run(argv, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout
