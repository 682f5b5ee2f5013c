"""Frozen records: what a NamedTuple offers, at a fiftieth of the cost of making the class.

A command's start-up makes some fifty such classes; each NamedTuple costs a call of `eval`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self, dataclass_transform
else:

    def dataclass_transform(**facts):  # `typing` costs more than the whole of `--help`'s own work
        return lambda maker: maker


@dataclass_transform(frozen_default=True)
class _Maker(type):
    """Turns annotated names into slots, and their values into defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> _Maker:
        own = tuple(space.get("__annotations__", ()))
        inherited: tuple[str, ...] = ()
        defaults: dict[str, Any] = {}
        for base in bases:
            inherited += getattr(base, "_fields", ())
            defaults.update(getattr(base, "_defaults", {}))
        defaults.update({field: space.pop(field) for field in own if field in space})
        space["__slots__"] = own
        new_class = super().__new__(cls, name, bases, space)
        new_class._fields = inherited + own  # type: ignore[attr-defined]
        new_class._defaults = defaults  # type: ignore[attr-defined]
        return new_class


class Record(metaclass=_Maker):
    """A base for frozen types: fields by annotation, defaults by value, compared and printed by content.

    Fields may be given by place or by name. As with a NamedTuple, `_replace` makes a changed copy, `_asdict`
    a dict, iterating gives the values in order, and a tuple of the same values is equal.
    """

    def __init__(self, *values: Any, **named: Any) -> None:
        fields, put = self._fields, object.__setattr__  # type: ignore[attr-defined]
        if len(values) > len(fields):
            raise TypeError(f"{type(self).__name__} has {len(fields)} fields, not {len(values)}")
        for field, value in zip(fields, values, strict=False):
            put(self, field, value)
        defaults = self._defaults  # type: ignore[attr-defined]
        for field in fields[len(values) :]:
            if field in named:
                put(self, field, named.pop(field))
            elif field in defaults:
                put(self, field, defaults[field])
            else:
                raise TypeError(f"{type(self).__name__} lacks its field '{field}'")
        if named:
            raise TypeError(f"{type(self).__name__} has no field '{next(iter(named))}', or it is given twice")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, field) for field in self._fields)  # type: ignore[attr-defined]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, tuple):
            return tuple(self) == other
        return isinstance(other, Record) and type(self) is type(other) and tuple(self) == tuple(other)

    def __lt__(self, other: Any) -> bool:
        return tuple(self) < tuple(other)

    def __len__(self) -> int:
        return len(self._fields)  # type: ignore[attr-defined]

    def __getitem__(self, place: int | slice) -> Any:
        return tuple(self)[place]

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        pairs = zip(self._fields, self, strict=True)  # type: ignore[attr-defined]
        return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in pairs)})"

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), tuple(self)

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))  # type: ignore[attr-defined]

    def _replace(self, **changes: Any) -> Self:
        return type(self)(**{**self._asdict(), **changes})
