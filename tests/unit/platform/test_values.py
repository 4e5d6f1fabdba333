from __future__ import annotations

from typing import ClassVar

import pytest

from vestibule.platform.values import from_wire, frozen, replace, to_wire, wire_names


@frozen
class Point:
    shared: ClassVar[str] = "of the class"
    x: int
    y: int = 2

    @property
    def total(self) -> int:
        return self.x + self.y


@frozen
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError("odd")


@frozen
class Empty:
    pass


def test_fields_are_given_by_place_or_by_name_with_defaults() -> None:
    assert Point(1) == Point(x=1, y=2) == Point(1, y=2) == Point(1, 2)
    assert Point(1).total == 3
    assert Point.shared == "of the class"
    assert Empty() == Empty()


@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1, 2, 3), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})],
)
def test_a_wrong_set_of_fields_is_a_type_error(
    given: tuple[int, ...], named: dict[str, int]
) -> None:
    with pytest.raises(TypeError, match="Point"):
        Point(*given, **named)


def test_a_value_never_changes() -> None:
    point = Point(1)

    for name in ("x", "other"):
        with pytest.raises(AttributeError, match="frozen"):
            setattr(point, name, 5)
        with pytest.raises(AttributeError, match="frozen"):
            delattr(point, name)

    assert point == Point(1)
    assert not hasattr(point, "__dict__")


def test_values_are_equal_by_class_and_fields() -> None:
    @frozen
    class Other:
        x: int
        y: int

    others: list[object] = [Point(1, 3), Other(1, 2), (1, 2)]
    assert all(Point(1, 2) != other for other in others)
    assert {Point(1), Point(1)} == {Point(1)}


def test_a_value_shows_its_fields() -> None:
    assert repr(Point(1)) == "Point(x=1, y=2)"


def test_a_value_can_be_taken_apart() -> None:
    match Point(1):
        case Point(x, y):
            assert [x, y] == [1, 2]


def test_a_copy_differs_only_where_asked() -> None:
    assert replace(Point(1), y=5) == Point(1, 5)
    with pytest.raises(TypeError):
        replace(Point(1), z=5)


def test_a_class_may_refuse_its_values() -> None:
    assert Even(2).number == 2
    with pytest.raises(ValueError, match="odd"):
        Even(3)
    with pytest.raises(ValueError, match="odd"):
        replace(Even(2), number=3)


@frozen
class Stay:
    guest: str
    left_at: str | None = None


def test_fields_travel_by_names_of_their_own_and_what_has_no_value_stays_behind() -> None:
    names = wire_names(Stay)

    assert names == {"guest": "guest", "left_at": "leftAt"}
    assert to_wire(Stay("Jo"), names) == {"guest": "Jo"}
    assert to_wire(Stay("Jo", "noon"), names) == {"guest": "Jo", "leftAt": "noon"}


def test_what_a_newer_version_wrote_beside_our_fields_is_passed_over() -> None:
    item = {"guest": "Jo", "leftAt": "noon", "room": 5}

    assert from_wire(item, wire_names(Stay)) == {"guest": "Jo", "left_at": "noon"}
    assert from_wire({"guest": "Jo"}, wire_names(Stay)) == {"guest": "Jo"}
