from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vestibule_cli.stack import ScheduleEvent, StackError, StreamEvent, load

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("stack.yaml", "openapi.json"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "infra" / "policies", tmp_path / "infra" / "policies")
    return tmp_path


def problems(project: Path, before: str, after: str) -> tuple[str, ...]:
    file = project / "stack.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(StackError) as refused:
        load(file)
    assert str(refused.value).splitlines() == list(refused.value.problems)
    return refused.value.problems


def only_problem(project: Path, before: str, after: str) -> str:
    found = problems(project, before, after)
    assert len(found) == 1, found
    return found[0]


def line_of(project: Path, text: str) -> int:
    lines = (project / "stack.yaml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_projects_own_stack_loads() -> None:
    stack = load(ROOT / "stack.yaml")

    assert stack.root == ROOT
    assert stack.functions["api"].memory == 512
    assert stack.runtime.identifier == "python3.13"
    assert stack.queues["retry"].dead_letters == "retry-dlq"


def test_resources_are_named_after_stack_and_environment() -> None:
    stack = load(ROOT / "stack.yaml")

    assert stack.resource("local") == "vestibule-local"
    assert stack.resource("prod-eu", "api") == "vestibule-prod-eu-api"


def test_references_become_what_they_stand_for() -> None:
    stack = load(ROOT / "stack.yaml")
    values = {
        "configuration_set": "",
        "environment": "local",
        "identity_pool": "i",
        "mail_from": "jo@example.test",
        "policy_parameter": "/p",
        "site_url": "https://people.example",
        "table": "people",
        "unsubscribe_parameter": "/u",
        "user_pool": "p",
        "version": "1",
    }

    variables = stack.functions["api"].variables(values)

    assert variables["TABLE_NAME"] == "people"
    assert variables["LOG_LEVEL"] == "INFO"


def test_a_loaded_stack_cannot_be_changed() -> None:
    stack = load(ROOT / "stack.yaml")

    with pytest.raises(ValidationError):
        stack.functions["api"].memory = 1024


def test_a_figure_out_of_range_is_refused_with_its_place(project: Path) -> None:
    problem = only_problem(project, "memory: 512", "memory: 64")

    line = line_of(project, "memory: 64")
    assert problem == (
        f"stack.yaml:{line}:13: functions.api.memory: must be between 128 and 10240, got 64"
    )


def test_every_problem_is_listed_in_the_order_of_the_file(project: Path) -> None:
    text = (project / "stack.yaml").read_text(encoding="utf-8")
    changed = text.replace("memory: 512", "memory: 64", 1).replace(
        "visibility: 60\n    max_receives: 60", "visibility: -1\n    max_receives: 60"
    )

    (project / "stack.yaml").write_text(changed.replace("rate: 100", "rate: many"))

    with pytest.raises(StackError) as refused:
        load(project / "stack.yaml")
    assert [problem.split(": ")[1] for problem in refused.value.problems] == [
        "functions.api.memory",
        "queues.retry.visibility",
        "api.throttle.rate",
    ]


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        ("timeout: 10\n", "timeuot: 10\n", "functions.api.timeuot", "did you mean timeout?"),
        ("ttl:", "tll:", "table.tll", "allowed: indexes, key, point_in_time_recovery, stream, ttl"),
        ("rate: 100", "rat: 100", "api.throttle.rat", "allowed: burst, rate"),
        ("name: vestibule", "nmae: vestibule", "nmae", "did you mean name?"),
        ("access: 15", "acess: 15", "user_pool.token_minutes.acess", "allowed: access, id"),
        ("batch_size: 10", "size: 10", "functions.relay.events.0.size", "allowed: batch_si"),
        ("{ref: table}", "{rf: table}", "functions.api.environment.TABLE_NAME.rf", "allowed: ref"),
    ],
)
def test_an_unknown_key_is_refused_with_the_allowed_ones(
    project: Path, before: str, after: str, place: str, words: str
) -> None:
    found = [each for each in problems(project, before, after) if f": {place}: unknown key" in each]

    assert len(found) == 1
    assert words in found[0]


def test_a_misspelled_key_comes_before_the_missing_one_it_was_meant_for(project: Path) -> None:
    found = problems(project, "    memory: 512\n", "    memroy: 512\n")

    assert [text.partition(": ")[2] for text in found] == [
        (
            "functions.api.memroy: unknown key 'memroy' (did you mean memory?); allowed: "
            "description, environment, events, handler, memory, policy, timeout"
        ),
        "functions.api.memory: is missing",
    ]


def test_broken_yaml_says_where_what_is_open_began(project: Path) -> None:
    began = line_of(project, "{ref: environment}")

    assert f"(it begins in line {began})" in only_problem(
        project, "ENVIRONMENT: {ref: environment}", "ENVIRONMENT: {ref: environment"
    )


