"""The walls of the house: imports run downward only, in no circle, and each library has one window.

Every import counts: at the top of a module, inside a function, under TYPE_CHECKING. A deferred import hides a
circle from Python, not from the reader.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "virtprov"

# What each room may import besides itself. From the top: cli > library > actions > guest > places, images,
# unattended, cloudinit > osinfo > options > host > xml > support. A room may use those below it; where less is enough,
# less is listed.
_BELOW_ACTIONS = {
    "guest", "osinfo", "places", "images", "unattended", "cloudinit", "options", "host", "xml", "support",
}  # fmt: skip
ROOMS: dict[str, set[str]] = {
    "cli": {"library", "actions", *_BELOW_ACTIONS},
    "library": {"actions", *_BELOW_ACTIONS},
    "actions": _BELOW_ACTIONS,
    "guest": {"osinfo", "places", "images", "cloudinit", "options", "host", "xml", "support"},
    "places": {"osinfo", "support"},
    "images": {"osinfo", "support"},
    "unattended": {"osinfo", "cloudinit", "xml", "support"},
    "osinfo": {"xml", "support"},
    "cloudinit": {"support"},
    "options": {"support"},  # two files of it: see STANDARD_ONLY
    "host": {"xml", "support"},
    "xml": {"support"},
    "support": set(),
}
# What each folder of a room may import of the same room, besides itself: other folders, and files beside them.
FOLDERS: dict[str, dict[str, set[str]]] = {
    "actions": {
        "run": set(),
        "steps": {"run"},
        "seed": {"run", "steps", "request"},
        "live": {"run"},
        "waiting": {"run", "goals"},
        "install": {"run", "steps", "seed", "waiting", "request", "goals"},
        "clone": {"run", "steps", "seed", "request"},
        "remove": {"run", "seed", "request"},
        "doctor": set(),
        "edit": {"run", "steps", "seed", "live", "request", "schema_check"},
    },
    "guest": {
        "write": {"disks", "document", "host_view", "rules"},
        "machine": {"document", "host_view", "rules"},
        "marks": {"disks", "document"},
        "network": {"document", "rules"},
        "defaults": {"names", "rules"},
        "rules": {"document", "host_view"},
        "disks": {"host_view", "names", "checks", "document"},
        "edits": {"defaults", "disks", "document", "marks", "names", "rules"},
    },
    "cli": {
        "install": {"answers", "compat", "connecting", "parser", "printing"},
        "edit": {"answers", "compat", "connecting", "parser", "printing", "standard_input"},
        "completion": {"clone", "edit", "install", "parser"},
        "shells": {"compat", "printing"},
        "printing": {"compat"},
    },
    "host": {
        "running": {"base", "daemon", "facts", "failures", "inventory"},
        "inventory": {"base", "daemon", "facts", "failures", "transfer"},
        "transfer": set(),
        "daemon": {"failures", "uri"},
        "facts": set(),
    },
    "osinfo": {"profile_files": {"pack"}, "media": {"pack", "profile_files"}},
    "images": {"verifying": {"image_facts", "image", "address_templates"}, "fetching": {"image", "verifying"}},
    "cloudinit": {"checks": {"loading", "value_sources"}},
    "support": {
        "web": {"errors", "file_access", "frozen", "log", "notation"},
        "terminal": {"notation", "slow_calls"},
        "slow_calls": {"errors", "file_access", "user_files"},
        "user_files": {"errors", "file_access"},
        "file_access": {"errors", "frozen", "notation", "text"},
        "notation": {"errors"},
        "logins": {"log"},
    },
}
# The option tables are read for help and completion, when nothing else may be loaded.
STANDARD_ONLY = {"options": {"virtprov.support.errors", "virtprov.support.notation.words"}}
# The only importers of each library. A trailing dot means everything below.
WINDOWS: dict[str, tuple[str, ...]] = {
    "lxml": ("virtprov.xml.",),
    "libvirt": ("virtprov.host.",),
    "libvirt_lxc": ("virtprov.host.",),
    "libvirt_qemu": ("virtprov.host.",),
    "subprocess": ("virtprov.support.programs",),
    "requests": ("virtprov.support.web.http",),
    "pycdlib": ("virtprov.support.file_access.iso",),
    "yaml": ("virtprov.cloudinit.",),
}
# Modules of the standard library that cost milliseconds: imported where they are used, not at the top.
HEAVY = {
    "asyncio", "dataclasses", "datetime", "hashlib", "inspect", "json", "logging", "pathlib", "random", "secrets",
    "shlex", "subprocess", "tempfile", "uuid", "xml", "urllib", "pickle", "concurrent", "email", "socket",
}  # fmt: skip
# module -> heavy module -> why it may stand at the top
HEAVY_ALLOWED: dict[str, dict[str, str]] = {}
# Where a module is imported by a name put together at run time, and why.
DYNAMIC_ALLOWED: dict[str, str] = {
    "virtprov": "the library's names are loaded when they are first asked for",
    "virtprov.options.catalogue": "a table is read when it is first asked for; the names are in one dict",
}


class Import(NamedTuple):
    """One import: who, of what, in which line, and whether it runs when the module is loaded."""

    module: str
    target: str
    line: int
    at_top: bool


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name."""
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(TOP).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


