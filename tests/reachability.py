"""Which definitions of a package its commands can reach, read from the source alone.

The pass follows names: a name that a function mentions leads to what its module defines or imports under that name; a
name behind a dot leads to the module it is imported from, else to every method or field of that name. What it reports
is therefore not reached for certain; what it does not report may still be dead.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

Names = dict[str, tuple[str, str]]
_UNSEEN = ("TYPE_CHECKING", "__all__")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Definition(NamedTuple):
    """A function, class, method, field or constant: its module, its name there, the code that it stands for."""

    module: str
    name: str
    node: ast.AST
    owner: str = ""

    def __str__(self) -> str:
        return f"{self.module}.{self.owner}.{self.name}" if self.owner else f"{self.module}.{self.name}"


class Call(NamedTuple):
    """One call of something by its name: how many plain arguments, which named ones, whether all may be given."""

    plain: int
    named: frozenset[str]
    any: bool


class Package:
    """The definitions of a package, and what each of them mentions."""

    def __init__(self, top: Path, name: str) -> None:
        self.trees = {_dotted(top, path): ast.parse(path.read_text()) for path in (top / name).rglob("*.py")}
        self.packages = {_dotted(top, path) for path in (top / name).rglob("__init__.py")}
        self.globals: dict[str, dict[str, list[Definition]]] = {}
        self.imports: dict[str, Names] = {}
        self.loose: dict[str, list[ast.stmt]] = {}
        self.members: dict[str, list[Definition]] = defaultdict(list)
        self.of_class: dict[tuple[str, str], list[Definition]] = defaultdict(list)
        for module, tree in self.trees.items():
            self.globals[module] = defaultdict(list)
            self.loose[module] = []
            self.imports[module] = self.imported(tree)
            for statement in _flat(tree.body):
                self._define(module, statement)

    def imported(self, code: ast.AST) -> Names:
        """What each name that this code imports is: a module and "", or a module and a name in it."""
        names: Names = {}
        for node in ast.walk(code):
            if isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    is_module = whole in self.trees
                    names[alias.asname or alias.name] = (whole, "") if is_module else (node.module or "", alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    names[alias.asname or alias.name.partition(".")[0]] = (alias.name, "")
        return names

    def _define(self, module: str, statement: ast.stmt) -> None:
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            self.globals[module][statement.name].append(Definition(module, statement.name, statement))
            if isinstance(statement, ast.ClassDef):
                for inner in _flat(statement.body):
                    self._define_member(module, statement, inner)
            return
        names = _assigned(statement)
        for name in names:
            self.globals[module][name].append(Definition(module, name, statement))
        if not names or isinstance(statement, ast.AugAssign):
            self.loose[module].append(statement)

    def _define_member(self, module: str, owner: ast.ClassDef, inner: ast.stmt) -> None:
        names = [inner.name] if isinstance(inner, (*FUNCTIONS, ast.ClassDef)) else _assigned(inner)
        for name in names:
            member = Definition(module, name, inner, owner.name)
            self.members[name].append(member)
            self.of_class[module, owner.name].append(member)

    def below(self, definition: Definition) -> list[Definition]:
        """A class and all that are built upon it, told by their names."""
        found = [definition]
        for several in (names for known in self.globals.values() for names in known.values()):
            for one in several:
                bases = one.node.bases if isinstance(one.node, ast.ClassDef) else ()
                if definition.name in (getattr(base, "id", getattr(base, "attr", "")) for base in bases):
                    found += self.below(one)
        return found

    def definitions(self) -> list[Definition]:
        """Every definition, in the order of the files."""
        found = []
        for names in self.globals.values():
            for several in names.values():
                for one in several:
                    found.append(one)
                    found.extend(self.of_class[one.module, one.name] if isinstance(one.node, ast.ClassDef) else ())
        return found


class Reach:
    """What can be reached from some definitions, and with which arguments it is called on the way."""

    def __init__(self, package: Package, starts: list[str]) -> None:
        """Begin at `starts` ("package.module.name")."""
        self.package = package
        self.seen: set[int] = set()
        self.modules: set[str] = set()
        self.calls: dict[int, list[Call]] = defaultdict(list)
        self.as_value: set[int] = set()
        self._wanted: set[str] = set()
        self._waiting: dict[str, list[Definition]] = defaultdict(list)
        self._todo: list[tuple[str, ast.AST]] = []
        for start in starts:
            module, _, name = start.rpartition(".")
            for definition in package.globals[module][name]:
                self._reach(definition)
        while self._todo:
            module, node = self._todo.pop()
            self._enter(module)
            self._read(module, node)

    def dead(self) -> list[str]:
        """What cannot be reached: modules, functions, classes, methods, constants. Fields of values are passed over."""
        found = [name for name in self.package.trees if name not in self.modules]
        for one in self.package.definitions():
            is_field = bool(one.owner) and not isinstance(one.node, FUNCTIONS)
            if one.module in self.modules and not is_field and one.name not in _UNSEEN and not self.has(one):
                found.append(str(one))
        return sorted(found)

    def has(self, definition: Definition) -> bool:
        """Whether this can be reached."""
        return id(definition.node) in self.seen

    def _enter(self, module: str) -> None:
        """A module is loaded: what stands outside its definitions runs, and so do those of its parents."""
        while module and module in self.package.trees and module not in self.modules:
            self.modules.add(module)
            self._todo.extend((module, statement) for statement in self.package.loose[module])
            module = module.rpartition(".")[0]

    def _reach(self, definition: Definition) -> None:
        node = definition.node
        if id(node) in self.seen:
            return
        self.seen.add(id(node))
        if not isinstance(node, ast.ClassDef):
            self._todo.append((definition.module, node))
            return
        for part in (*node.bases, *node.keywords, *node.decorator_list):
            self._todo.append((definition.module, part))
        for statement in node.body:
            if not isinstance(statement, FUNCTIONS) and not _assigned(statement):
                self._todo.append((definition.module, statement))
        for member in self.package.of_class[definition.module, definition.name]:
            if member.name in self._wanted or _is_special(member.name) or _overrides(node, member):
                self._reach(member)
            else:
                self._waiting[member.name].append(member)

    def _want(self, name: str) -> list[Definition]:
        """Some object's method or field of this name is used: those of every class that is reached."""
        if name not in self._wanted:
            self._wanted.add(name)
            for member in self._waiting.pop(name, ()):
                self._reach(member)
        return self.package.members.get(name, [])

    def _resolve(self, module: str, local: Names, node: ast.AST) -> list[Definition]:
        """What a name, or a name behind a dot, stands for."""
        package = self.package
        names = package.imports[module]
        if isinstance(node, ast.Name):
            at, name = local.get(node.id) or names.get(node.id) or (module, node.id)
            if not name:
                self._enter(at)
                return []
            return self._in_module(at, name)
        if isinstance(node, ast.Attribute):
            root = _root(node)
            at, name = local.get(root) or names.get(root) or ("", "")
            if at in package.trees and not name and isinstance(node.value, ast.Name):
                return self._in_module(at, node.attr)
            if at and at not in package.trees and not isinstance(node.value, ast.Call):
                return []  # a library's own: `os.path.exists`
            return self._want(node.attr)
        return []

    def _in_module(self, module: str, name: str) -> list[Definition]:
        """What a module defines under a name, or passes on from another one."""
        if module not in self.package.trees:
            return []
        self._enter(module)
        own = self.package.globals[module].get(name)
        if own:
            for definition in own:
                self._reach(definition)
            return own
        at, further = self.package.imports[module].get(name, ("", ""))
        return self._in_module(at, further) if further and at != module else []

    def _read(self, module: str, top: ast.AST) -> None:
        """Follow every name that a piece of code mentions."""
        called = set()
        local = self.package.imported(top) if isinstance(top, FUNCTIONS) else {}
        for node in ast.walk(top):
            if isinstance(node, ast.Call):
                called.add(id(node.func))
                call = _call(node)
                for definition in self._resolve(module, local, node.func):
                    self.calls[id(definition.node)].append(call)
            elif isinstance(node, ast.Name | ast.Attribute) and id(node) not in called:
                for definition in self._resolve(module, local, node):
                    self.as_value.add(id(definition.node))
            elif isinstance(node, ast.ImportFrom | ast.Import):
                self._import(node)

    def _import(self, node: ast.ImportFrom | ast.Import) -> None:
        base = getattr(node, "module", None)
        for alias in node.names:
            self._enter(f"{base}.{alias.name}" if base else alias.name)
            self._enter(base or "")


