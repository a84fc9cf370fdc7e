"""What looks like the whole of a section and may be a part of it never leads to a deferral."""

import json
from typing import Any

import pytest
from charts import TODAY, ago, back_pain, bundle, call, condition, reading
from conftest import Judge
from fault_server import FaultServer, fault_server
from fetching import lacking, the_way
from test_prefetch_states import DISCOURAGING, FAILED

from service.clients import Client
from service.web.answer import Desk, answer
from service.web.arrangement import Arrangement, arrange

NEW_PAIN = back_pain(onsetDateTime=ago(9), recordedDate=ago(9))
SIGN = condition("G83.4", recordedDate=ago(1))
PRESSURE = reading("8480-6", "Systolic", 120, "mm[Hg]", days=2)
PARTS = ("vital-signs", "laboratory", "exam")


def topic(body: dict[str, Any], desk: Desk, way: Arrangement | None = None) -> str:
    given = json.loads(answer(json.dumps(body).encode(), desk, TODAY, way))
    return str(given["cards"][0]["source"]["topic"]["code"])


def without(*keys: str, **more: Any) -> dict[str, Any]:
    body = call(NEW_PAIN)
    body["prefetch"] = {k: v for k, v in body["prefetch"].items() if k not in keys} | more
    return body


def test_the_whole_record_is_deferred(desk: Desk) -> None:
    assert topic(without(), desk) in DISCOURAGING


@pytest.mark.parametrize(
    "sent",
    [
        {"vital-signs": bundle(PRESSURE)},
        {"vital-signs": bundle(PRESSURE), "laboratory": FAILED},
        {"vital-signs": bundle(PRESSURE), "laboratory": "oops", "exam": {}},
        {"vital-signs": bundle(PRESSURE), "laboratory": {**bundle(), "total": 9}},
        {"vital-signs": bundle(PRESSURE), "laboratory": bundle(FAILED)},
        {"lastWeight": PRESSURE},
    ],
)
def test_a_part_of_the_observations_is_not_all_of_them(sent: dict[str, Any], desk: Desk) -> None:
    assert topic(without("observations", **sent), desk) not in DISCOURAGING


@pytest.mark.parametrize(
    "sent",
    [
        {"one": NEW_PAIN},
        {"some": bundle(NEW_PAIN), "more": bundle(NEW_PAIN)},
        {"some": bundle(NEW_PAIN), "more": FAILED},
        {"some": bundle(NEW_PAIN), "more": bundle()},
    ],
)
def test_problems_under_a_key_that_says_nothing_are_whole_only_beyond_doubt(
    sent: dict[str, Any], desk: Desk
) -> None:
    assert topic(without("conditions", **sent), desk) not in DISCOURAGING


def test_what_stands_under_any_key_still_alarms(desk: Desk) -> None:
    assert topic(without("conditions", foo=SIGN), desk) == "CaudaEquinaEmergency"


@pytest.fixture
def parted(desk: Desk) -> Arrangement:
    keys = dict.fromkeys(PARTS, "observations")
    return arrange(Client(profile="sandbox", prefetch_keys=keys), desk.guideline, desk.settings)


def test_a_section_of_several_declared_keys_needs_all_of_them(
    desk: Desk, parted: Arrangement
) -> None:
    whole = {"vital-signs": bundle(PRESSURE), "laboratory": bundle(), "exam": bundle()}
    assert topic(without("observations", **whole), desk, parted) in DISCOURAGING
    for lost in PARTS:
        part = {key: piece for key, piece in whole.items() if key != lost}
        assert topic(without("observations", **part), desk, parted) not in DISCOURAGING
        failed = {**whole, lost: FAILED}
        assert topic(without("observations", **failed), desk, parted) not in DISCOURAGING
    assert topic(without(), desk, parted) in DISCOURAGING  # by the usual key


@pytest.mark.parametrize("odd", [FAILED, {}, 7])
def test_a_second_key_of_a_section_that_failed_is_asked_for_or_told(odd: Any, desk: Desk) -> None:
    with fault_server() as server:
        server.begin(lambda asked: asked.give(bundle(SIGN)), "Condition")
        way = the_way(desk, server.base)
        body = lacking(base=server.base)
        body["prefetch"]["problems"] = odd
        assert topic(body, desk, way) == "CaudaEquinaEmergency"
        server.begin(broken, "Condition")
        assert topic(body, desk, the_way(desk, server.base)) not in DISCOURAGING


