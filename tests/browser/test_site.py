from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

pytestmark = [pytest.mark.browser, pytest.mark.emulator]

# WCAG 2.2, 1.4.3: text against what is behind it.
CONTRAST = """
() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const part = (value) => {
      const v = value / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = rgb(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own) continue;
    const pair = [luminance(rgb(getComputedStyle(element).color)), luminance(behind(element))];
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) weak.push(`${element.tagName} ${element.textContent}: ${ratio.toFixed(2)}`);
  }
  return weak;
}
"""


def cognito(stack: dict[str, Any]) -> Any:
    return boto3.client(
        "cognito-idp",
        endpoint_url=stack["aws_endpoint_url"],
        region_name=stack["region"],
        config=Config(signature_version=UNSIGNED),
    )


def sign_up(stack: dict[str, Any]) -> str:
    address = f"person-{time.time_ns()}@example.test"
    cognito(stack).sign_up(
        ClientId=stack["user_pool_client_id"],
        Username=address,
        Password="a-long-enough-password",
        UserAttributes=[{"Name": "email", "Value": address}, {"Name": "name", "Value": "Ann"}],
    )
    return address


def test_the_start_page_leads_to_the_inbox(page: Any) -> None:
    page.goto("/")

    page.get_by_role("main").get_by_role("link", name="Inbox").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Inbox"


def test_a_mail_appears_by_itself_with_its_code(page: Any, stack: dict[str, Any]) -> None:
    page.goto("/inbox")

    address = sign_up(stack)

    mail = page.get_by_role("article").filter(has_text=address)
    mail.wait_for(timeout=8000)
    code = mail.locator(".code strong").inner_text()
    assert len(code) == 6
    assert code.isdigit()
    assert code in mail.inner_text()


@pytest.mark.parametrize("path", ["/", "/inbox"])
def test_every_text_stands_out_from_what_is_behind_it(
    page: Any, stack: dict[str, Any], path: str
) -> None:
    sign_up(stack)
    page.goto(path)

    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("path", ["/", "/inbox"])
def test_a_page_has_a_language_a_title_one_main_and_one_first_heading(page: Any, path: str) -> None:
    page.goto(path)

    assert page.locator("html").get_attribute("lang") == "en"
    assert "Vestibule" in page.title()
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("path", ["/", "/inbox"])
def test_a_narrow_screen_needs_no_sideways_scrolling(
    page: Any, stack: dict[str, Any], path: str
) -> None:
    sign_up(stack)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_every_link_can_be_reached_by_keyboard(page: Any) -> None:
    page.goto("/")
    reached = []
    for _ in range(page.get_by_role("link").count()):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getAttribute('href')"))

    assert reached == [link.get_attribute("href") for link in page.get_by_role("link").all()]


def test_nothing_comes_from_another_place(page: Any, stack: dict[str, Any]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_up(stack)

    page.goto("/")
    page.goto("/inbox", wait_until="networkidle")

    assert asked
    assert all(url.startswith(stack["site_url"]) for url in asked), asked


def test_a_page_of_another_origin_cannot_read_the_codes(
    browser: Any, stack: dict[str, Any]
) -> None:
    page = browser.new_page()
    page.route("http://elsewhere.test/", lambda route: route.fulfill(body="<p>elsewhere</p>"))
    page.goto("http://elsewhere.test/")

    outcome = page.evaluate(
        "url => fetch(url).then(answer => answer.text()).catch(() => 'refused')",
        f"{stack['inbox_url']}.json",
    )

    page.close()
    assert outcome == "refused"


@pytest.mark.parametrize("page", ["light"], indirect=True)  # the page has one set of colors
def test_a_mails_link_leads_to_a_page_whose_button_stops_such_mails(
    page: Any, stack: dict[str, Any]
) -> None:
    address = sign_up(stack)
    page.goto("/inbox")
    mail = page.get_by_role("article").filter(has_text=address)
    code = mail.locator(".code strong").inner_text()
    cognito(stack).confirm_sign_up(
        ClientId=stack["user_pool_client_id"], Username=address, ConfirmationCode=code
    )
    welcome = mail.filter(has_text="List-Unsubscribe-Post")
    welcome.wait_for(timeout=20000)
    page.goto(welcome.locator("code").first.inner_text().strip("<>"))
    assert page.evaluate(CONTRAST) == []

    page.get_by_role("button").click()

    page.get_by_text("Done. You will get no more mails of this kind.").wait_for(timeout=8000)
    assert page.evaluate(CONTRAST) == []