def never_passed(package: Package, reach: Reach) -> list[str]:
    """Parameters, and fields of value classes, that have a default and that no reached call gives."""
    found = []
    for definition in package.definitions():
        node = definition.node
        if not reach.has(definition):
            continue
        if isinstance(node, FUNCTIONS) and not _is_special(node.name) and id(node) not in reach.as_value:
            bound = bool(definition.owner) and not _is_static(node)
            found += _unused(f"{definition}", node, reach.calls[id(node)], bound)
        elif isinstance(node, ast.ClassDef):
            for one in package.of_class[definition.module, definition.name]:
                if one.name == "__init__" and isinstance(one.node, ast.FunctionDef):
                    calls = [call for kin in package.below(definition) for call in reach.calls[id(kin.node)]]
                    found += _unused(f"{definition}", one.node, calls, True)
    return sorted(found)


def _unused(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef, calls: list[Call], bound: bool) -> list[str]:
    plain = [*node.args.posonlyargs, *node.args.args][1 if bound else 0 :]
    first = len(plain) - len(node.args.defaults)
    optional = [(place, one.arg) for place, one in enumerate(plain) if place >= first]
    optional += [
        (1 << 20, one.arg)
        for one, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is not None
    ]
    return [
        f"{name}({word}=)"
        for place, word in optional
        if not any(call.any or word in call.named or call.plain > place for call in calls)
    ]


def _call(node: ast.Call) -> Call:
    named = frozenset(word.arg for word in node.keywords if word.arg)
    spread = any(word.arg is None for word in node.keywords)
    spread = spread or any(isinstance(word, ast.Starred) for word in node.args)
    return Call(len(node.args), named, spread)


def _root(node: ast.Attribute) -> str:
    """The name in front of all dots; "" when it is no name."""
    inner: ast.AST = node
    while isinstance(inner, ast.Attribute):
        inner = inner.value
    return inner.id if isinstance(inner, ast.Name) else ""


def _dotted(top: Path, path: Path) -> str:
    parts = path.relative_to(top).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _flat(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements with those inside `if` and `try` beside the others."""
    flat: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.If):
            if not (isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"):
                flat += _flat(statement.body)
            flat += _flat(statement.orelse)
        elif isinstance(statement, ast.Try):
            flat += _flat(statement.body) + [one for part in statement.handlers for one in _flat(part.body)]
        else:
            flat.append(statement)
    return flat


def _assigned(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign):
        names = [node for target in statement.targets for node in ast.walk(target)]
    elif isinstance(statement, ast.AnnAssign):
        names = [statement.target]
    else:
        return []
    return [node.id for node in names if isinstance(node, ast.Name)]


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)


def _overrides(owner: ast.ClassDef, member: Definition) -> bool:
    """Whether a library's class may call this: the class is built upon one (`argparse.Action`)."""
    return any(isinstance(base, ast.Attribute) for base in owner.bases)
