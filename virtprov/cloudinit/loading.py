"""The one place that builds on PyYAML: a safe loader that notices keys standing twice, and a writer."""

from __future__ import annotations

from typing import Any

import yaml

MOST = 50_000
"""Values in one document. A cloud-config that people write has some hundreds."""


class TooMany(Exception):
    """A document of more values than any that is meant."""


class PlainLoader(yaml.SafeLoader):
    """Makes plain values only, and keeps (key, line) of every key that stands twice in one mapping."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.doubles: list[tuple[str, int]] = []
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Count the values: a document of a million takes PyYAML a minute, and is not read to its end."""
        self._nodes += 1
        if self._nodes > MOST:
            raise TooMany(f"it contains more than {MOST} values")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build the mapping as usual; look at its keys before."""
        seen = set()
        # a scalar tagged !!map is no mapping: the usual way says so
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    self.doubles.append((key.value, key.start_mark.line + 1))
                seen.add((key.tag, key.value))
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return made


class _PlainDumper(yaml.SafeDumper):
    """Writes every list indented below its key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def dump(tree: Any) -> str:
    """Return `tree` as YAML in the order it has, long texts on one line."""
    text: str = yaml.dump(
        tree, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=1_000_000, default_flow_style=False
    )
    return text
