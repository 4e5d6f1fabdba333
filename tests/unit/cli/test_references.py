"""stack.yaml may refer to nothing that the laptop does not know."""

from pathlib import Path

from vestibule_cli import stack
from vestibule_cli.local.references import references
from vestibule_cli.stack_rules import ENVIRONMENT_REFERENCES

ROOT = Path(__file__).parents[3]


def test_the_laptop_knows_a_value_for_each_name_there_may_be() -> None:
    definition = stack.load(ROOT / "stack.yaml")

    known = references(
        definition,
        "local",
        identity_pool="pool",
        queue_urls=dict.fromkeys(definition.queues, "url"),
        secrets=dict.fromkeys(definition.secrets, "arn"),
        site_url="site",
        table="table",
        table_stream="stream",
        user_pool="pool",
        user_pool_client="client",
        user_service_url="service",
        version="1",
    )

    assert known.keys() >= set(ENVIRONMENT_REFERENCES)
    for function in definition.functions.values():
        function.variables(known)
