from __future__ import annotations

from typing import Any

import pytest

from vestibule_cli.local.completions import mapping

CONTEXT = {"requestId": "r-1", "error.message": "no"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{"requestId":"$context.requestId"}', '{"requestId":"r-1"}'),
        ("${context.requestId}x", "r-1x"),
        ("$context.error.message.", "no."),
        ("[$context.unknown]", "[]"),
        ("costs $5", "costs $5"),
    ],
)
def test_context_variables_are_put_in(template: str, expected: str) -> None:
    assert mapping.render(template, CONTEXT) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("'*'", "*"), ("context.requestId", "r-1"), ("GET, PUT", "GET, PUT")]
)
def test_a_header_is_a_text_or_a_variable(value: str, expected: str) -> None:
    assert mapping.parameter(value, CONTEXT) == expected


@pytest.mark.parametrize(
    ("payload", "is_answer"),
    [
        ({"statusCode": 200, "body": "x", "headers": {"a": "b"}}, True),
        ({"statusCode": "204"}, True),
        ('{"statusCode": 200}', True),
        ({"body": "x"}, False),
        ({"statusCode": 200, "body": {"not": "text"}}, False),
        ({"statusCode": 9}, False),
        ({"statusCode": 200, "headers": "a: b"}, False),
        ("hello", False),
        (None, False),
        ([1], False),
    ],
)
def test_only_a_status_with_text_is_an_answer_of_a_function(
    payload: Any, *, is_answer: bool
) -> None:
    assert mapping.is_proxy_answer(payload) is is_answer
