"""What `pip install` brings: the commands, the profiles, the man pages, all of the code; and it runs elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from virtprov import __version__

TOP = Path(__file__).resolve().parents[1]
COMMANDS = ("virtprov-install", "virtprov-clone", "virtprov-xml")
# What pip reads; the rest of the tree, caches above all, stays where it is.
SOURCES = (
    "virtprov", "completions", "data", "man", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.cfg",
    "setup.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree so that no build/ is left in it."""
    tree = tmp_path_factory.mktemp("tree")
    for name in SOURCES:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(TOP / name, tree / name)
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(tree))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The paths in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it; the libraries are lent by the environment of the tests."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    pip("--python", str(home / "bin" / "python"), "install", "--no-deps", str(wheel))
    (site,) = home.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("platlib") + "\n")
    return home


def pip(*words: str) -> None:
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    done = subprocess.run(argv, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout


def test_the_wheel_is_named_after_the_version(wheel: Path) -> None:
    assert wheel.name == f"virtprov-{__version__}-py3-none-any.whl"


def test_all_of_the_code_is_there(names: set[str]) -> None:
    code = {str(path.relative_to(TOP)) for path in (TOP / "virtprov").rglob("*.py")} | {"virtprov/py.typed"}
    assert code - names == set()


def test_everything_the_code_reads_is_there(names: set[str]) -> None:
    beside = {
        str(path.relative_to(TOP))
        for path in (TOP / "virtprov").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert beside - names == set()


def test_the_profiles_are_there(names: set[str]) -> None:
    profiles = {f"virtprov/_data/{path.relative_to(TOP / 'data')}" for path in (TOP / "data").rglob("*.xml")}
    assert profiles
    assert profiles - names == set()


def test_the_man_pages_are_there(names: set[str]) -> None:
    pages = {f"virtprov-{__version__}.data/data/share/man/man1/{command}.1" for command in COMMANDS}
    assert pages - names == set()


def test_the_completions_are_there(names: set[str]) -> None:
    scripts = {path.relative_to(TOP / "completions") for path in (TOP / "completions").rglob("*") if path.is_file()}
    assert len(scripts) == 9
    assert {f"virtprov-{__version__}.data/data/share/{path}" for path in scripts} - names == set()


def test_nothing_else_is_there(names: set[str]) -> None:
    info = f"virtprov-{__version__}"
    assert {name.split("/")[0] for name in names} == {"virtprov", f"{info}.data", f"{info}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_libraries_are_asked_for(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"virtprov-{__version__}.dist-info/METADATA").decode()
    for library in ("libvirt-python", "lxml", "pycdlib", "requests", "PyYAML"):
        assert f"\nRequires-Dist: {library}>=" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_run_from_anywhere(command: str, installed: Path, tmp_path: Path) -> None:
    argv = [str(installed / "bin" / command), "--version"]
    done = subprocess.run(argv, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, __version__ + "\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_explain_themselves(command: str, installed: Path, tmp_path: Path) -> None:
    argv = [str(installed / "bin" / command), "--help"]
    done = subprocess.run(argv, cwd=tmp_path, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert command in done.stdout


def test_the_installed_package_reads_its_own_profiles(installed: Path, tmp_path: Path) -> None:
    python = str(installed / "bin" / "python")
    code = "from virtprov.osinfo import find_profile as it; print(it.__file__); print(it.find('debian12').short_id)"
    env = {"HOME": str(tmp_path), "OSINFO_SYSTEM_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([python, "-c", code], cwd=tmp_path, text=True, capture_output=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    module, short_id = done.stdout.split()
    assert Path(module).is_relative_to(installed)
    assert short_id == "debian12"


def test_the_man_pages_are_installed(installed: Path) -> None:
    assert {path.name for path in (installed / "share" / "man" / "man1").iterdir()} == {f"{c}.1" for c in COMMANDS}
