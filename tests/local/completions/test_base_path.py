from __future__ import annotations

from typing import Any


def test_the_root_mapping_is_found_under_the_name_of_nothing(emulator: Any) -> None:
    gateway = emulator.client("apigateway")
    api_id = gateway.create_rest_api(name="rooted")["id"]
    gateway.create_domain_name(domainName="api.example.test")

    gateway.create_base_path_mapping(
        domainName="api.example.test", basePath="", restApiId=api_id, stage="api"
    )

    found = gateway.get_base_path_mapping(domainName="api.example.test", basePath="(none)")
    assert found["restApiId"] == api_id
    gateway.delete_base_path_mapping(domainName="api.example.test", basePath="(none)")
    assert gateway.get_base_path_mappings(domainName="api.example.test").get("items", []) == []