@cache
def imports() -> tuple[Import, ...]:
    """Every import of the package."""
    return tuple(found for name, path in sorted(modules().items()) for found in imports_of(name, path))


def imports_of(name: str, path: Path) -> list[Import]:
    """Every import of one module."""
    found: list[Import] = []
    is_package = path.name == "__init__.py"

    def visit(node: ast.AST, at_top: bool) -> None:
        if isinstance(node, ast.Import):
            found.extend(Import(name, alias.name, node.lineno, at_top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(name, is_package, node)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found.append(Import(name, whole if whole in modules() else base, node.lineno, at_top))
        inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or for_checkers(node)
        for child in ast.iter_child_nodes(node):
            visit(child, at_top and not inside)

    visit(ast.parse(path.read_text(), str(path)), True)
    return found


def absolute(name: str, is_package: bool, node: ast.ImportFrom) -> str:
    """The full name of the module that `from ... import` reads."""
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    kept = parts[: len(parts) - node.level + (1 if is_package else 0)]
    return ".".join([*kept, node.module] if node.module else kept)


def for_checkers(node: ast.AST) -> bool:
    """Is this `if TYPE_CHECKING:`?"""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def room(module: str) -> str:
    """The room of a module of the package; "" for the package itself."""
    return module.split(".")[1] if module.count(".") else ""


def part(module: str) -> str:
    """The folder, or the file, of a module inside its room; "" for the room itself."""
    return module.split(".")[2] if module.count(".") > 1 else ""


def is_ours(module: str) -> bool:
    return module.split(".")[0] == "virtprov"


def told(found: list[Import]) -> list[str]:
    return [f"{one.module}:{one.line} imports {one.target}" for one in found]


def test_every_room_is_known() -> None:
    rooms = {room(name) for name in modules()} - {""}
    assert rooms == set(ROOMS)


def test_rooms_import_downward() -> None:
    wrong = [
        one
        for one in imports()
        if is_ours(one.target)
        and one.module != "virtprov"
        and room(one.target) not in ROOMS.get(room(one.module), set()) | {room(one.module), ""}
    ]
    assert told(wrong) == []


def test_the_rooms_form_an_order() -> None:
    below: set[str] = set()
    for name in reversed(list(ROOMS)):
        assert ROOMS[name] <= below, f"{name} looks up"
        below.add(name)


def test_folders_of_a_room_import_downward() -> None:
    wrong = [
        one
        for one in imports()
        for folders in [FOLDERS.get(room(one.module), {})]
        if room(one.target) == room(one.module)
        and part(one.module) in folders
        and part(one.target) not in folders[part(one.module)] | {part(one.module), ""}
    ]
    assert told(wrong) == []


def test_folders_of_a_room_form_no_circle() -> None:
    graph: dict[str, set[str]] = {}
    for one in imports():
        if room(one.module) in FOLDERS and room(one.target) == room(one.module) and part(one.target):
            graph.setdefault(f"{room(one.module)}/{part(one.module)}", set())
            graph.setdefault(f"{room(one.target)}/{part(one.target)}", set())
            if part(one.target) != part(one.module):
                graph[f"{room(one.module)}/{part(one.module)}"].add(f"{room(one.target)}/{part(one.target)}")
    assert circles(graph) == []


def test_every_folder_of_a_room_is_known() -> None:
    folders = {
        (room(name), part(name))
        for name, path in modules().items()
        if room(name) in FOLDERS and path.name == "__init__.py" and part(name)
    }
    assert folders == {(name, folder) for name, listed in FOLDERS.items() for folder in listed}


def test_the_package_offers_the_library_and_loads_nothing() -> None:
    """What it names under TYPE_CHECKING is for checkers; it is loaded when somebody asks for it."""
    own = [one for one in imports() if one.module == "virtprov"]
    assert {room(one.target) for one in own} == {"", "library", "host", "support"}
    assert [one for one in own if one.at_top and is_ours(one.target)] == []


def test_nobody_imports_the_package_for_more_than_its_version() -> None:
    readers = ("cli", "host", "actions")
    wrong = [one for one in imports() if one.target == "virtprov" and room(one.module) not in readers]
    assert told(wrong) == []


def test_option_tables_need_the_standard_library_alone() -> None:
    known = sys.stdlib_module_names
    wrong = [
        one
        for one in imports()
        for allowed in [STANDARD_ONLY.get(room(one.module))]
        if allowed is not None
        and one.target.split(".")[0] not in known
        and room(one.target) != room(one.module)
        and one.target not in allowed
    ]
    assert told(wrong) == []


def test_no_import_circles() -> None:
    """The package itself is left out: it loads what it offers when it is asked for, and gives others its version."""
    graph: dict[str, set[str]] = {name: set() for name in modules() if name != "virtprov"}
    for one in imports():
        if {one.target, one.module} <= set(graph) and one.target != one.module:
            graph[one.module].add(one.target)
    assert circles(graph) == []


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that reach each other."""
    reach = {name: reached(graph, name) for name in graph}
    groups = {tuple(sorted({name} | {other for other in reach[name] if name in reach[other]})) for name in graph}
    return [list(group) for group in sorted(groups) if len(group) > 1]


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(graph[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(graph[name])
    return seen


@pytest.mark.parametrize("library", sorted(WINDOWS))
def test_each_library_has_one_window(library: str) -> None:
    wrong = [
        one
        for one in imports()
        if one.target.split(".")[0] == library
        and not any(one.module == window or one.module.startswith(window) for window in WINDOWS[library])
    ]
    assert told(wrong) == []


def test_no_other_library_is_used() -> None:
    known = sys.stdlib_module_names | set(WINDOWS) | {"virtprov"}
    assert told([one for one in imports() if one.target.split(".")[0] not in known]) == []


def test_heavy_modules_wait_until_they_are_used() -> None:
    wrong = [
        one
        for one in imports()
        if one.at_top
        and one.target.split(".")[0] in HEAVY
        and one.target.split(".")[0] not in HEAVY_ALLOWED.get(one.module, {})
    ]
    assert told(wrong) == []


def test_modules_are_named_where_they_are_imported() -> None:
    wrong = []
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("__import__", "import_module", "importlib.import_module") and name not in DYNAMIC_ALLOWED:
                wrong.append(f"{name}:{node.lineno} calls {called}")  # type: ignore[attr-defined]
    assert wrong == []


def test_the_reader_of_imports_sees_all_of_them(tmp_path: Path) -> None:
    source = tmp_path / "sample.py"
    source.write_text(
        "import json\nfrom . import errors\nfrom ..xml.tree import parse\n"
        "if TYPE_CHECKING:\n    import uuid\n"
        "def f():\n    from virtprov.support import log\n"
    )
    seen = [(one.target, one.at_top) for one in imports_of("virtprov.support.sample", source)]
    assert seen == [
        ("json", True),
        ("virtprov.support.errors", True),
        ("virtprov.xml.tree", True),
        ("uuid", False),
        ("virtprov.support.log", False),
    ]


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert circles(graph) == [["a", "b", "c"]]


@pytest.mark.parametrize("name", ["actions", "guest"])
def test_tests_of_a_room_do_not_import_the_command_line(name: str) -> None:
    files = sorted((TOP / "tests" / "unit" / name).rglob("*.py"))
    wrong = [one for path in files for one in imports_of(str(path.relative_to(TOP)), path) if room(one.target) == "cli"]
    assert files and told(wrong) == []