def broken(asked: Any) -> None:
    asked.answer(b"", 500)


def old(days: int, number: int) -> dict[str, Any]:
    return {**reading("8480-6", "Systolic", 120, "mm[Hg]", days=days), "id": f"r{number}"}


@pytest.mark.parametrize(
    ("ages", "deferred"),
    [
        ([900, 800], False),
        ([800, 900], False),
        ([1, 2, 3, 4, 5, 4000], False),
        ([*range(1, 30), 4000], True),
        ([4000, *range(1, 30)], False),
        ([*range(1, 15), 4000, *range(15, 30)], False),
    ],
)
def test_missing_pages_are_excused_only_where_the_order_is_seen(
    ages: list[int], deferred: bool, desk: Desk
) -> None:
    some = bundle(*(old(days, n) for n, days in enumerate(ages)))
    body = without("observations", observations={**some, "total": 500})
    assert (topic(body, desk) in DISCOURAGING) is deferred


REMARK = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "information", "code": "informational"}],
}


def included(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resource": resource, "search": {"mode": "include"}}


@pytest.mark.parametrize(
    ("total", "entries"),
    [
        (2, [{"resource": NEW_PAIN}, included({"resourceType": "Practitioner", "id": "x"})]),
        (2, [{"resource": NEW_PAIN}, included({**NEW_PAIN, "id": "other"})]),
        (2, [{"resource": NEW_PAIN}, {"resource": {"resourceType": "Medication", "id": "m"}}]),
        (2, [{"resource": NEW_PAIN}, {"resource": REMARK}]),
        (2, [{"resource": NEW_PAIN}, {"resource": REMARK, "search": {"mode": "outcome"}}]),
        (
            2,
            [
                {"resource": NEW_PAIN},
                {"resource": {**NEW_PAIN, "id": "o"}, "search": {"mode": "?"}},
            ],
        ),
    ],
)
@pytest.mark.parametrize("beside", [[], [included({"resourceType": "Provenance", "id": "v"})]])
def test_what_is_only_included_is_not_counted(
    total: int, entries: list[Any], beside: list[Any], desk: Desk
) -> None:
    """However the list is read: one that holds a kind that is not read, entry by entry."""
    listed = {**bundle(), "total": total, "entry": entries + beside}
    assert topic(without("conditions", conditions=listed), desk) not in DISCOURAGING
    whole = {**listed, "total": 1}
    assert topic(without("conditions", conditions=whole), desk) in DISCOURAGING


def test_a_list_that_stands_twice_is_not_whole(desk: Desk) -> None:
    text = json.dumps(without())
    mark = '"conditions": {"resourceType": "Bundle", '
    assert mark in text
    twice = text.replace(mark, mark + f'"entry": [{{"resource": {json.dumps(SIGN)}}}], ')
    given = json.loads(answer(twice.encode(), desk, TODAY))
    assert given["cards"][0]["source"]["topic"]["code"] not in DISCOURAGING


def test_a_merged_record_of_another_server_is_another_persons(judge: Judge) -> None:
    body = call(NEW_PAIN, {**SIGN, "subject": {"reference": "Patient/77"}})
    body["fhirServer"] = "https://ehr.example.org/fhir"
    for base, critical in (("https://ehr.example.org/fhir", True), ("https://x.example/f", False)):
        other = {"reference": f"{base}/Patient/77"}
        body["prefetch"]["patient"]["link"] = [{"other": other, "type": "replaces"}]
        (card,) = judge(body, TODAY)["cards"]
        assert (card["indicator"] == "critical") is critical


@pytest.fixture(scope="module")
def server() -> Any:
    with fault_server() as running:
        yield running


def test_the_largest_total_of_all_pages_counts(server: FaultServer, desk: Desk) -> None:
    def page(asked: Any) -> None:
        more = {"link": [{"relation": "next", "url": "Condition?page=2"}]}
        asked.give({**bundle(NEW_PAIN), **(more if asked.number == 1 else {"total": 9})})

    server.begin(page, "Condition")
    body = lacking("conditions", base=server.base)
    assert topic(body, desk, the_way(desk, server.base)) not in DISCOURAGING
