"""The pages of one search: which are followed, how far, and what an end that is not had means."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from certificates import Authority, authority
from charts import DATA, ago, condition
from fault_server import Exchange, FaultServer, fault_server, searchset
from faults import ANSWERS, NEW_PAIN, OTHER, page
from fetching import DISCOURAGING, PATIENT, Given, asked, canary, lacking, rows_of, the_way

from service.ehr.pages import MOST_PAGES, resolved
from service.web.answer import Desk

ROWS = rows_of(DATA / "bundle_next_links.jsonl")
ALARM = condition("G83.4", "Cauda equina syndrome", id="alarm", recordedDate=ago(1))
NEXT = "Condition?patient=p&_page=2"
HOOKS = ("order-select", "order-sign")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls_server(signer: Authority) -> Iterator[FaultServer]:
    with fault_server(signer.context()) as running:
        yield running


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        running.hold(PATIENT, NEW_PAIN)
        yield running


def follows(row: dict[str, Any]) -> bool:
    return row["expect"].startswith("follow")


def here(link: Any, base: str, other: str) -> Any:
    """Write a link of a row as one between the servers of this test."""
    if not isinstance(link, str):
        return link
    ours, theirs = (one.split("/")[2] for one in (base, other))
    link = link.replace("ehr.example.org", ours).replace("evil.example", theirs)
    return link.replace("patient=1", "patient=p").replace("patient=2", "patient=another")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_link_is_followed_on_the_same_server_only(row: dict[str, Any]) -> None:
    found = resolved(row["next"], row["base"])
    assert (found is not None) is (follows(row) or row["id"] == "self-loop")
    assert found is None or found.startswith((f"{row['base']}/", f"{row['base']}?"))


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_what_stands_behind_a_link_is_read_or_unknown(
    row: dict[str, Any], hook: str, tls_server: FaultServer, signer: Authority, desk: Desk
) -> None:
    with canary() as other:
        link = here(row["next"], tls_server.base, other.base)
        subject = {"subject": OTHER} if row["id"] == "other-patient" else {}

        def behave(asked: Exchange) -> None:
            again = asked.number == 1 or row["id"] == "self-loop"
            asked.give(page(link) if again else searchset({**ALARM, **subject}))

        tls_server.begin(behave, "")
        way = the_way(desk, tls_server.base, ca_file=signer.file, deadline_s=2.0)
        given = asked(lacking("conditions", base=tls_server.base, hook=hook), desk, way)
    assert len(tls_server.asked) == (2 if follows(row) or row["id"] == "self-loop" else 1)
    if row["id"] == "other-patient":
        assert given.card["indicator"] != "critical"
        assert given.unavailable["conditions"] == "other-patient"
    elif follows(row):
        assert given.card["indicator"] == "critical"
    else:
        assert given.unavailable["conditions"] == "more-pages"
    assert given.topic not in DISCOURAGING


def test_every_row_is_there() -> None:
    assert len({row["id"] for row in ROWS}) == 17


@pytest.mark.parametrize(
    "link",
    [
        "?_getpages=a1//b2==&_offset=200",
        "Condition?patient=p&code=http://snomed.info/sct|161891005&_page=2",
        "Condition?patient=p&_cursor=../..",
        "{base}/Condition?patient=p&_page=2",
        "{base}?_getpages=1",
        "{base}/Condition/_search?patient=p",
    ],
)
def test_what_a_query_holds_leads_nowhere_else(link: str) -> None:
    base = "https://ehr.example.org/fhir"
    found = resolved(link.format(base=base), base)
    assert found is not None
    assert found.partition("?")[0] in (base, f"{base}/Condition", f"{base}/Condition/_search")


@pytest.mark.parametrize(
    "link",
    [
        "Condition/../Patient?x=1", "../admin?x=1", "/fhir/Condition?x=1", "Patient/1", "metadata",
        "Condition?x=1#y", "Condition?x=1\r\nX: y", "Condition?x= 1", "Condition\\x?x=1",
        "$export?x=1", "Condition/$lastn?x=1", "Condition/_history?x=1", "Condition", "?",
        "https://ehr.example.org/fhir-evil?x=1", "https://ehr.example.org:444/fhir?x=1",
        "HTTPS://ehr.example.org/fhir/Condition?x=1", ["Condition?x=1"], {"url": NEXT}, True,
        "Condition?x=\u2603",
    ],
)  # fmt: skip
def test_no_link_leads_out_of_the_searches(link: Any) -> None:
    assert resolved(link, "https://ehr.example.org/fhir") is None


def of_pages(last: int, *on_last: Any) -> Any:
    """Behave as a server whose list of conditions has so many pages."""

    def behave(asked: Exchange) -> None:
        number = int(asked.path.partition("_page=")[2] or 1)
        more = page(f"{asked.server.base}/Condition?patient=p&_page={number + 1}")
        asked.give(more if number < last else searchset(NEW_PAIN, *on_last))

    return behave


def given_for(server: FaultServer, desk: Desk, behave: Any, **sent: Any) -> Given:
    server.begin(behave, "Condition")
    body = lacking(*(["conditions"] if not sent else []), base=server.base)
    body["prefetch"] |= sent
    return asked(body, desk, the_way(desk, server.base, deadline_s=2.0))


def test_five_pages_are_read_and_an_alarm_on_the_fifth_is_heard(
    server: FaultServer, desk: Desk
) -> None:
    given = given_for(server, desk, of_pages(MOST_PAGES, ALARM))
    assert given.card["indicator"] == "critical"
    assert given_for(server, desk, of_pages(MOST_PAGES)).topic in DISCOURAGING


def test_a_sixth_page_is_unknown(server: FaultServer, desk: Desk) -> None:
    given = given_for(server, desk, of_pages(MOST_PAGES + 1, ALARM))
    assert given.unavailable == {"conditions": "more-pages"}
    assert given.topic not in DISCOURAGING
    assert len(server.asked) == MOST_PAGES
    assert given.origins["conditions"] == "ehr_more_pages"


@pytest.mark.parametrize("fault", ["http500", "http404", "body05", "body12", "body15", "net05"])
def test_a_second_page_that_cannot_be_had_hides_no_alarm_of_the_first(
    fault: str, server: FaultServer, desk: Desk
) -> None:
    def behave(asked: Exchange) -> None:
        if asked.number > 1:
            ANSWERS[fault](asked)
        else:
            asked.give(page(NEXT, *held))

    held = [NEW_PAIN, ALARM]
    assert given_for(server, desk, behave).card["indicator"] == "critical"
    held = [NEW_PAIN]
    given = given_for(server, desk, behave)
    assert given.unavailable == {"conditions": "more-pages"}
    assert given.topic not in DISCOURAGING


def test_all_pages_together_are_of_at_most_8_mb(server: FaultServer, desk: Desk) -> None:
    def behave(asked: Exchange) -> None:
        more = page(f"Condition?patient=p&_page={asked.number + 1}", NEW_PAIN, ALARM)
        asked.answer(json.dumps(more).encode() + b" " * 3_000_000)

    given = given_for(server, desk, behave)
    assert len(server.asked) == 3
    assert given.origins["conditions"] == "ehr_too_large"
    assert given.card["indicator"] == "critical"


def test_a_list_that_was_sent_is_read_on(server: FaultServer, desk: Desk) -> None:
    link = f"{server.base}/{NEXT}"
    given = given_for(server, desk, of_pages(2, ALARM), conditions=page(link, NEW_PAIN))
    assert given.card["indicator"] == "critical"
    assert server.asked == [NEXT]
    given = given_for(server, desk, of_pages(2), conditions=page(link, NEW_PAIN))
    assert given.topic in DISCOURAGING
    assert given.origins["conditions"] == "fhir-server"


def test_a_list_that_was_sent_is_its_own_first_page(server: FaultServer, desk: Desk) -> None:
    sent = page(f"{server.base}/{NEXT}", NEW_PAIN, ALARM)
    given = given_for(server, desk, of_pages(MOST_PAGES + 1), conditions=sent)
    assert len(server.asked) == MOST_PAGES - 1
    assert given.card["indicator"] == "critical"
    given = given_for(server, desk, ANSWERS["http500"], conditions=sent)
    assert given.card["indicator"] == "critical"
    assert given.unavailable == {"conditions": "more-pages"}


@pytest.mark.parametrize(("first", "second"), [([ALARM], []), ([], [ALARM])])
def test_two_lists_of_one_section_are_both_kept(
    first: list[Any], second: list[Any], server: FaultServer, desk: Desk
) -> None:
    for sent in (
        {"conditions": page(NEXT, *first, NEW_PAIN), "problems": searchset(*second, NEW_PAIN)},
        {"conditions": searchset(*first, NEW_PAIN), "problems": page(NEXT, *second, NEW_PAIN)},
        {"conditions": page(NEXT, *first, NEW_PAIN), "problems": page(NEXT, *second, NEW_PAIN)},
    ):
        given = given_for(server, desk, of_pages(2), **sent)
        assert given.card["indicator"] == "critical"


@pytest.mark.parametrize("depth", [60, 200, 400, 600, 800, 900, 990, 5000])
def test_a_link_as_deep_as_a_well_breaks_nothing(
    depth: int, server: FaultServer, desk: Desk
) -> None:
    def deep(content: Any) -> bytes:
        return json.dumps(content).encode().replace(b'"deep"', b"[" * depth + b"]" * depth)

    found = searchset(NEW_PAIN, link=["next", "deep"])
    server.begin(lambda asked: asked.answer(deep(found)), "Condition")
    way = the_way(desk, server.base, deadline_s=2.0)
    body = lacking("conditions", base=server.base)
    sent = {**body, "prefetch": {**body["prefetch"], "conditions": found}}
    # What is deeper still is no call that can be read, and is refused as a whole.
    for call in (body, sent) if depth < 990 else (body,):
        given = asked(deep(call), desk, way)
        assert given.topic not in DISCOURAGING
        assert "conditions" in given.unavailable
