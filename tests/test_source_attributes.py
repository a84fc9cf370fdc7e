"""The source attributes: all thirteen, true of the service as it runs, as page and as JSON."""

import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from charts import TODAY, ago, back_pain, call
from conftest import ROOT, Judge
from flask.testing import FlaskClient

from service.clinical import fhir
from service.clinical.guideline import Kind
from service.content import content_folder, load
from service.errors import BadContent
from service.web.answer import Desk

PATH = "/source-attributes"
FILE = "source-attributes.yaml"
REQUIRED = [
    "bibliographic_citation",
    "developer",
    "funding",
    "release_and_revision",
    "race",
    "ethnicity",
    "language",
    "sexual_orientation",
    "gender_identity",
    "sex",
    "date_of_birth",
    "social_determinants_of_health",
    "health_status_assessments",
]


class Page(HTMLParser):
    """What a page shows, which elements and addresses it holds, and which it lists by id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [i for i in [given.get("id")] if i]
        self.links += [a for a in (given.get("href"), given.get("src")) if a]
        assert not {name for name in given if name.startswith("on") or name == "style"}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture
def told(client: FlaskClient) -> dict[str, Any]:
    answer = client.get(PATH, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.json


def test_all_thirteen_are_there_and_say_something(told: dict[str, Any]) -> None:
    assert [a["id"] for a in told["attributes"]] == REQUIRED
    assert [a["number"] for a in told["attributes"]] == list(range(1, 14))
    for attribute in told["attributes"]:
        assert attribute["name"].strip()
        assert len(attribute["statement"]) > len("Not used.")


def test_they_are_those_of_the_running_content(told: dict[str, Any], desk: Desk) -> None:
    assert told["contentVersion"] == desk.guideline.version
    by_id = {a["id"]: a for a in told["attributes"]}
    for name in ("bibliographic_citation", "release_and_revision"):
        assert desk.guideline.version in by_id[name]["statement"]
    cited = {fact["text"] for fact in by_id["bibliographic_citation"]["facts"]}
    assert cited == {f"{s.label} ({s.year})" for s in desk.guideline.sources.values()}


def test_what_is_not_used_says_so(told: dict[str, Any]) -> None:
    used = {a["id"]: a["used"] for a in told["attributes"] if a["used"] is not None}
    assert [*used] == REQUIRED[4:]
    assert {name for name, is_used in used.items() if is_used} == {
        "date_of_birth",
        "health_status_assessments",
    }
    for attribute in told["attributes"][4:]:
        begin = "Used" if attribute["used"] else "Not used"
        assert attribute["statement"].startswith(begin)


def test_what_is_said_not_to_be_used_cannot_be_read() -> None:
    """Who the patient is reaches the rules as these two fields only."""
    assert {f.name for f in msgspec.structs.fields(fhir.Patient)} == {"id", "birthDate", "link"}


def test_the_questions_about_age_and_pain_are_named(told: dict[str, Any], desk: Desk) -> None:
    by_id = {a["id"]: {fact["text"] for fact in a["facts"]} for a in told["attributes"]}
    criteria = desk.guideline.criteria.values()
    assert by_id["date_of_birth"] == {c.asks for c in criteria if c.kind is Kind.AGE}
    assert {c.asks for c in criteria if c.kind is Kind.PAIN_TREND} <= by_id[
        "health_status_assessments"
    ]


def test_without_a_date_of_birth_the_rules_for_adults_apply(judge: Judge) -> None:
    """As the statement on the date of birth says."""
    chart = call(back_pain(onsetDateTime=ago(5)))
    chart["prefetch"]["patient"]["birthDate"] = ago(365 * 10)
    assert judge.advice(chart, TODAY).assessment.row.rule == "R75"
    del chart["prefetch"]["patient"]["birthDate"]
    assert judge.advice(chart, TODAY).assessment.row.rule != "R75"


def test_the_release_is_the_one_of_the_changelog(told: dict[str, Any], desk: Desk) -> None:
    version = desk.guideline.version.partition("+")[0]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (when,) = re.findall(rf"^## {re.escape(version)} \((.*)\)$", changelog, re.MULTILINE)
    statement = told["attributes"][3]["statement"]
    assert ("Not released yet" if when == "unreleased" else when) in statement


def test_the_page_says_the_same_as_the_json(told: dict[str, Any], client: FlaskClient) -> None:
    answer = client.get(PATH)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    page = Page(answer.text)
    shown = " ".join("".join(page.texts).split())
    assert page.ids == [a["id"] for a in told["attributes"]]
    for attribute in told["attributes"]:
        facts = [fact["text"] for fact in attribute["facts"]]
        for words in (attribute["name"], attribute["statement"], *facts):
            assert words in shown
    linked = {fact["url"] for a in told["attributes"] for fact in a["facts"] if fact["url"]}
    assert set(page.links) == linked | {"?format=json"}


def test_the_page_is_complete_in_itself(client: FlaskClient) -> None:
    page = Page(client.get(PATH).text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert "@import" not in client.get(PATH).text
    assert "url(" not in client.get(PATH).text
    assert [tag for tag in page.tags if tag in ("html", "title", "main", "h1", "footer")] == [
        "html",
        "title",
        "main",
        "h1",
        "footer",
    ]
    assert page.tags.count("h2") == len(REQUIRED)


def test_the_page_allows_its_own_style_and_nothing_else(client: FlaskClient) -> None:
    answer = client.get(PATH)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    said = answer.headers["Content-Security-Policy"].split("; ")
    policy = dict(directive.split(" ", 1) for directive in said)
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    ("query", "accept", "expected"),
    [
        ("", None, "text/html"),
        ("", "*/*", "text/html"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("", "application/json", "application/json"),
        ("", "text/html;q=0.5, application/json", "application/json"),
        ("", "application/pdf", "text/html"),
        ("?format=json", "text/html", "application/json"),
        ("?format=html", "application/json", "text/html"),
    ],
)
def test_the_form_is_the_one_asked_for(
    query: str, accept: str | None, expected: str, client: FlaskClient
) -> None:
    headers = {"Accept": accept} if accept else {}
    assert client.get(PATH + query, headers=headers).mimetype == expected


def test_what_cannot_be_answered_is_refused(client: FlaskClient) -> None:
    for answer, status in ((client.get(f"{PATH}?format=xml"), 400), (client.post(PATH), 405)):
        assert answer.status_code == status
        assert answer.json["resourceType"] == "OperationOutcome"
    assert client.get(f"{PATH}?format=xml").json["issue"][0]["expression"] == ["format"]


WRONG = {
    "one is missing": (re.compile(r"^sex:\n(  .*\n)+", re.M), "", "file", "'sex'"),
    "one too many": ("sex:\n", "gait: {name: x}\nsex:\n", "file", "gait"),
    "nothing said": (re.compile("statement: No ext.*"), "statement: ''", "funding/state", ""),
    "used and not used": ("used: true\n", "used: false\n", "date_of_birth", ""),
    "not used, and yet asked": (
        "  name: Use of sex\n",
        "  name: Use of sex\n  asked_by: [age]\n",
        "sex",
        "does not allow",
    ),
    "a place that nothing fills": ("version {version}.", "{release}.", "biblio", "'release'"),
    "half a place": ("version {version}.", "{version.", "biblio", "brace"),
    "a kind that no question is of": ("[age]", "[ages]", "date_of_birth", "'ages'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_statements_are_refused(name: str, tmp_path: Path) -> None:
    old, new, key, problem = WRONG[name]
    folder = tmp_path / "cards"
    shutil.copytree(content_folder(), folder)
    before = (folder / FILE).read_text(encoding="utf-8")
    pattern = old if isinstance(old, re.Pattern) else re.compile(re.escape(old))
    after = pattern.sub(lambda _: new, before, count=1)
    assert after != before
    (folder / FILE).write_text(after, encoding="utf-8")
    with pytest.raises(BadContent) as refused:
        load(folder)
    assert refused.value.file.name == FILE
    assert refused.value.key.startswith(key)
    assert problem in refused.value.problem
