"""What the documents say is so: their links, their example, their lists."""

import json
import re
from pathlib import Path

import pytest
from conftest import ROOT

from service.cli import main
from service.clients import Issuer
from service.clinical.facts import Facts
from service.clinical.guideline import Kind
from service.ehr.searches import PREFETCH
from service.settings import Settings
from service.web.answer import Desk

FOLDERS = ("cards", "service", "deploy", "deploy/connecting", "deploy/monitoring", "fhir_fixtures")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(p for d in FOLDERS for p in (ROOT / d).glob("*.md"))])
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target, place in LINK.findall(path.read_text(encoding="utf-8")):
        there = path.parent / target if target else path
        assert there.exists(), target
        if place:
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert place in {anchor(heading) for heading in headings}


def test_the_example_of_the_readme_is_a_case() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (case,) = set(re.findall(r"@(fhir_fixtures/[\w-]+)/request.json", readme))
    golden = json.loads((ROOT / case / "response.json").read_text(encoding="utf-8"))
    assert f"> **{golden['cards'][0]['summary']}**" in readme


def test_the_readme_fits_on_two_screens_and_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) < 100
    service = (ROOT / "service" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}" in service for name in main.commands)


def test_the_prefetch_that_integrators_type_in_is_the_one_of_discovery() -> None:
    text = (ROOT / "deploy" / "connecting" / "generic.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, re.MULTILINE)) == dict(PREFETCH)


def test_the_override_reasons_to_map_are_those_of_the_cards(desk: Desk) -> None:
    text = (ROOT / "deploy" / "connecting" / "epic.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| (?:ours|HL7) \| `([\w-]+)` \| (.+) \|$", text, re.MULTILINE))
    reasons = [r for m in desk.guideline.messages.values() for r in m.override_reasons]
    assert told == {(reason["code"], reason["display"]) for reason in reasons}


def test_every_setting_is_described(desk: Desk) -> None:
    example = (ROOT / "deploy" / "settings.example.toml").read_text(encoding="utf-8")
    readme = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    names = [*Settings.model_fields, *Issuer.model_fields]
    assert not [name for name in names if f"`{name}`" not in readme and name not in example]


def test_every_reason_that_a_log_may_give_is_described() -> None:
    """Fixed words stand in the code as texts: each has its line in the runbook's table."""
    readme = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    words = set()
    for path in (ROOT / "service" / "ehr").glob("*.py"):
        words |= set(re.findall(r'"((?:ehr|prefetch)_[a-z_]+)"', path.read_text(encoding="utf-8")))
    app = (ROOT / "service" / "app.py").read_text(encoding="utf-8")
    words |= set(re.findall(r'kept\.reason = "([a-z_]+)"', app))
    assert words
    assert not [word for word in words if f"`{word}`" not in readme]


def test_the_topic_system_is_the_one_in_the_readme(desk: Desk) -> None:
    assert f"`{desk.guideline.topic_system}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_kind_of_question_is_described_with_its_parameters(desk: Desk) -> None:
    text = (ROOT / "cards" / "README.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    described = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])}
    assert set(Kind) <= described
    schema = json.loads((ROOT / "cards" / "schemas" / "criteria.json").read_text())
    common = {"id", "asks", "says", "kind", "sources", "groups"}
    assert all(f"`{name}" in text for name in set(schema["items"]["properties"]) - common)
    assert all(f"`{{{fact}}}`" in text for fact in Facts._fields)


def test_the_changelog_names_every_rule(desk: Desk) -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    tables = (desk.guideline.indication, *desk.guideline.modifiers)
    rules = {row.rule for table in tables for row in table}
    assert not {rule for rule in rules if not re.search(rf"\b{rule}\b", text)}
