"""Text of a chart on a card, as an EHR renders it: it never becomes markup, a link or an image."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from charts import DATA, TODAY, ago, back_pain, bundle, call, concept, condition, observation, order
from conformance import hold
from markdown_it import MarkdownIt

from service.clinical.markdown import plain
from service.web.answer import Desk, answer

ROWS = [json.loads(line) for line in (DATA / "markdown_injection.jsonl").read_text().splitlines()]
MORE = [
    "10. item", "1) item", "+ item", "evil.com", "//evil.com/x", "//localhost/x", "a@b.co",
    "HTTPS://EVIL.EXAMPLE/X", "wWw.evil.example", "http://[::1]/", "ftp://evil.example", "[^1]",
    "==mark==", "^up^", "H~2~O", "<!DOCTYPE html>", "<?php x ?>", "<![CDATA[ x ]]>", "::: note",
    "{.class}", "{{constructor}}", "\u00a0# x", "\u3000- x", "xmpp:a@b.co", "x\\", "&amp;",
    "&#x3c;b>", "http:\u2060//evil.example", "Dr.Smith of evil.org", "-", "+", "=", "`", "``x``",
    "***x***",
]  # fmt: skip
HARMLESS = "Some words"
# What widespread renderers of GitHub's markdown make links of when all escapes are gone.
LINKS = re.compile(r"(https?://|www\.|//)[-.\w]+|[-.\w+]+@[-\w]+", re.IGNORECASE)
JOINER = "\u2060"
TEMPLATE = {"p", "strong", "ul", "li"}  # of which every detail is made


def named_drug(text: str) -> dict[str, Any]:
    """Write a prescription of a drug that stands in a resource of its own."""
    coding = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "5640"}
    drug = {"resourceType": "Medication", "id": "d", "code": {"coding": [coding], "text": text}}
    return {
        "resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p"}, "authoredOn": ago(20), "contained": [drug],
        "medicationReference": {"reference": "#d"},
    }  # fmt: skip


def displayed(text: str) -> dict[str, Any]:
    flag = condition("G83.4")
    flag["code"]["coding"][0]["display"] = text
    return flag


def with_name(text: str) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1984-02-01"}
    return call(back_pain(), condition("G83.4"), patient={**patient, "name": [{"text": text}]})


def with_error(text: str) -> dict[str, Any]:
    issue = {"severity": "error", "code": "exception", "diagnostics": text}
    return call(
        back_pain(), condition("G83.4"),
        procedures=bundle({"resourceType": "OperationOutcome", "issue": [issue]}),
    )  # fmt: skip


def with_practitioner(text: str) -> dict[str, Any]:
    who = {"resourceType": "Practitioner", "id": "1", "name": [{"text": text, "family": text}]}
    by = order(requester={"reference": "Practitioner/1", "display": text})
    return call(back_pain(), condition("G83.4"), orders=[by], practitioner=who)


def with_reason(text: str) -> dict[str, Any]:
    return call(back_pain(), orders=[order(reasonCode=[concept("G83.4", text)])])


def with_answer(text: str) -> dict[str, Any]:
    told = observation(None, "Saddle numbness", valueString=text, effectiveDateTime=ago(1))
    return call(back_pain(), told)


Writer = Callable[[str], dict[str, Any]]
SHOWN: dict[str, Writer] = {
    "Condition.code.text": lambda text: call(back_pain(), condition("G83.4", text)),
    "Condition.code.coding.display": lambda text: call(back_pain(), displayed(text)),
    "ServiceRequest.reasonCode.text": with_reason,
    "Medication.code.text": lambda text: call(
        back_pain(onsetDateTime=ago(60), recordedDate=ago(60)), named_drug(text)
    ),
    "Observation.valueString": with_answer,
}
HIDDEN: dict[str, Writer] = {
    "Patient.name.text": with_name,
    "OperationOutcome.issue.diagnostics": with_error,
    "Practitioner.name": with_practitioner,
}
FIELDS = SHOWN | HIDDEN


@cache
def renderer() -> MarkdownIt:
    """Render GitHub's markdown with raw HTML let through, and links made wherever they may be."""
    options = {"html": True, "linkify": True, "breaks": True}
    return MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"])


@dataclass
class Dom(HTMLParser):
    """What a browser would make of a rendered text: its elements, and its words."""

    elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = field(default_factory=list)
    words: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.elements.append((f"/{tag}", ()))

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.elements.append(("a comment", ()))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("a declaration", ()))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("an instruction", ()))

    def unknown_decl(self, data: str) -> None:
        self.elements.append(("a section", ()))


def rendered(detail: str) -> Dom:
    dom = Dom()
    dom.feed(renderer().render(detail))
    dom.close()
    return dom


Card = dict[str, Any]


def cards(write: Writer, text: str, desk: Desk) -> list[tuple[Card, Dom]]:
    """Give the cards of a call with a text in it, and each as it is rendered."""
    given = json.loads(answer(json.dumps(write(text)).encode(), desk, TODAY))
    return [(card, rendered(card["detail"])) for card in given["cards"]]


def judged(card: Card) -> list[Any]:
    """Say what was made of a chart, without its words."""
    content = card["extension"]["org.lumbar-mri-cds"]
    evidence = [(e["criterion"], e["status"], e["reference"]) for e in content["evidence"]]
    return [card["summary"], evidence, content.get("notDocumented"), content.get("unavailable")]


def hold_as_words(name: str, texts: list[str], desk: Desk) -> list[str]:
    """Hold each card with a text in a field against the card with harmless words in it.

    Give those texts of which something else was made: an answer in words may mean something.
    """
    ((harmless, known),) = cards(FIELDS[name], HARMLESS, desk)
    other = []
    for text in texts:
        ((card, dom),) = cards(FIELDS[name], text, desk)
        assert {tag.removeprefix("/") for tag, _ in dom.elements} <= TEMPLATE
        assert not any(attributes for _, attributes in dom.elements)
        assert not LINKS.search(dom.words)
        assert 0 < len(card["summary"]) < 140
        assert "\n" not in card["summary"]
        if judged(card) != judged(harmless):
            assert name == "Observation.valueString" or card["indicator"] == "critical"
            other.append(text)
            continue
        assert dom.elements == known.elements
        assert name in HIDDEN or plain(text) in dom.words.replace(JOINER, "")
    return other


def test_the_corpus_is_all_there() -> None:
    assert len(ROWS) == 74
    assert all(set(row["where"]) == set(FIELDS) for row in ROWS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_text_is_shown_where_it_is_evidence_and_nowhere_else(name: str, desk: Desk) -> None:
    ((card, dom),) = cards(FIELDS[name], HARMLESS, desk)
    hold({"cards": [card]}, desk.guideline)
    assert (HARMLESS in dom.words) is (name in SHOWN)


@pytest.mark.parametrize("name", FIELDS)
def test_a_hostile_text_is_words_and_nothing_else(name: str, desk: Desk) -> None:
    texts = [*(row["value"] for row in ROWS), *MORE]
    assert len(hold_as_words(name, texts, desk)) <= 3


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["Condition.code.text", "Observation.valueString"])
def test_known_attacks_on_browsers_are_words(name: str, desk: Desk, shared: Path) -> None:
    folder = shared / "reliability" / "corpora" / "payloads_all_the_things" / "xss"
    lines = [
        line
        for path in sorted(folder.glob("*.txt"))
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n")
    ]
    assert len(lines) >= 1142
    assert len(hold_as_words(name, lines, desk)) < len(lines) / 8
