import uuid

import pytest

from vestibule.platform.ids import is_sub, new_id


def test_a_new_id_is_128_bits_in_hexadecimal() -> None:
    made = new_id()

    assert len(bytes.fromhex(made)) == 16
    assert made == made.lower()


def test_no_two_ids_are_alike() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000


def test_a_lower_case_uuid_is_a_sub() -> None:
    assert is_sub(str(uuid.uuid4()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "me",
        "A4B8D4C8-70C1-70A8-1111-222222222222",
        "a4b8d4c870c170a81111222222222222",
        "a4b8d4c8-70c1-70a8-1111-22222222222",
        "a4b8d4c8-70c1-70a8-1111-2222222222222",
        "g4b8d4c8-70c1-70a8-1111-222222222222",
        "a4b8d4c8_70c1-70a8-1111-222222222222",
        "a4b8d4c8-70c1-70a8-1111-22222222222\n",
        "٤4b8d4c8-70c1-70a8-1111-222222222222",
        "a4b8d4c8-70c1-70a8-1111-2222222#2222",
    ],
)
def test_nothing_else_is_a_sub(text: str) -> None:
    assert not is_sub(text)
