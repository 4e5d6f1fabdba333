import json
from typing import Any

import pytest

from vestibule.mail.brand import Brand
from vestibule.mail.templates import Library, TemplateFault


def given(**changes: Any) -> str:
    return json.dumps(json.loads(Library().file("brand.json")) | changes)


def test_the_shipped_brand_is_whole() -> None:
    brand = Brand.parse(given())

    assert brand.name == "Vestibule"
    assert brand.colors["accent"].startswith("#")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "not JSON"),
        ("[]", "an object"),
        (given(name=""), "name"),
        (given(name="Vesti\nbule"), "name"),
        (given(imprint="{####}"), "imprint"),
        (given(site="javascript:alert(1)"), "site"),
        (given(links=[]), "links"),
        (given(links={"elsewhere": "/"}), "links"),
        (given(links={"dashboard": "javascript:alert(1)"}), r"links\.dashboard"),
        (given(links={"dashboard": 1}), "dashboard"),
        (given(utm_source=""), "utm_source"),
        (given(colors={"accent": "red"}), "colors"),
        (given(colors="red"), "colors"),
    ],
)
def test_a_faulty_brand_is_named(text: str, fault: str) -> None:
    with pytest.raises(TemplateFault, match=fault):
        Brand.parse(text)


def test_a_link_is_a_path_of_the_site_an_address_or_the_site_itself() -> None:
    links = {"onboarding": "/start?a=b", "support": "https://help.example/"}

    brand = Brand.parse(given(site="https://house.example/", links=links))

    assert brand.links == {
        "onboarding": "https://house.example/start?a=b",
        "dashboard": "https://house.example/",
        "support": "https://help.example/",
    }
