"""Live, silent and canary: what is shown, and what is recorded all the same."""

import json
from pathlib import Path
from typing import Any

import pytest
from charts import back_pain, bundle, call, condition, order
from sqlalchemy import select

from service.app import create_app, open_desk
from service.clients import Client
from service.ledger.schema import calls, cards
from service.ledger.store import migrate, open_store
from service.settings import Settings
from service.web.answer import answer, today
from service.web.record import CallRecord

EMERGENCY = call(back_pain(), condition("G83.4"))
DEFERRAL = call(back_pain())


def asked(body: dict[str, Any], **client: Any) -> tuple[dict[str, Any], CallRecord]:
    desk = open_desk(Settings(client=Client(**client)))
    kept = CallRecord(endpoint="test")
    given = answer(json.dumps(body).encode(), desk, today(desk.zone), desk.anyone, kept)
    return json.loads(given), kept


@pytest.mark.parametrize("body", [EMERGENCY, DEFERRAL])
@pytest.mark.parametrize("profile", ["generic", "v1", "sandbox"])
def test_silence_judges_and_records_and_shows_nothing(body: dict[str, Any], profile: str) -> None:
    _, live = asked(body, profile=profile, missing_required_answer="card")
    given, silent = asked(body, profile=profile, missing_required_answer="card", mode="silent")
    assert given == {"cards": []}
    assert (live.mode, silent.mode) == ("live", "silent")
    assert live.cards
    assert all(card.shown for card in live.cards)
    assert not any(card.shown for card in silent.cards)
    told = [(c.uuid, c.rule, c.recommendation, c.indicator) for c in live.cards]
    assert [(c.uuid, c.rule, c.recommendation, c.indicator) for c in silent.cards] == told


def test_silence_may_be_set_to_show_emergencies() -> None:
    set_so = {"mode": "silent", "silent_shows_emergencies": True}
    given, kept = asked(EMERGENCY, **set_so)
    assert [card["indicator"] for card in given["cards"]] == ["critical"]
    assert [card.shown for card in kept.cards] == [True]
    given, kept = asked(DEFERRAL, **set_so)
    assert given == {"cards": []}
    assert [card.shown for card in kept.cards] == [False]


def test_silence_does_not_refuse_a_call_that_lacks_what_is_needed() -> None:
    body = call(back_pain())
    del body["prefetch"]["conditions"]
    given, kept = asked(body, mode="silent")
    assert given == {"cards": []}
    assert kept.recommendations == ["RecordIncomplete"]


def marked(**changes: Any) -> dict[str, Any]:
    return {**EMERGENCY, "extension": {"org.lumbar-mri-cds": {"canary": True}}, **changes}


def test_a_canary_is_told_from_other_calls_where_its_caller_may_say_so() -> None:
    given, kept = asked(marked(), canary=True, mode="silent")
    assert kept.mode == "canary"
    assert given["cards"][0]["indicator"] == "critical"
    assert asked(marked())[1].mode == "live"
    assert asked(EMERGENCY, canary=True)[1].mode == "live"


@pytest.mark.parametrize("odd", [None, 1, "x", [], {"org.lumbar-mri-cds": True}, {"x": {}},
                                 {"org.lumbar-mri-cds": {"canary": "true"}}])  # fmt: skip
def test_an_odd_extension_changes_nothing(odd: Any) -> None:
    given, kept = asked(marked(extension=odd), canary=True)
    assert kept.mode == "live"
    assert given["cards"][0]["indicator"] == "critical"


def ordered(**fields: Any) -> CallRecord:
    body = call(back_pain())
    body["context"]["draftOrders"] = bundle(order(**fields))
    return asked(body)[1]


SITE = {"system": "urn:oid:1.2.3.4", "code": "IMG-1"}
CPT_KNEE = {"system": "http://www.ama-assn.org/go/cpt", "code": "73721", "display": "MRI knee"}
IMAGING = [{"coding": [{"system": "http://snomed.info/sct", "code": "363679005"}]}]
LABORATORY = [{"text": "Laboratory procedure"}]


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"code": {"coding": [SITE], "text": "MR knee left"}}, True),
        ({"code": {"coding": [SITE]}, "category": IMAGING}, True),
        ({"code": {"coding": [SITE]}}, True),
        ({"code": {"coding": [SITE], "text": "Thyroid panel"}}, False),
        ({"code": {"coding": [SITE]}, "category": LABORATORY}, False),
        ({"code": {"coding": [CPT_KNEE]}, "category": IMAGING}, False),
        ({"code": {"coding": [SITE, CPT_KNEE]}, "category": IMAGING}, False),
        ({"code": {"coding": [SITE], "text": "MRI lumbar spine"}}, False),  # ours by its words
    ],
)
def test_orders_for_imaging_that_nobody_mapped_are_noted(
    fields: dict[str, Any], counted: bool
) -> None:
    kept = ordered(**fields)
    assert kept.unmapped_codes == ([("urn:oid:1.2.3.4", "IMG-1")] if counted else [])


def test_what_is_no_code_is_not_kept_as_one() -> None:
    said = {"coding": [{"system": "Jane Roe", "code": "MRI of Jane Roe, born 1960"}]}
    assert ordered(code=said, category=IMAGING).unmapped_codes == [("unfit", "unfit")]


@pytest.mark.parametrize(
    ("user", "kept_as", "as_sent"),
    [
        ("Practitioner/e.7-x", "as-sent", True),
        ("Practitioner/e.7-x", "hashed", False),
        ("Dr. Jane Roe", "as-sent", False),
        ("Practitioner/Jane Roe", "as-sent", False),
    ],
)
def test_who_ordered_is_hashed_unless_asked_otherwise(
    user: str, kept_as: str, as_sent: bool
) -> None:
    body = call(back_pain())
    body["context"]["userId"] = user
    clinician = asked(body, clinicians=kept_as)[1].clinician
    assert clinician is not None
    assert (clinician == user) is as_sent
    assert as_sent or len(clinician) == 32


def test_hashes_of_two_callers_cannot_be_matched() -> None:
    key = b"k" * 32
    one, other = CallRecord(endpoint="x", issuer="a"), CallRecord(endpoint="x", issuer="b")
    tenant = CallRecord(endpoint="x", issuer="a", tenant="t")
    assert len({r.hashed("patient", "1", key) for r in (one, other, tenant)}) == 3
    assert one.hashed("patient", "1", key) != one.hashed("encounter", "1", key)
    assert one.hashed("patient", None, key) is None


def test_a_canary_leaves_no_trace_in_the_ledger(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    app = create_app(Settings(ledger_url=url, spool_folder=tmp_path / "spool"))
    for body in (marked(), DEFERRAL):
        assert app.test_client().post("/cds-services/lumbar-mri", json=body).json["cards"]
    app.extensions["ledger"].close()
    engine = open_store(url)
    with engine.connect() as connection:
        modes = connection.execute(select(calls.c.mode)).scalars().all()
        kept = connection.execute(select(cards.c.recommendation)).scalars().all()
    engine.dispose()
    assert modes == ["live"]
    assert kept == ["InsufficientInformation"]
