"""The only module that imports PyYAML: a safe loader that notices duplicate keys, and a writer."""

from __future__ import annotations

from typing import Any

import yaml

MOST = 50_000
"""Values in one document. A cloud-config that people write has some hundreds."""


class TooMany(Exception):
    """The document has more values than any real one."""


class PlainLoader(yaml.SafeLoader):
    """Creates plain values only, and records (key, line) of every key that occurs twice in one mapping."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.doubles: list[tuple[str, int]] = []
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Count the values:

        PyYAML needs a minute for a document with a million, so such a document is not read to its end.
        """
        self._nodes += 1
        if self._nodes > MOST:
            raise TooMany(f"it contains more than {MOST} values")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Create the mapping as usual, after checking its keys."""
        seen = set()
        # a scalar tagged !!map is not a mapping: PyYAML raises the error
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    self.doubles.append((key.value, key.start_mark.line + 1))
                seen.add((key.tag, key.value))
        result: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return result


class _PlainDumper(yaml.SafeDumper):
    """Writes every list indented below its key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _represent_text(dumper: _PlainDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_PlainDumper.add_representer(str, _represent_text)


def dump(tree: Any) -> str:
    """Return `tree` as YAML, in its own order; long texts are on one line, and texts with lines have them as well."""
    text: str = yaml.dump(
        tree, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False
    )
    return text
