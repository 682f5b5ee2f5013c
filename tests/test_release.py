"""The release list, `make release-check`: this tree passes what can be read, and each check finds what it is for."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from tools import release_check as release

TOP = Path(__file__).resolve().parents[1]
READ = (
    "virtprov/__init__.py", "packaging/rpm/virtprov.spec", "packaging/debian/control", "README.md", "CHANGELOG.md",
    "pyproject.toml", "man/virtprov-install.1", "man/virtprov-clone.1", "man/virtprov-xml.1",
)  # fmt: skip
Check = Callable[[Path], list[str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the checks read."""
    for name in READ:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, tmp_path / name)
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def git(tree: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    subprocess.run(["git", *who, *words], cwd=tree, check=True, capture_output=True)


@pytest.mark.parametrize("check", [release.check_versions, release.check_floors])
def test_this_tree_passes(check: Check) -> None:
    assert check(TOP) == []


@pytest.mark.parametrize("name", [name for name in READ if name.startswith(("man", "README", "packaging/rpm"))])
def test_another_version_is_found(name: str, tree: Path) -> None:
    change(tree / name, release.version_of(tree), "9.9.9")
    assert release.check_versions(tree) == [f"{name} names version 9.9.9, not {release.version_of(tree)}"]


def test_a_version_without_a_section_is_found(tree: Path) -> None:
    change(tree / "CHANGELOG.md", f"## [{release.version_of(tree)}]", "## [0.0.1]")
    assert len(release.check_versions(tree)) == 1


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("## [0.2.0] - 2020-01-01\n\n- A change\n", []),
        ("## [Unreleased]\n\n- A change\n", ["the newest section is '[Unreleased]', not a version with a date"]),
        ("## [0.2.0] - 2020-01-01\n\n### Added\n", ["the newest section names no change"]),
        (
            f"## [0.2.0] - {date.today() + timedelta(2)}\n\n- A change\n",
            [f"the newest section has a date that has not come: {date.today() + timedelta(2)}"],
        ),
    ],
)  # fmt: skip
def test_the_newest_section_is_judged(section: str, wrong: list[str], tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text(f"# Changelog\n\n{section}\n## [0.1.0] - 2019-01-01\n\n- An old change\n")
    assert release.check_changelog(tree) == wrong


def test_another_floor_of_a_library_is_found(tree: Path) -> None:
    change(tree / "pyproject.toml", "lxml>=4.9.2", "lxml>=5.0")
    assert release.check_floors(tree) == [
        "packaging/debian/control does not have python3-lxml (>= 5.0)",
        "packaging/rpm/virtprov.spec does not have python3-lxml >= 5.0",
    ]


def test_what_is_not_committed_is_found(tree: Path) -> None:
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "All")
    assert release.check_tree(tree) == []
    git(tree, "tag", f"v{release.version_of(tree)}")
    assert release.check_tree(tree) == []
    change(tree / "README.md", "virtprov", "virtprow")
    assert release.check_tree(tree) == ["not committed: M README.md"]
    git(tree, "commit", "-a", "-q", "-m", "More")
    assert release.check_tree(tree) == [f"v{release.version_of(tree)} is the tag of another commit"]


def test_stale_pages_and_scripts_are_found(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools are stand-ins: that the real ones find this tree fresh is in test_tools.py."""
    (tree / "tools").mkdir()
    (tree / "tools/pages.py").write_text(
        "import pathlib, sys\nto = pathlib.Path(sys.argv[1])\nto.mkdir()\n"
        "for tool in 'clone', 'xml', 'new':\n    (to / f'virtprov-{tool}.1').write_text(tool)\n"
    )
    (tree / "tools/completions.py").write_text("import pathlib, sys\npathlib.Path(sys.argv[1]).mkdir()\n")
    (tree / "completions/zsh").mkdir(parents=True)
    (tree / "completions/zsh/_old").touch()
    (tree / "man/virtprov-xml.1").write_text("xml")
    assert [line.split()[0] for line in release.check_generated(tree)] == [
        "man/virtprov-clone.1",
        "man/virtprov-install.1",
        "man/virtprov-new.1",
        "completions/zsh/_old",
    ]


def test_all_steps_are_taken(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(top: Path) -> list[str]:
        release.run(["sh", "-c", "echo said; exit 3"], top)
        return []

    steps: tuple[tuple[str, Check], ...] = (("one", lambda top: ["a", "b"]), ("two", fail), ("three", lambda top: []))
    assert release.walk(steps, tree) == 1
    assert capsys.readouterr().out.splitlines() == [
        "1. WRONG: one",
        "   a",
        "   b",
        "2. WRONG: two",
        "   `sh -c echo said; exit 3` exited with 3",
        "   said",
        "3. right: three",
    ]
    assert release.walk(steps[2:], tree) == 0


def test_a_missing_program_is_named(tree: Path) -> None:
    with pytest.raises(release.Failed, match="no-such-program is not installed"):
        release.run(["no-such-program"], tree)


# -- make deb --------------------------------------------------------------------------------------


BUILD = "dpkg-dev build-essential debhelper dh-python pybuild-plugin-pyproject python3-all python3-setuptools"


def build(tree: Path, *programs: str) -> subprocess.CompletedProcess[str]:
    """Run tools/deb of the tree where only these programs and some of the system's are found."""
    folder = tree / "bin"
    folder.mkdir()
    for name in ("bash", "dirname", "sed", "head", "cat", "env", "grep", "tr"):
        (folder / name).symlink_to(Path("/usr/bin", name))
    for program in programs:
        name, _, text = program.partition(": ")
        (folder / name).write_text(f"#!/bin/bash\n{text}\n")
        (folder / name).chmod(0o755)
    (tree / "tools").mkdir()
    shutil.copy(TOP / "tools/deb", tree / "tools")
    return subprocess.run([tree / "tools/deb"], env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("programs", "said"),
    [
        ([], "deb: Debian packages can only be built on Debian or Ubuntu, for example with `make deb` there\n"),
        (
            ["dpkg-query: :"],
            f"deb: these packages are missing or too old: {BUILD}\n"
            f"hint: sudo apt install --no-install-recommends {BUILD}\n",
        ),
        (
            [
                "dpkg-query: :",
                "dpkg-checkbuilddeps: echo 'dpkg-checkbuilddeps: error: Unmet build dependencies: "
                "build-essential:native debhelper-compat (= 13) python3-all (>= 3.11)' >&2; exit 1",
            ],
            "deb: these packages are missing or too old: build-essential debhelper python3-all\n"
            "hint: sudo apt install --no-install-recommends build-essential debhelper python3-all\n",
        ),
    ],
)
def test_what_the_debian_packages_need_is_named(programs: list[str], said: str, tree: Path) -> None:
    done = build(tree, *programs)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    assert not (tree / "dist").exists()
