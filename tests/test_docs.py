"""The site of docs/: it builds without a warning, and says for whom each page is and what is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.pages import blocks

TOP = Path(__file__).resolve().parents[1]
DOCS = TOP / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
PEERS: dict[str, dict[str, list[str]]] = json.loads((TOP / "tests/data/peer_flags.json").read_text())
TOOLS = ("virtprov-install", "virtprov-clone", "virtprov-xml")


def name(page: Path) -> str:
    return str(page.relative_to(TOP))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    target = tmp_path_factory.mktemp("docs") / "site"
    argv = [sys.executable, str(TOP / "tools/docs/build.py"), str(target)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def test_the_site_has_every_page(site: Path) -> None:
    assert [name(page) for page in PAGES if not (site / page.relative_to(DOCS).with_suffix(".html")).exists()] == []


def test_every_option_is_in_the_reference(site: Path) -> None:
    for tool in TOOLS:
        page = (site / "reference" / f"{tool}.html").read_text()
        assert [flag for flag in known_flags(tool) if flag not in page] == []


def test_every_sub_option_is_in_the_reference(site: Path) -> None:
    from virtprov.options import catalogue

    for group in catalogue.GROUPS:
        page = (site / "reference/groups" / f"{group}.html").read_text()
        rows = [row.name.replace("[0-9]*", "N") for row in catalogue.table(group).rows if not row.hidden]
        assert [row for row in rows if f">{row}<" not in page] == []


def test_every_name_of_the_library_is_in_the_reference(site: Path) -> None:
    import virtprov

    page = (site / "reference/api.html").read_text()
    assert [word for word in virtprov.__all__ if f"<h3>{word}<" not in page] == []


def test_every_key_of_the_json_objects_is_in_the_reference(site: Path) -> None:
    page = (site / "reference/json-keys.html").read_text()
    named: set[str] = set()

    def note(found: dict[str, object]) -> dict[str, object]:
        keys = found.get("properties")
        named.update(keys if isinstance(keys, dict) else ())
        return found

    for path in (TOP / "virtprov/cli/schemas").glob("*.json"):
        json.loads(path.read_text(), object_hook=note)
    assert len(named) > 50
    assert [key for key in named if not re.search(rf"[>.]{re.escape(key)}<", page)] == []


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "conf.py").write_text((DOCS / "conf.py").read_text())
    (tmp_path / "index.md").write_text("# Title\n\n[lost](nowhere.md)\n")
    argv = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "dummy", str(tmp_path), str(tmp_path / "out")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "nowhere.md" in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_says_first_whom_it_is_for(page: Path) -> None:
    text = blocks.PLACE.sub("", page.read_text())
    title, _, rest = text.partition("\n\n")
    assert title.startswith("# ") and rest.startswith("For "), text[:200]
    assert len(text.splitlines()) < 600


# -- what pages tell people to type --------------------------------------------------------------------


@cache
def known_flags(tool: str) -> frozenset[str]:
    argv = [sys.executable, str(TOP / "bin" / tool), "--help"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    listed = " ".join(re.findall(r"^  (-.*?)(?:  |$)", text, re.MULTILINE))
    return frozenset(re.findall(r"--[a-zA-Z][\w-]*", listed))


def test_every_option_in_a_shell_block_exists() -> None:
    found = []
    for page in [TOP / "README.md", *PAGES]:
        for fence in re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE):
            for line in re.sub(r"\\\n", " ", fence).splitlines():
                for tool, words in re.findall(r"(virtprov-(?:install|clone|xml))\b([^|#;']*)", line):
                    flags = set(re.findall(r"(?<=\s)--[a-zA-Z][\w-]*", words))
                    found += [(name(page), tool, flag) for flag in flags - known_flags(tool)]
    assert found == []


def test_shell_blocks_use_the_commands() -> None:
    assert sum(page.read_text().count("virtprov-install --") for page in PAGES) > 50


# -- tables that have to be complete -------------------------------------------------------------------


def test_every_old_flag_has_a_line() -> None:
    """tests/data/peer_flags.json has the flags of virt-install 4.1, and what 5.1 has beside them."""
    part = (DOCS / "migration.md").read_text().partition("## Flag by flag")[2]
    lines = [re.findall(r"`(-[^`]*)`", row.split("|")[1]) for row in part.splitlines() if row.startswith("| `-")]
    listed = {flag for line in lines for flag in line}
    wanted = {flag for of in PEERS.values() for line in [*of["4.1"], *of["5.1"]] for flag in line.split()}
    assert wanted == listed


def test_every_environment_variable_is_listed() -> None:
    page = (DOCS / "reference/environment.md").read_text()
    read = set()
    for path in (TOP / "virtprov").rglob("*.py"):
        read |= set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)\"", path.read_text()))
        read |= set(re.findall(r"_folder\(\"([A-Z_]+)\"", path.read_text()))
    assert len(read) > 8
    assert [word for word in read - {"COLUMNS", "TERM", "XDG_DATA_DIRS"} if f"`{word}`" not in page] == []


def test_every_exit_code_is_listed() -> None:
    from virtprov.support import errors

    rows = re.findall(r"^\| (\d+) \|", (DOCS / "reference/exit-codes.md").read_text(), re.MULTILINE)
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {str(kind.exit_code) for kind in classes if hasattr(kind, "exit_code")} | {"0", "6", "130"} <= set(rows)
