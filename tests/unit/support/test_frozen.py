import copy
import pickle

import pytest

from virtprov.support.frozen import Record


class Point(Record):
    """Two numbers."""

    x: int
    y: int = 7

    @property
    def sum(self) -> int:
        return self.x + self.y


class Named(Point):
    name: str = "n"


def test_fields_by_place_by_name_and_by_default() -> None:
    assert tuple(Point(1)) == (1, 7)
    assert tuple(Point(1, y=2)) == (1, 2)
    assert Point(x=1, y=2).sum == 3
    assert tuple(Named(1, 2, "m")) == (1, 2, "m")


def test_equal_by_content_and_kind() -> None:
    assert Point(1) == Point(1, 7) and hash(Point(1)) == hash(Point(1, 7))
    assert Point(1) != Point(2) and Point(1) != Named(1) and Point(1) == (1, 7)


def test_frozen() -> None:
    point = Point(1)
    with pytest.raises(AttributeError):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del point.x
    with pytest.raises(AttributeError):
        new = "z"
        setattr(point, new, 2)


def test_changed_copies() -> None:
    assert Point(1)._replace(y=9) == Point(1, 9)
    with pytest.raises(TypeError):
        Point(1)._replace(z=9)


@pytest.mark.parametrize("words", [((), {}), ((1, 2, 3), {}), ((1,), {"z": 2}), ((1,), {"x": 2})])
def test_wrong_fields_are_refused(words: tuple[tuple[int, ...], dict[str, int]]) -> None:
    with pytest.raises(TypeError):
        Point(*words[0], **words[1])


def test_shown_and_copied() -> None:
    assert repr(Point(1)) == "Point(x=1, y=7)"
    assert pickle.loads(pickle.dumps(Point(1))) == Point(1) == copy.deepcopy(Point(1))
