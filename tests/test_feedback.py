"""Feedback: every shape that EHRs send, nothing of another tenant's, and each thing said once."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from callers import ELSEWHERE, FEEDBACK_PATH, NORTH, SOUTH, Caller, registered
from charts import back_pain, call
from conftest import ROOT, eventually
from flask import Flask
from house import CALL_PATH
from sqlalchemy import Engine, select

from service.app import create_app
from service.ledger.schema import calls, feedback
from service.ledger.store import migrate, open_store
from service.settings import Settings

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "feedback_abuse.jsonl").read_text().splitlines()
]
TEMPLATES = ROOT / "cards" / "messages" / "suggestions.yaml"
WHEN = "2026-11-22T10:00:00Z"
MADE_LONGER = {"items-10001": 10_001}


class Service:
    """A production service in this process, its ledger, and what its callers ask of it."""

    def __init__(self, folder: Path, url: str, **changes: Any) -> None:
        settings = Settings(**registered(folder, ledger_url=url, **changes))
        migrate(url)
        self.app: Flask = create_app(settings)
        self.client = self.app.test_client()
        self.engine: Engine = open_store(url)

    def close(self) -> None:
        self.app.extensions["ledger"].close()
        self.engine.dispose()

    def card(self, caller: Caller = NORTH, **changes: Any) -> dict[str, Any]:
        """Order, each time in a call of its own, and give the card."""
        body = {**call(back_pain()), "hookInstance": str(uuid4()), **changes}
        given = self.client.post(CALL_PATH, json=body, headers=caller.headers(CALL_PATH))
        return given.json["cards"][0]

    def say(self, body: Any, caller: Caller = NORTH) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(
            FEEDBACK_PATH, data=content, content_type="application/json",
            headers=caller.headers(FEEDBACK_PATH),
        )  # fmt: skip

    def stored(self, card: str | None = None) -> list[dict[str, Any]]:
        asked = select(feedback)
        if card:
            asked = asked.where(feedback.c.card == card)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(asked).mappings()]


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    url = f"sqlite:///{folder}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("cluster").new_database()
    made = Service(folder, url)
    yield made
    made.close()


def said(card: str, outcome: str = "overridden", **more: Any) -> dict[str, Any]:
    return {"card": card, "outcome": outcome, "outcomeTimestamp": WHEN, **more}


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_each_row_of_the_corpus_is_answered_as_agreed(service: Service, row: dict) -> None:
    mine, theirs = service.card(), service.card(SOUTH)["uuid"]
    names = {
        "{issued-card-uuid}": mine["uuid"],
        "{issued-suggestion-uuid}": mine["suggestions"][0]["uuid"],
        "{card-of-tenant-b}": theirs,
    }
    text = json.dumps(row["body"])
    for name, uuid in names.items():
        text = text.replace(name, uuid)
    body = json.loads(text)
    if row["id"] in MADE_LONGER:
        body["feedback"] = body["feedback"][:1] * MADE_LONGER[row["id"]]
    for _ in range(row.get("repeat", 1)):
        given = service.say(body)
        assert given.status_code in row["expect_status"]
        assert given.json == {} or given.json["resourceType"] == "OperationOutcome"
    assert service.stored(theirs) == []
    of_mine = text.count(mine["uuid"])
    kept = service.stored(mine["uuid"])
    assert len(kept) == (1 if given.status_code == 200 and of_mine else 0)
    for one in kept:
        assert (one["issuer"], one["tenant"]) == (NORTH.iss, NORTH.tenant)
        assert one["recommendation"] == mine["source"]["topic"]["code"]


def test_a_card_of_another_is_answered_like_one_that_never_was(service: Service) -> None:
    answers = []
    for card in (service.card(SOUTH)["uuid"], service.card(ELSEWHERE)["uuid"], str(uuid4())):
        given = service.say({"feedback": [said(card)]})
        answers.append((given.status_code, given.data, sorted(dict(given.headers))))
        assert service.stored(card) == []
    mine = service.card()["uuid"]
    given = service.say({"feedback": [said(mine)]})
    answers.append((given.status_code, given.data, sorted(dict(given.headers))))
    assert len(service.stored(mine)) == 1
    assert all(one == answers[0] for one in answers)
    assert answers[0][:2] == (200, b"{}")


def test_of_a_batch_with_an_unreadable_item_nothing_is_stored(service: Service) -> None:
    card = service.card()["uuid"]
    given = service.say({"feedback": [said(card), said("bad")]})
    assert given.status_code == 400
    assert given.json["issue"][0]["expression"] == ["feedback.1.card"]
    assert service.stored(card) == []


def test_of_a_batch_each_known_card_is_stored(service: Service) -> None:
    mine, other = service.card()["uuid"], service.card()["uuid"]
    batch = [said(mine), said(service.card(SOUTH)["uuid"]), said(other), said(str(uuid4()))]
    assert service.say({"feedback": batch}).status_code == 200
    assert len(service.stored(mine)) == len(service.stored(other)) == 1


def test_each_thing_said_counts_once_and_another_thing_beside_it(service: Service) -> None:
    card = service.card()["uuid"]
    other_time = said(card, outcomeTimestamp="2026-11-22T10:00:01Z")
    with_comment = said(card, overrideReason={"userComment": "x"})
    same_instant = said(card, outcomeTimestamp="2026-11-22T05:00:00-05:00")
    for one in (said(card), said(card), same_instant, said(card.upper()), other_time, with_comment):
        assert service.say({"feedback": [one]}).status_code == 200
    assert len(service.stored(card)) == 3


def reason(service: Service, **more: Any) -> tuple[str | None, ...]:
    card = service.card()["uuid"]
    assert service.say({"feedback": [said(card, **more)]}).status_code == 200
    (kept,) = service.stored(card)
    return tuple(kept[n] for n in ("reason_system", "reason_code", "reason_display", "comment"))


CODING = {"system": "https://codes.example.org", "code": "c", "display": "Said so"}
TOLD = (*CODING.values(), None)
EPIC = "com.epic.cdshooks.feedback.overrideReason.reason"
OF_EPIC = {f"{EPIC}Category": "45", f"{EPIC}Title": "Title", f"{EPIC}Display": "Display"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, (None,) * 4),
        ({"overrideReason": None}, (None,) * 4),
        ({"overrideReason": {"reason": CODING}}, TOLD),
        ({"overrideReason": {"reason": {"coding": [CODING], "text": "x"}}}, TOLD),
        ({"overrideReason": {"reason": "c"}}, (None, "c", None, None)),
        ({"overrideReason": {"reason": "too early"}}, (None, "unfit", "too early", None)),
        (
            {"overrideReason": {"reason": {"system": "Jane Roe", "code": "MRN 1", "display": "d"}}},
            ("unfit", "unfit", "d", None),
        ),
        ({"overrideReason": {"reason": CODING, "userComment": " y "}}, (*TOLD[:3], "y")),
        ({"overrideReasons": {"reason": CODING, "userComment": "y"}}, (*TOLD[:3], "y")),
        ({"overrideReasons": [{"reason": CODING}]}, TOLD),
        ({"overrideReasons": {"extension": OF_EPIC}}, (f"{EPIC}Category", "45", "Title", None)),
        ({"extension": OF_EPIC}, (f"{EPIC}Category", "45", "Title", None)),
        ({"overrideReason": {"userComment": "a\x00b\ud800"}}, (None, None, None, "a b?")),
    ],
)
def test_a_reason_is_read_in_every_shape(
    service: Service, more: dict[str, Any], expected: tuple[str | None, ...]
) -> None:
    assert reason(service, **more) == expected


def test_a_long_comment_is_cut(service: Service) -> None:
    assert reason(service, overrideReason={"userComment": "x" * 3000})[3] == "x" * 2000


def test_accepted_suggestions_are_told_by_name(service: Service) -> None:
    card = service.card()
    offered = [one["uuid"] for one in card["suggestions"]]
    chosen = [{"id": offered[-1]}, {"id": str(uuid4())}, {"id": offered[0].upper()}]
    one = said(card["uuid"], "accepted", acceptedSuggestions=chosen)
    assert service.say({"feedback": [one]}).status_code == 200
    (kept,) = service.stored(card["uuid"])
    names = json.loads(kept["suggestions"])
    assert names[1] is None
    templates = yaml.safe_load(TEMPLATES.read_text(encoding="utf-8"))
    actions = {one["id"]: one["action"] for one in templates}
    expected = [card["suggestions"][place]["actions"][0]["type"] for place in (-1, 0)]
    assert [actions[names[0]], actions[names[2]]] == expected
    assert names[0] != names[2]


@pytest.mark.parametrize(
    ("when", "doubtful"),
    [(WHEN, False), ("1900-01-01T00:00:00Z", True), ("9999-12-31T23:59:59Z", True)],
)
def test_an_absurd_time_is_stored_and_marked(service: Service, when: str, doubtful: bool) -> None:
    card = service.card()["uuid"]
    assert service.say({"feedback": [said(card, outcomeTimestamp=when)]}).status_code == 200
    (kept,) = service.stored(card)
    assert kept["time_doubtful"] is doubtful
    assert abs(kept["received_at"] / 1000 - time.time()) < 60


@pytest.mark.parametrize(
    "when", ["2026-11-22T10:00:60Z", "2026-11-22t10:00:00z", "2026-11-22T10:00:00.123456789Z"]
)
def test_rarer_spellings_of_a_time_are_read(service: Service, when: str) -> None:
    card = service.card()["uuid"]
    assert service.say({"feedback": [said(card, outcomeTimestamp=when)]}).status_code == 200
    assert len(service.stored(card)) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"7", b"{", b'{"feedback": NaN}', b'{"feedback": [1]}', b"\xff\xfe{}",
     b'{"feedback": [], "feedback": []}', b'{"feedback": ' + b"[" * 100_000, b'{"card": 1}'],
    ids=repr,
)  # fmt: skip
def test_what_is_no_feedback_is_refused(service: Service, body: bytes) -> None:
    given = service.say(body)
    assert given.status_code == 400
    assert given.json["resourceType"] == "OperationOutcome"


def test_a_large_feedback_is_refused_before_it_is_read(service: Service) -> None:
    assert service.say(b" " * (256 * 1024 + 1)).status_code == 413


def test_nobody_else_gives_feedback(service: Service) -> None:
    card = service.card()["uuid"]
    for headers in ({}, NORTH.headers(CALL_PATH)):  # no token; one made out to another address
        given = service.client.post(FEEDBACK_PATH, json={"feedback": [said(card)]}, headers=headers)
        assert given.status_code == 401
    assert service.stored(card) == []


def test_each_feedback_has_its_record(service: Service) -> None:
    card = service.card()["uuid"]
    given = service.say({"feedback": [said(card), said(str(uuid4()))]})
    asked = select(calls).where(calls.c.id == given.headers["X-Request-Id"])

    def kept() -> Any:
        with service.engine.connect() as connection:
            return connection.execute(asked).mappings().first()

    row = eventually(kept)
    assert (row["endpoint"], row["status"], row["issuer"]) == (FEEDBACK_PATH, 200, NORTH.iss)
    assert json.loads(row["outcomes"]) == {"overridden": 1, "unknown_card": 1}


def test_feedback_on_cards_of_a_former_key_is_attributed_by_their_rows(
    service: Service, tmp_path: Path
) -> None:
    mine, theirs = service.card()["uuid"], service.card(SOUTH)["uuid"]
    url = service.engine.url.render_as_string(hide_password=False)
    later = Service(tmp_path, url, card_key="another-secret-of-32-bytes-or-more")

    def attributed() -> bool:  # as soon as the record of the card is written
        assert later.say({"feedback": [said(mine), said(theirs)]}).status_code == 200
        return bool(service.stored(mine))

    assert eventually(attributed)
    assert service.stored(theirs) == []
    later.close()


def test_a_comment_stands_in_the_ledger_and_nowhere_else(
    service: Service, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    mark = "Jane Roe MRN 55512"
    assert reason(service, overrideReason={"userComment": mark})[3] == mark
    assert mark not in caplog.text + "".join(capfd.readouterr())
