"""Whatever the EHR's FHIR server does wrong: no false calm, no lost alarm, an answer in time."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from certificates import Authority, authority
from charts import DATA
from fault_server import FaultServer, fault_server
from faults import NEW_PAIN, bomb
from fetching import (
    DISCOURAGING,
    GRACE_S,
    PATIENT,
    TOKEN,
    Given,
    asked,
    lacking,
    rows_of,
    the_way,
    wait_until_free,
)
from troubles import OF_PATIENT, Place, Trouble, trouble_of

from service.clinical.chart import NOT_HAD
from service.web.answer import Desk
from service.web.arrangement import Arrangement

ROWS = rows_of(DATA / "fhir_server_faults.jsonl")
READ = {"body23", "net25"}  # the next page is followed; the address that answers is found
PERHAPS_READ = {"body26", "body27"}  # a Condition in the shape of another version of FHIR
MOST_REQUESTS = {  # of what is asked more than once: once more, or page by page
    "http429": 2, "http502": 2, "http503": 2, "http504": 2, "retry-after-bad": 1,
    "body19": 3, "body20": 5, "body23": 2, "net25": 1,
}  # fmt: skip
REASONS = {  # what the log says of a section
    "401-then-ok": "ehr_http_401", "404-patient": "ehr_http_404", "410-gone": "ehr_http_410",
    "retry-after-3600": "ehr_http_503", "retry-after-bad": "ehr_http_503", "net00": "ehr_refused",
    **dict.fromkeys(("net01", "net02", "net03", "net04", "net22"), "ehr_timeout"),
    **dict.fromkeys(("net05", "net06", "net07", "net12", "net13", "net14", "net15"),
                    "ehr_connection"),
    "net08": "ehr_too_large",
    **dict.fromkeys(("net09", "net10", "net11"), "ehr_encoding"),
    **dict.fromkeys(("net16", "net17", "net18", "net19", "net20"), "ehr_tls"),
    "net21": "ehr_dns", "net23": "ehr_address", "net24": "ehr_address",
    **dict.fromkeys(("body18", "body19", "body20", "body21", "body22"), "ehr_more_pages"),
}  # fmt: skip
HOOKS = ("order-select", "order-sign")
TRIES = 3  # on a machine that is busy with something else


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with fault_server() as running:
        running.hold(PATIENT, NEW_PAIN)
        bomb()  # takes longer to make than a call may last
        yield running


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def place(
    server: FaultServer, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    server.begin()
    with ExitStack() as kept:
        yield Place(server=server, authority=signer, patch=monkeypatch, kept=kept)


def section_of(row: dict[str, Any]) -> str:
    return "patient" if row["id"] in OF_PATIENT else "conditions"


def reason_of(row: dict[str, Any]) -> str:
    """Give the word for a fault; what was had, whatever it is, is told on the card alone."""
    status = re.fullmatch(r"(?:http|redir)(\d{3})", row["id"])
    return f"ehr_http_{status[1]}" if status else REASONS.get(row["id"], "fhir-server")


def asked_in_time(body: dict[str, Any], trouble: Trouble, desk: Desk, **changes: Any) -> Given:
    """Ask, each time by a new way, until an answer is in time; whatever else holds every time."""
    for _ in range(TRIES):
        if trouble.server is not None:
            trouble.server.begin(trouble.server.behave, trouble.server.on)
        way = the_way(desk, trouble.base, **trouble.changes, **changes)
        given = asked(body, desk, way)
        wait_until_free(way.fhir_client.guard, most_s=2.0)
        check_that_it_heals(trouble, way, desk)
        if given.seconds <= way.client.deadline_s + GRACE_S:
            return given
    raise AssertionError(f"{given.seconds:.3f} s")


def check_that_it_heals(trouble: Trouble, way: Arrangement, desk: Desk) -> None:
    """The next call, if the server is well again, fetches as if nothing had been."""
    if trouble.heals and trouble.server is not None:
        server = trouble.server
        before = vars(server).copy()
        server.begin()
        given = asked(lacking("conditions", "patient", base=trouble.base), desk, way)
        assert given.topic in DISCOURAGING, given.origins
        vars(server).update(before)


def check_requests(row: dict[str, Any], trouble: Trouble) -> None:
    if trouble.server is not None:
        most = MOST_REQUESTS.get(row["id"], 1)
        assert trouble.server.connections <= 2
        assert len(trouble.server.asked) <= most
        assert set(trouble.server.authorizations) <= {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("required", ["card", "412"])
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_no_fault_is_taken_for_a_chart_without_red_flags(
    row: dict[str, Any], hook: str, required: str, place: Place, desk: Desk
) -> None:
    trouble, section = trouble_of(row["id"], place), section_of(row)
    body = lacking(section, base=trouble.base, hook=hook)
    given = asked_in_time(body, trouble, desk, missing_required_answer=required)
    check_requests(row, trouble)
    assert given.origins[section] == reason_of(row)
    if given.status == 412:
        assert required == "412"
        return
    limit = given.unavailable.get(section)
    assert (given.topic in DISCOURAGING) <= (limit is None)
    assert required == "card" or limit not in NOT_HAD
    if row["id"] in READ:
        assert limit is None
    elif row["id"] not in PERHAPS_READ:
        assert limit


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_no_fault_hides_an_alarm_that_was_sent(
    row: dict[str, Any], hook: str, place: Place, desk: Desk
) -> None:
    trouble, section = trouble_of(row["id"], place), section_of(row)
    body = lacking(section, base=trouble.base, hook=hook, flag=True)
    given = asked_in_time(body, trouble, desk, missing_required_answer="412")
    check_requests(row, trouble)
    assert given.status == 200
    assert given.card["indicator"] == "critical"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_would_be_deferred_is_deferred_when_all_can_be_read(
    scheme: str, place: Place, desk: Desk
) -> None:
    server = place.server
    changes: dict[str, Any] = {"deadline_s": 4.0}
    if scheme == "https":
        trouble = place.with_tls(place.authority.context())
        server, changes = trouble.server, changes | trouble.changes
    way = the_way(desk, server.base, **changes)
    given = asked(lacking("conditions", "patient", base=server.base), desk, way)
    assert given.topic in DISCOURAGING
    assert given.origins["conditions"] == given.origins["patient"] == "fhir-server"


def test_every_fault_is_there() -> None:
    assert len({row["id"] for row in ROWS}) == 91