def test_a_missing_key_is_told_at_its_parent(project: Path) -> None:
    problem = only_problem(project, "    handler: vestibule.functions.api.handler\n", "")

    assert (
        problem == f"stack.yaml:{line_of(project, '  api:')}:3: functions.api.handler: is missing"
    )


@pytest.mark.parametrize(
    ("before", "after", "place", "words"),
    [
        (
            "TABLE_NAME: {ref: table}",
            "TABLE_NAME: {ref: tabel}",
            "functions.api.environment.TABLE_NAME.ref",
            "unknown reference 'tabel' (did you mean table?); allowed: bus, ",
        ),
        (
            "dead_letters: retry-dlq",
            "dead_letters: retry-dql",
            "queues.retry.dead_letters",
            "unknown queue 'retry-dql' (did you mean retry-dlq?); allowed: analytics, ",
        ),
        (
            "on_failure: retry-dlq",
            "on_failure: later",
            "functions.relay.events.0.on_failure",
            "unknown queue 'later'; allowed: analytics, analytics-dlq, mail, mail-dlq, retry, ",
        ),
        (
            "policies/api.json",
            "policies/apii.json",
            "functions.api.policy",
            "no such file: infra/policies/apii.json; there are analytics.json, api.json",
        ),
        (
            "  function: api",
            "  function: aip",
            "api.function",
            "unknown function 'aip' (did you mean api?); allowed: analytics, api, ",
        ),
        (
            "stream: table",
            "stream: people",
            "functions.relay.events.0.stream",
            "unknown stream 'people'; allowed: table",
        ),
        (
            '"custom:signup_source"]',
            '"custom:source"]',
            "user_pool.client_writes.7",
            "unknown attribute 'custom:source'",
        ),
        (
            "[userId, name, bio",
            "[userId, gsi1pk, bio",
            "table.indexes.gsi1",
            "projection must leave out gsi1pk: keys are always there",
        ),
    ],
)
def test_a_dangling_reference_is_refused_with_what_is_allowed(
    project: Path, before: str, after: str, place: str, words: str
) -> None:
    problem = only_problem(project, before, after)

    assert f": {place}: " in problem
    assert words in problem


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"3.13"', "3.13", "must be one of '3.11', '3.12', '3.13' or '3.14', got 3.13; put quotes"),
        ("mfa: OPTIONAL", "mfa: ON", "got True; put quotes around it"),
        ("mfa: OPTIONAL", "mfa: 'OFF'", "must be one of 'OPTIONAL' or 'ON', got 'OFF'"),
        ("LOG_LEVEL: INFO", "LOG_LEVEL: 3", "must be text or {ref: ...}, got 3; put quotes"),
        ("LOG_LEVEL: INFO", "AWS_REGION: mine", "AWS_REGION belongs to Lambda"),
        ("LOG_LEVEL: INFO", "loglevel: INFO", "must be upper-case letters, digits and _"),
        ("memory: 512", "memory: '512'", "must be a whole number, got '512'"),
        ("memory: 512", "memory: true", "must be a whole number, got True"),
        ("custom_attributes: [", "custom_attributes: [account_type, ", "names account_type more"),
        ("password_flow: false", "password_flow: maybe", "must be true or false, got 'maybe'"),
        ("case_sensitive: false", "case_sensitive: true", "must be one of False, got True"),
        ("{access: 15", "{access: 90", "must be between 5 and 60, got 90"),
        ("    timeout: 4\n", "    timeout: 5\n", "functions.triggers.timeout: must be less than 5"),
        (
            "visibility: 90",
            "visibility: 20",
            "user-service hides a message for 20 s, and this works on it for 60 s",
        ),
        ("- queue: retry\n", "- qeue: retry\n", "must say `stream:`, `queue:` or `schedule:`"),
        ("batch_size: 1\n", "batch_size: 11\n", "must be between 1 and 10, got 11"),
        ("concurrency: 5\n", "concurrency: 1\n", "concurrency: must be between 2 and 1000, got 1"),
        ("rate(15 minutes)", "rate(1 minutes)", "rate: must be rate(1 hour) or rate(15 minutes)"),
        ("rate(15 minutes)", "15 minutes", "rate: must be rate(1 hour) or rate(15 minutes)"),
        ("schedule: sweep", "schedule: drift", "schedule: drift feeds this function already"),
        ("types: [user.erased]", "types: [user]", "bus.rules.erasures.types.0: must be an event's"),
        ("types: [user.erased]", "types: [user.e*]", "must be an event's type, or all that begin"),
        ("types: [user.erased]", "types: []", "bus.rules.erasures.types: "),
        ("types: [user.erased]", "types: [user.*, user.*]", "names user.* more than once"),
        ("], queue: mail}", "], queue: mial}", "bus.rules.welcome.queue: unknown queue 'mial'"),
        ("], queue: mail}", "], queue: mail-dlq}", "welcome.queue: mail-dlq needs dead_letters"),
        ("], queue: mail}", "], qeue: mail}", "bus.rules.welcome.qeue: unknown key 'qeue'"),
        ("laptop: apiKey", "laptop: api key", "secrets.user-service.laptop: must be a field's"),
        ('"secret:crm"', '"secret:cmr"', "unknown reference 'secret:cmr' (did you mean secret:crm"),
        ("  unsubscribe:\n", "  others:\n", "unknown reference 'unsubscribe_parameter'"),
        ("parameters:\n", "parameters:\n  policy: {}\n", "parameters.policy: is where the live"),
        ("triggers: triggers", "triggers: trigers", "unknown function 'trigers'"),
        ("token_event: V2_0", "token_event: V2", "must be one of 'V1_0', 'V2_0' or 'V3_0'"),
        ('"queue_url:retry"', '"queue_url:later"', "unknown reference 'queue_url:later'"),
        ("from: vestibule@", "from: Vestibule <v@", "mail.from: must be a plain address"),
        ("    max_receives: 60\n", "", "max_receives and dead_letters go together"),
        ('{"eventName": ["INSERT"', '"eventName": ["INSERT"', "filter: must be JSON"),
        (
            "client_writes: [email, name, ",
            "client_writes: [email, ",
            "client_writes must hold name",
        ),
        ("handler: vestibule.functions.api.handler", "handler: api", "must be a dotted path"),
        ("name: vestibule", "name: Vestibule!", "must be 1 to 20 lower-case letters"),
    ],
)
def test_a_wrong_value_is_refused_in_words(
    project: Path, before: str, after: str, words: str
) -> None:
    assert any(words in problem for problem in problems(project, before, after))


