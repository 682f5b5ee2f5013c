"""Walk the release list: `tools/release_check.py [--no-tests]`, or `make release-check`.

Each step prints one line, and what is wrong below it; all steps are taken. The status is 1 if something is wrong. What
was built is in dist/: wheel, sdist, Debian packages, source rpm. Nothing is published, and nothing else is changed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Callable
from datetime import date
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LEFT_OUT = {".gitignore"}
"""Tracked files, and folders, that are not in the sdist."""
LEFT_OUT_FOLDERS = (".github/",)


def version_of(top: Path) -> str:
    """Return the version in virtprov/__init__.py."""
    found = re.search(r'^__version__ = "(.+)"$', (top / "virtprov/__init__.py").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


# -- what can be read --------------------------------------------------------------------------------


def check_versions(top: Path) -> list[str]:
    """Return the places that name another version."""
    version = version_of(top)
    places = {
        "packaging/rpm/virtprov.spec": r"^Version: +(\S+)$",
        "README.md": r"dist/virtprov_(\S+)_all\.deb",
        "CHANGELOG.md": r"^## \[([\d.]+)\]",
        **{f"man/virtprov-{tool}.1": r'"virtprov (\S+)"' for tool in ("install", "clone", "xml")},
    }
    wrong = []
    for place, pattern in places.items():
        found = re.search(pattern, (top / place).read_text(encoding="utf-8"), re.MULTILINE)
        if found is None or found[1] != version:
            wrong.append(f"{place} names version {found[1] if found else '(none)'}, not {version}")
    return wrong


def check_changelog(top: Path) -> list[str]:
    """Return what is wrong with the newest section of the changelog: it needs a date that has come, and text."""
    text = (top / "CHANGELOG.md").read_text(encoding="utf-8")
    heading, _, rest = text.partition("\n## ")[2].partition("\n")
    body = rest.partition("\n## [")[0]
    found = re.fullmatch(r"\[[\d.]+\] - (\d{4}-\d\d-\d\d)", heading)
    wrong = []
    if found is None:
        wrong.append(f"the newest section is '{heading}', not a version with a date")
    elif date.fromisoformat(found[1]) > date.today():
        wrong.append(f"the newest section has a date that has not come: {found[1]}")
    if not re.search(r"^- \S", body, re.MULTILINE):
        wrong.append("the newest section names no change")
    return wrong


def check_floors(top: Path) -> list[str]:
    """Return the libraries whose oldest version is not the same in pyproject.toml and in the packages."""
    import tomllib

    needed = tomllib.loads((top / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {"libvirt-python": ("libvirt", "libvirt"), "PyYAML": ("yaml", "pyyaml")}
    control = (top / "packaging/debian/control").read_text()
    spec = (top / "packaging/rpm/virtprov.spec").read_text()
    wrong = []
    for line in needed:
        name, _, floor = line.partition(">=")
        debian, fedora = names.get(name, (name, name))
        if f" python3-{debian} (>= {floor})" not in control:
            wrong.append(f"packaging/debian/control does not have python3-{debian} (>= {floor})")
        if not re.search(rf"^Requires: +python3-{fedora} >= {re.escape(floor)}$", spec, re.MULTILINE):
            wrong.append(f"packaging/rpm/virtprov.spec does not have python3-{fedora} >= {floor}")
    return wrong


def check_tree(top: Path) -> list[str]:
    """Return what is not committed, and whether the version has been released from another commit."""
    tag = f"v{version_of(top)}"
    wrong = [f"not committed: {line}" for line in git(top, "status", "--porcelain").splitlines()]
    if git(top, "tag", "--list", tag):
        tagged, head = git(top, "rev-list", "-n", "1", tag), git(top, "rev-parse", "HEAD")
        if tagged != head:
            wrong.append(f"{tag} is the tag of another commit")
    return wrong


def check_generated(top: Path) -> list[str]:
    """Return the man pages and completion scripts that are not as they would be written now."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for tool, place, files in (("pages.py", "man", "*.1"), ("completions.py", "completions", "**/*")):
            fresh = Path(folder, place)
            run([sys.executable, top / "tools" / tool, fresh], top)
            old, new = contents(top / place, files), contents(fresh, files)
            wrong += [
                f"{place}/{name} is stale: run `make man`"
                for name in sorted(old.keys() | new.keys())
                if old.get(name) != new.get(name)
            ]
    return wrong


def contents(folder: Path, pattern: str) -> dict[str, bytes]:
    """Return the files in a folder by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob(pattern) if path.is_file()}


# -- what is built -----------------------------------------------------------------------------------


def check_python_packages(top: Path) -> list[str]:
    """Build sdist and wheel from the last commit, and return what twine or a comparison of files finds."""
    dist = top / "dist"
    with tempfile.TemporaryDirectory() as folder:
        home, source = Path(folder, "venv"), Path(folder, "source")
        venv.create(home, with_pip=True)
        run([home / "bin/pip", "install", "-q", "--disable-pip-version-check", "build", "twine"], top)
        source.mkdir()
        run(["bash", "-c", 'git archive HEAD | tar -xf - -C "$0"', source], top)
        run([home / "bin/python", "-m", "build", "--outdir", dist, source], top)
        built = [dist / f"virtprov-{version_of(top)}{end}" for end in (".tar.gz", "-py3-none-any.whl")]
        run([home / "bin/twine", "check", "--strict", *built], top)
    with tarfile.open(built[0]) as archive:
        there = {name.partition("/")[2] for name in archive.getnames()}
    tracked = set(git(top, "ls-files").splitlines()) - LEFT_OUT
    return [f"the sdist lacks {name}" for name in sorted(tracked - there) if not name.startswith(LEFT_OUT_FOLDERS)]


def check_debian_packages(top: Path) -> list[str]:
    """Build the Debian packages."""
    run([top / "tools/deb", top / "dist"], top)
    return []


def check_rpm(top: Path) -> list[str]:
    """Have rpm read the spec file, make a source package of it, and return what rpmlint says is an error."""
    spec = top / "packaging/rpm/virtprov.spec"
    run(["rpmspec", "-P", spec], top)
    folders = [f"--define=_{name} {top / 'dist'}" for name in ("sourcedir", "srcrpmdir")]
    run(["rpmbuild", "-bs", *folders, spec], top)
    run(["rpmlint", spec], top)
    return []


def check_tests(top: Path) -> list[str]:
    """Run all tests."""
    run(["make", "test"], top, shown=True)
    return []


# -- the list ----------------------------------------------------------------------------------------

Check = Callable[[Path], list[str]]
STEPS: tuple[tuple[str, Check], ...] = (
    ("all is committed, and the tag is free", check_tree),
    ("the version is the same everywhere", check_versions),
    ("the changelog has a dated section", check_changelog),
    ("the packages need the same versions of libraries", check_floors),
    ("man pages and completion scripts are fresh", check_generated),
    ("sdist and wheel are complete, and twine accepts them", check_python_packages),
    ("the Debian packages can be built", check_debian_packages),
    ("rpm accepts the spec file (it is never built)", check_rpm),
)
TESTS: tuple[str, Check] = ("all tests pass", check_tests)


class Failed(Exception):
    """A command failed; the message has what it printed."""


def run(argv: list[str | Path], top: Path, *, shown: bool = False) -> str:
    """Run a command in the tree, and return what it printed, unless it is shown. Raises Failed."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, cwd=top, text=True, stdout=None if shown else subprocess.PIPE,
            stderr=None if shown else subprocess.STDOUT, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise Failed(f"{words[0]} is not installed") from None
    if done.returncode:
        said = "" if shown else "\n" + "\n".join((done.stdout or "").splitlines()[-20:])
        raise Failed(f"`{' '.join(words[:4])}` exited with {done.returncode}{said}")
    return done.stdout or ""


def git(top: Path, *words: str) -> str:
    """Return what git prints."""
    return run(["git", "-C", top, *words], top).strip()


def walk(steps: tuple[tuple[str, Check], ...], top: Path) -> int:
    """Take the steps in order and print what each finds; return the status."""
    status = 0
    for number, (name, check) in enumerate(steps, 1):
        try:
            wrong = check(top)
        except Failed as failure:
            wrong = [str(failure)]
        print(f"{number}. {'WRONG' if wrong else 'right'}: {name}", flush=True)
        for line in wrong:
            print("   " + line.replace("\n", "\n   "), flush=True)
        status = 1 if wrong else status
    return status


def main(words: list[str]) -> int:
    """Walk the list; returns the status."""
    shutil.rmtree(TOP / "dist", ignore_errors=True)
    (TOP / "dist").mkdir()
    steps = STEPS if "--no-tests" in words else (*STEPS, TESTS)
    status = walk(steps, TOP)
    if "--no-tests" in words:
        print("The tests were not run.")
    if status:
        print(f"Version {version_of(TOP)} cannot be released like this.")
    else:
        print(f"Version {version_of(TOP)} is in dist/; to release it, tag v{version_of(TOP)} and publish these files.")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
