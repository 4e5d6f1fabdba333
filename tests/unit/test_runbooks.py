"""Whoever is woken finds what to do, and what wakes people can happen."""

import re
from pathlib import Path

from vestibule.delivery import reconcile
from vestibule.security.model import HIGH

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "infra/modules/observability"
COMMANDS = ROOT / "src/vestibule_cli/commands"
# Not of one alarm: what the budget says, and where to go on.
BESIDE = {"budget", "when-nothing-here-helps"}


def runbooks() -> str:
    return (ROOT / "docs/runbooks.md").read_text(encoding="utf-8")


def sections() -> set[str]:
    headings = re.findall(r"^## (.+)$", runbooks(), re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in headings}


def watched() -> set[str]:
    """The functions' own metrics that an alarm or a dashboard shows."""
    alarms = (MODULE / "alarms.tf").read_text(encoding="utf-8")
    dashboards = (MODULE / "dashboards.tf").read_text(encoding="utf-8")
    listed = re.findall(r"for name, label in \{(.+?)\}", dashboards)
    shown = {name for each in listed for name in re.findall(r"(\w+) = ", each)}
    return shown | set(re.findall(r'namespace = var\.namespace, name = "(\w+)"', alarms))


def counted() -> set[str]:
    """The names of all metrics that the functions count, and some words more."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "src/vestibule").rglob("*.py"))
    literal = {name for text in texts for name in re.findall(r'"([A-Z][A-Za-z]+)"', text)}
    composed = {f"Reconcile{each.capitalize()}" for each in (reconcile.MISSING, reconcile.FAILED)}
    return literal | composed | {f"SecurityEvents{HIGH.capitalize()}"}


def test_each_alarm_has_a_section_and_each_section_an_alarm() -> None:
    text = (MODULE / "alarms.tf").read_text(encoding="utf-8")
    named = set(re.findall(r'\brunbook\s*= "([a-z-]+)"', text))
    named |= set(re.findall(r"Runbook: docs/runbooks\.md#([a-z-]+)\"", text))

    assert named == sections() - BESIDE


def test_links_within_the_runbooks_lead_to_sections() -> None:
    assert set(re.findall(r"\]\(#([a-z-]+)\)", runbooks())) <= sections()


def test_the_runbooks_name_only_commands_that_exist() -> None:
    named = set(re.findall(r"\bvestibule ([a-z]+)\b", runbooks()))

    assert "deliveries" in named
    assert named <= {path.stem for path in COMMANDS.glob("*.py")}


def test_what_is_watched_is_counted_somewhere() -> None:
    assert "RelayPutAside" in watched()
    assert watched() <= counted()