def test_dead_letters_of_dead_letters_are_refused(project: Path) -> None:
    found = problems(
        project,
        "  retry-dlq:\n    retention: 1209600",
        "  retry-dlq:\n    retention: 1209600\n    max_receives: 2\n    dead_letters: retry",
    )

    first = line_of(project, "dead_letters: retry-dlq")
    second = first + 4
    assert found == (
        f"stack.yaml:{first}:19: queues.retry.dead_letters: retry-dlq has dead letters of its own",
        f"stack.yaml:{second}:19: queues.retry-dlq.dead_letters: retry has dead letters of its own",
    )


def test_a_rule_of_the_bus_asks_for_types_and_for_all_that_begin_alike(project: Path) -> None:
    file = project / "stack.yaml"
    text = file.read_text(encoding="utf-8").replace("[user.erased]", "[user.erased, security.*]")
    file.write_text(text, encoding="utf-8")

    pattern = load(file).bus.rules["erasures"].pattern

    assert json.loads(pattern) == {
        "source": ["vestibule"],
        "detail-type": ["user.erased", {"prefix": "security."}],
    }


def test_a_schedule_calls_its_function_with_the_task() -> None:
    stack = load(ROOT / "stack.yaml")

    (schedule,) = [e for e in stack.functions["maintenance"].events if isinstance(e, ScheduleEvent)]
    assert schedule.rate == "rate(15 minutes)"
    assert json.loads(schedule.input) == {"task": "reconcile"}


def test_the_filter_of_the_stream_fits_into_one_line() -> None:
    stack = load(ROOT / "stack.yaml")

    (stream,) = stack.functions["relay"].events
    assert isinstance(stream, StreamEvent)
    assert json.loads(stream.filter or "")["eventName"] == ["INSERT", "MODIFY"]
    assert "\n" not in (stream.filter or "")


def test_secrets_are_named_after_stack_and_environment() -> None:
    stack = load(ROOT / "stack.yaml")

    assert stack.secret("local", "crm") == "vestibule/local/crm"


def test_a_stack_needs_neither_bus_nor_secrets(project: Path) -> None:
    file = project / "stack.yaml"
    text = file.read_text(encoding="utf-8")
    first, last = text.index("bus:\n  rules:"), text.index("user_pool:\n")
    bare = re.sub(r'\{ref: "secret:[a-z-]+"\}|\{ref: unsubscribe_parameter\}', "none", text[:first])
    file.write_text(bare + text[last:], encoding="utf-8")
    for policy in (project / "infra" / "policies").glob("*.json"):
        document = json.loads(policy.read_text(encoding="utf-8"))
        document["Statement"] = [
            each
            for each in document["Statement"]
            if not re.search("secret:|unsubscribe_parameter", str(each["Resource"]))
        ]
        policy.write_text(json.dumps(document), encoding="utf-8")

    stack = load(file)

    assert (stack.bus.rules, stack.secrets, stack.parameters) == ({}, {}, {})


