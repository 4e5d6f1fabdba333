"""Log lines as a person reads them."""

import json

from vestibule_cli.log_lines import Kind, Line

MOMENT = 1_795_174_432_281
SAID = {
    "time": "2026-11-20T11:33:52.281Z",
    "level": "INFO",
    "message": "request",
    "logger": "vestibule.platform.http.router",
    "route": "GET /me",
    "status": 200,
}


def line(message: object) -> Line:
    text = message if isinstance(message, str) else json.dumps(message)
    return Line(MOMENT, "api", text)


def test_a_line_of_the_function_is_shown_with_its_fields() -> None:
    time, _space, rest = str(line(SAID)).partition(" ")

    assert time.endswith(":52.281")
    assert rest == 'INFO    api  request  route="GET /me" status=200'


def test_a_stack_follows_its_line_indented() -> None:
    shown = str(line({**SAID, "level": "ERROR", "stack": 'Traceback\n  File "a.py", line 1\n'}))

    assert shown.splitlines()[1:] == ["    Traceback", '      File "a.py", line 1']


def test_text_that_is_no_json_is_shown_as_it_is_without_what_drives_a_terminal() -> None:
    assert str(line("plain \x1b[31mred")).endswith("api  plain [31mred")
    assert str(line("{not json")).endswith("api  {not json")


def test_metrics_and_lambdas_own_lines_are_told_apart() -> None:
    assert line(SAID).kind is Kind.SAID
    assert line("print of somebody").kind is Kind.SAID
    assert line({"_aws": {}, "Requests": 1}).kind is Kind.METRIC
    assert line("START RequestId: 1 Version: $LATEST").kind is Kind.PLATFORM
    assert line("REPORT RequestId: 1\tDuration: 1 ms").kind is Kind.PLATFORM


def test_json_holds_the_message_as_it_was_logged() -> None:
    assert line(SAID).as_dict() == {
        "time": "2026-11-20T11:33:52.281Z",
        "function": "api",
        "message": json.dumps(SAID),
    }