def test_a_key_given_twice_is_refused_where_it_stands_again(project: Path) -> None:
    problem = only_problem(project, "    timeout: 10\n", "    timeout: 10\n    timeout: 11\n")

    line = line_of(project, "timeout: 11")
    assert problem == f"stack.yaml:{line}:5: key 'timeout' stands here a second time"


@pytest.mark.parametrize("text", ["table: [", "a: b: c", "\tname: x", "name: 'open", "@"])
def test_broken_yaml_is_refused_with_its_line(project: Path, text: str) -> None:
    file = project / "stack.yaml"
    file.write_text(f"# one\n{text}\n", encoding="utf-8")

    with pytest.raises(StackError, match=r"^stack\.yaml:[23]:\d+: "):
        load(file)


@pytest.mark.parametrize("text", ["", "# nothing\n", "[1, 2]", "just words", "--- a\n--- b\n"])
def test_a_file_that_is_no_mapping_is_refused(project: Path, text: str) -> None:
    file = project / "stack.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(StackError, match=r"stack\.yaml:\d+:\d+: "):
        load(file)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"stack\.yaml: no such file"):
        load(tmp_path / "stack.yaml")


def test_bytes_that_are_no_text_are_refused(project: Path) -> None:
    (project / "stack.yaml").write_bytes(b"name: \xff\xfe")

    with pytest.raises(StackError, match=r"stack\.yaml"):
        load(project / "stack.yaml")


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            '{"Statement": [{"Sid": "Read", "Resource": ["tabel"]}]}',
            "Read: unknown Resource 'tabel'",
        ),
        ('{"Statement": [{"Resource": "*"}]}', "statement 1: Resource must be a list of: "),
        ('{"Statement": [{"Resource": ["queue:later"]}]}', "unknown Resource 'queue:later'"),
        ('{"Statement": {}}', "Statement must be a list"),
        ("{", "cannot be read"),
        ("[]", "Statement must be a list"),
    ],
)
def test_a_policy_file_may_only_name_known_resources(
    project: Path, policy: str, words: str
) -> None:
    (project / "infra" / "policies" / "api.json").write_text(policy, encoding="utf-8")

    with pytest.raises(StackError) as refused:
        load(project / "stack.yaml")
    assert "functions.api.policy: infra/policies/api.json" in str(refused.value)
    assert words in str(refused.value)


@given(
    line=st.integers(0, 290),
    junk=st.text(alphabet=" :{}[]'\"-#&*!|>%@`\n\tabc0", min_size=1, max_size=8),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_into_the_file_is_loaded_or_refused_in_words(
    project: Path, line: int, junk: str
) -> None:
    lines = (ROOT / "stack.yaml").read_text(encoding="utf-8").splitlines()
    lines[line:line] = [junk]
    file = project / "stack.yaml"
    file.write_text("\n".join(lines), encoding="utf-8")

    found: tuple[str, ...] = ()
    try:
        load(file)
    except StackError as refused:
        found = refused.problems
    assert all(problem.startswith("stack.yaml:") for problem in found)


def test_a_definition_that_is_not_there_is_refused_with_the_command_that_writes_it(
    project: Path,
) -> None:
    assert only_problem(project, "openapi.json", "openapi.yaml") == (
        f"stack.yaml:{line_of(project, 'openapi.yaml')}:15: api.definition: "
        "no such file: openapi.yaml; write it with `vestibule openapi`"
    )


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"openapi": "3.0.1"}'], ids=["cut", "list", "no paths"]
)
def test_a_definition_that_is_none_is_refused(project: Path, text: str) -> None:
    (project / "openapi.json").write_text(text, encoding="utf-8")

    with pytest.raises(StackError, match=r"api\.definition: openapi\.json .*`vestibule openapi`"):
        load(project / "stack.yaml")


@pytest.mark.parametrize(
    ("before", "after", "given"),
    [
        ("identifier: vestibule,", "identifier: lobby,", "lobby/api"),
        ("{api: Call the API.}", "{all: Call the API.}", "vestibule/all"),
        ("{api: Call the API.}", "{}", "nothing"),
    ],
    ids=["identifier", "scope", "none"],
)
def test_a_resource_server_must_give_the_scopes_that_the_routes_ask_for(
    project: Path, before: str, after: str, given: str
) -> None:
    assert only_problem(project, before, after) == (
        f"stack.yaml:{line_of(project, 'resource_server')}:3: user_pool.resource_server: "
        "must give vestibule/api, which the routes of api.definition ask for; "
        f"gives {given}"
    )


def test_a_resource_server_may_give_more_than_the_routes_ask_for(project: Path) -> None:
    file = project / "stack.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("{api: Call the API.}", "{api: Call, more: Do more.}"))

    assert set(load(file).user_pool.resource_server.scopes) == {"api", "more"}
