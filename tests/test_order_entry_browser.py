"""The order-entry page as a person uses it: in a browser, against a service that runs."""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from browser import browsing
from conftest import eventually
from playwright.sync_api import Browser, Page, Request, Route, expect
from served import Served, serving
from test_order_entry import FILES, STUDIES, call_of, patient_of

from service.clinical.cards import EXTENSION

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE = (Path(__file__).parent / "data" / "axe" / "axe.min.js").read_text(encoding="utf-8")
CALL = "/cds-services/lumbar-mri"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 400, "height": 800}
MOST_TABS = 120
SLOW_S = 0.8  # longer than the page waits for more to be typed
# A violation of the policy is told as an error of the page, which every test looks for.
TELL = """document.addEventListener("securitypolicyviolation",
          (event) => console.error("policy", event.violatedDirective, event.blockedURI))"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("order-entry")
    ledger = f"sqlite:///{folder}/ledger.sqlite"
    with serving(folder, LUMBAR_MRI_CDS_LEDGER_URL=ledger) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as opened:
        yield opened


Visit = Callable[..., Page]


@pytest.fixture
def visit(service: Served, browser: Browser) -> Iterator[Visit]:
    """Open the page at a patient; nothing may go wrong in it, nor go anywhere else, until the end.

    `allowed` are errors that a test provokes.
    """
    told: list[str] = []
    contexts = []
    allowed: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((f"{service.address}/", "data:")):
            told.append(f"went to {request.url}")

    def opened(patient: str, allow: str = "", **how: Any) -> Page:
        context = browser.new_context(**{"viewport": DESK, **how})
        contexts.append(context)
        allowed.append(allow)
        context.add_init_script(TELL)
        context.set_default_timeout(5000)
        page = context.new_page()
        page.on("request", note)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("console", lambda m: told.append(m.text) if m.type in ("error", "warning") else 0)
        page.goto(f"{service.address}/")
        expect(page.locator("[aria-current=true]").first).to_be_visible()
        choose(page, patient)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [one for one in told if not any(allow and allow in one for allow in allowed)]


def choose(page: Page, patient: str) -> None:
    """Choose a patient, and wait for the answer to the first call."""
    with page.expect_response(lambda answer: is_call(answer.request, patient)):
        page.locator(f"[data-patient={patient}]").click()
    expect(page.locator("#cards > *").first).to_be_visible()


def is_call(request: Request, patient: str) -> bool:
    return request.url.endswith(CALL) and patient in (request.post_data or "")


def stored(service: Served) -> list[tuple[Any, ...]]:
    with sqlite3.connect(service.log.parent / "ledger.sqlite") as ledger:
        rows = ledger.execute(
            "SELECT card, outcome, suggestions, reason_code, comment, recommendation FROM feedback"
        ).fetchall()
    ledger.close()
    return rows


def of_card(service: Served, uuid: str) -> list[tuple[Any, ...]]:
    return [row[1:] for row in stored(service) if row[0] == uuid]


def uuid_of(page: Page, topic: str) -> str:
    """Give the identity of the card that is shown on a topic."""
    heading = page.locator(f"[data-topic={topic}] h3").get_attribute("id")
    return (heading or "").removeprefix("summary-")


def asked(page: Page, act: Callable[[], None]) -> dict[str, Any]:
    """Do what makes the page ask again; give the first draft of that call."""
    with page.expect_response(lambda answer: answer.url.endswith(CALL)) as answered:
        act()
    told = json.loads(answered.value.request.post_data or "")
    return told["context"]["draftOrders"]["entry"][0]["resource"]


def test_an_emergency_is_told_and_its_priority_changed(visit: Visit, service: Served) -> None:
    page = visit("carla-invented")
    card = page.locator("[data-topic=CaudaEquinaEmergency]")
    expect(card).to_contain_text("Critical")
    expect(page.get_by_role("alert")).to_contain_text("Suspected cauda equina syndrome")
    uuid = uuid_of(page, "CaudaEquinaEmergency")
    change = card.get_by_role("button", name="Change priority to stat")
    assert asked(page, change.click)["priority"] == "stat"
    expect(page.get_by_role("radio", name="Stat")).to_be_checked()
    expect(card).to_contain_text("Done: Change priority to stat")
    expect(page.locator(".entry.proof.critical").first).to_be_visible()
    page.get_by_role("button", name="Sign order").click()
    expect(page.get_by_role("heading", name="Signed at")).to_be_visible()
    accepted = [("accepted", '["make-stat"]', None, None, "CaudaEquinaEmergency")]
    assert eventually(lambda: of_card(service, uuid)) == accepted


def test_a_deferral_is_followed(visit: Visit, service: Served) -> None:
    page = visit("anna-sample")
    uuid = uuid_of(page, "DeferSixWeeks")
    page.get_by_role("button", name="Refer to physical therapy").click()
    expect(page.locator("#drafts")).to_contain_text("Referral to physical therapy")
    page.get_by_role("button", name="Remove this MRI order").click()
    expect(page.locator("#drafts li")).to_have_count(1)
    expect(page.locator(".card")).to_have_count(0)
    page.get_by_role("button", name="Sign order").click()
    expect(page.locator(".signed")).to_contain_text("Referral to physical therapy")
    expect(page.locator(".signed")).not_to_contain_text("Sign anyway")
    said = eventually(lambda: len(of_card(service, uuid)) == 2 and of_card(service, uuid))
    assert {row[1] for row in said} == {'["physical-therapy"]', '["remove-order"]'}


def test_a_removed_order_can_be_put_back(visit: Visit) -> None:
    page = visit("anna-sample")
    page.get_by_role("button", name="Remove this MRI order").click()
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator(".card.warning")).to_have_count(1)
    expect(page.get_by_label("Study")).to_be_focused()


def test_an_override_is_recorded(visit: Visit, service: Served) -> None:
    page = visit("iris-imaginary")
    uuid = uuid_of(page, "DeferImproving")
    card = page.locator("[data-topic=DeferImproving]")
    card.get_by_text("Not following this advice").click()
    card.get_by_label("Because").select_option("Requested by a specialist")
    card.get_by_label("Comment").fill("Asked for by the spine clinic")
    card.get_by_role("button", name="Record the reason").click()
    expect(card).to_contain_text("Not followed: Requested by a specialist")
    expect(card).to_be_focused()
    page.get_by_role("button", name="Sign order").click()
    expect(page.locator(".signed")).to_contain_text("Requested by a specialist")
    ((outcome, _, reason, comment, topic),) = eventually(lambda: of_card(service, uuid))
    assert (outcome, reason, topic) == ("overridden", "specialist-request", "DeferImproving")
    assert comment == "Asked for by the spine clinic"


def test_an_override_lasts_until_it_is_opened_again(visit: Visit) -> None:
    page = visit("iris-imaginary")
    card = page.locator("[data-topic=DeferImproving]")
    card.get_by_text("Not following this advice").click()
    record = card.get_by_role("button", name="Record the reason")
    record.click()
    expect(card.get_by_label("Because")).to_be_focused()  # no reason is told that nobody chose
    expect(record).to_be_visible()
    card.get_by_label("Because").select_option(index=1)
    record.click()
    urgent = page.get_by_role("radio", name="Urgent")
    assert asked(page, urgent.check)["priority"] == "urgent"
    expect(card).to_contain_text("Not followed")
    card.get_by_role("button", name="Show the advice again").click()
    expect(card.get_by_role("button", name="Remove this MRI order")).to_be_visible()


def test_contrast_is_swapped(visit: Visit, service: Served) -> None:
    page = visit("noah-template")
    expect(page.locator(".card")).to_have_count(2)
    uuid = uuid_of(page, "ContrastNotNeeded")
    card = page.locator("[data-topic=ContrastNotNeeded]")
    change = card.get_by_role("button", name="Change to MRI without contrast")
    assert asked(page, change.click)["code"]["coding"][0]["code"] == "72148"
    expect(page.get_by_label("Study")).to_have_value("lumbar-mri")
    expect(card).to_have_count(0)
    page.get_by_role("button", name="Sign order").click()
    expect(page.locator(".signed")).to_contain_text("MRI lumbar")
    assert eventually(lambda: of_card(service, uuid))[0][:2] == (
        "accepted", '["without-contrast"]'
    )  # fmt: skip


@pytest.mark.parametrize(
    ("patient", "topic"),
    [("lars-unwritten", "InsufficientInformation"), ("mona-draft", "RecordIncomplete")],
)
def test_a_thin_record_says_so_and_can_be_signed(visit: Visit, patient: str, topic: str) -> None:
    page = visit(patient)
    expect(page.locator(".card")).to_have_attribute("data-topic", topic)
    page.get_by_role("button", name="Sign order").click()
    expect(page.get_by_role("heading", name="Signed at")).to_be_visible()
    expect(page.locator(".signed")).to_contain_text(": not answered")


def test_what_could_not_be_fetched_is_told_and_not_sent(visit: Visit) -> None:
    page = visit("mona-draft")
    expect(page.locator("#chart")).to_contain_text("the record system did not give them today")
    page.get_by_role("button", name="Behind the advice").click()
    assert "observations" not in json.loads(page.locator("pre").inner_text())["prefetch"]


def test_a_knee_gets_no_card(visit: Visit) -> None:
    page = visit("olive-figment")
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("#cards")).to_contain_text("No advice on this order")
    page.get_by_label("Study").select_option("lumbar-mri")
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_label("Study").select_option("knee-mri")
    expect(page.locator(".card")).to_have_count(0)


def test_words_that_are_typed_change_the_advice(visit: Visit) -> None:
    page = visit("anna-sample")
    page.get_by_label("Reason, in words").fill("New saddle numbness since yesterday")
    expect(page.locator(".card.critical")).to_have_count(1)
    page.get_by_label("Reason, in words").fill("Pain")
    expect(page.locator(".card.critical")).to_have_count(0)
    expect(page.locator(".card.warning")).to_have_count(1)


def test_the_same_order_in_loinc_gets_the_same_advice(visit: Visit) -> None:
    page = visit("elena-madeup")
    loinc = page.locator("label", has_text="LOINC")
    assert asked(page, loinc.click)["code"]["coding"][0]["system"] == "http://loinc.org"
    expect(page.locator("[data-topic=MotorDeficitUrgent]")).to_be_visible()


def tab_to(page: Page, name: str) -> None:
    """Go on with the tab key until what has the focus bears this name."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        now = page.evaluate(
            "(document.activeElement.labels?.[0] ?? document.activeElement).innerText"
        )
        if name in (now or ""):
            return
    raise AssertionError(f"no {name} within {MOST_TABS} tabs")


def test_all_of_it_goes_by_keyboard_and_an_emergency_costs_one_key_more(
    visit: Visit, service: Served
) -> None:
    page = visit("anna-sample")
    page.locator("body").press("Home")
    tab_to(page, "Carla Invented")
    page.keyboard.press("Enter")
    expect(page.locator(".card.critical")).to_have_count(1)
    tab_to(page, "Note to radiology")
    page.keyboard.type("Call the ward")
    tab_to(page, "Sign order")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign anyway")).to_be_focused()
    page.get_by_role("button", name="Back", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Sign order")).to_be_focused()
    tab_to(page, "Retention of urine")
    page.keyboard.press("Enter")
    entry = page.locator('.entry[data-reference="Condition/retention"]')
    expect(entry).to_be_focused()
    page.keyboard.press("Escape")
    uuid = uuid_of(page, "CaudaEquinaEmergency")
    tab_to(page, "Refer to spinal surgery")
    page.keyboard.press("Enter")
    expect(page.locator("[data-topic=CaudaEquinaEmergency]")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    for _ in range(MOST_TABS):
        if page.evaluate("document.activeElement.innerText") == "Sign 2 orders":
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".signed")).to_be_focused()
    said = eventually(lambda: of_card(service, uuid))
    assert [row[:2] for row in said] == [("accepted", '["refer-spinal-surgery"]')]


def test_an_unanswered_emergency_asks_for_one_key_and_nothing_else(visit: Visit) -> None:
    page = visit("david-mockup")
    page.get_by_role("button", name="Sign order").press("Enter")
    expect(page.get_by_role("button", name="Sign anyway")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".signed")).to_be_focused()


def test_an_order_that_changes_while_it_is_signed_is_judged_again(visit: Visit) -> None:
    page = visit("david-mockup")
    page.get_by_role("button", name="Sign order").click()
    expect(page.get_by_role("button", name="Sign anyway")).to_be_focused()
    page.get_by_label("Note to radiology").fill("Please call")
    expect(page.get_by_role("button", name="Sign anyway")).to_have_count(0)
    expect(page.get_by_role("button", name="Sign order")).to_be_visible()


def test_pointing_at_evidence_marks_the_entry(visit: Visit) -> None:
    page = visit("farid-notreal")
    page.get_by_role("button", name="Body temperature").hover()
    entry = page.locator('.entry[data-reference="Observation/temperature"]')
    expect(entry).to_have_class(re.compile("pointed"))
    page.locator("h1").hover()
    expect(entry).not_to_have_class(re.compile("pointed"))
    expect(entry).to_have_class(re.compile("proof critical"))


def test_card_and_chart_bear_the_same_numbers(visit: Visit) -> None:
    page = visit("jonas-specimen")
    lines = page.locator(".evidence button")
    for line in lines.all():
        number = line.locator(".number").inner_text()
        line.click()
        marked = page.locator(f'[data-number="{number}"]')
        expect(page.locator(":focus").locator(marked)).to_have_count(1)
    assert lines.count() >= 4


@pytest.mark.parametrize("name", [file.stem for file in FILES])
def test_the_browser_sends_what_the_templates_ask_for(visit: Visit, name: str) -> None:
    """The same call as one that is written from the chart without any browser."""
    sent: list[Request] = []
    page = visit("lars-unwritten" if name != "lars-unwritten" else "anna-sample")
    page.on("request", lambda request: sent.append(request) if is_call(request, name) else None)
    choose(page, name)
    body = json.loads(sent[0].post_data or "")
    day = date.fromisoformat(body["context"]["draftOrders"]["entry"][0]["resource"]["authoredOn"])
    expected = call_of(patient_of(name, day))["prefetch"]
    assert set(body["prefetch"]) == set(expected)
    for key, section in body["prefetch"].items():
        if key == "patient":
            assert section == expected[key]
            continue
        found = [entry["resource"] for entry in section.get("entry", [])]
        assert section["total"] == len(found)
        by_id = {one["id"]: one for one in found}
        assert by_id == {e["resource"]["id"]: e["resource"] for e in expected[key]["entry"]}


def test_behind_the_advice_stand_the_call_the_answer_and_the_row(visit: Visit) -> None:
    page = visit("farid-notreal")
    page.get_by_role("button", name="Behind the advice").click()
    assert json.loads(page.locator("pre").inner_text())["hook"] == "order-select"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Response")).to_be_focused()
    cards = json.loads(page.locator("pre").inner_text())["cards"]
    page.keyboard.press("ArrowRight")
    decides = page.locator("tr.matches").first
    expect(decides).to_contain_text("Decides")
    assert cards[0]["extension"][EXTENSION]["rule"] in decides.inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tabpanel")).to_contain_text("Nothing was accepted or overridden yet")


def test_the_call_can_be_copied_as_a_command(visit: Visit, service: Served) -> None:
    page = visit("anna-sample", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Behind the advice").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    head, _, rest = command.partition("\n")
    assert head.endswith(f"{service.address}{CALL} <<'END'")
    assert json.loads(rest.removesuffix("END\n"))["hook"] == "order-select"


def test_markup_in_an_order_stays_text(visit: Visit) -> None:
    page = visit("anna-sample")
    hostile = '<img src=x onerror="alert(1)"> saddle numbness since yesterday'
    page.get_by_label("Reason, in words").fill(hostile)
    expect(page.locator(".card.critical")).to_have_count(1)
    page.locator(".card .full summary").click()
    expect(page.locator(".evidence")).to_contain_text("<img src=x")
    assert page.locator("#cards img, #cards script").count() == 0


def test_markup_in_a_card_stays_text(visit: Visit) -> None:
    """Whatever service answers: the page takes no markup and no script from a card."""
    page = visit("anna-sample")
    hostile = "<img src=x> <b>bold</b> [run](javascript:alert(1)) ![x](//x.example/x.png)"
    card = {
        "uuid": "9a1ad1c6-0000-4000-8000-000000000001",
        "summary": hostile,
        "detail": f"{hostile}\n\n<script>alert(1)</script>",
        "indicator": "info",
        "source": {
            "label": hostile,
            "url": "javascript:alert(1)",
            "topic": {"code": "Hostile"},
        },
    }
    page.route(f"**{CALL}", lambda route: route.fulfill(json={"cards": [card]}))
    page.locator("label", has_text="Urgent").click()
    expect(page.locator(".card h3")).to_have_text(hostile)
    page.locator(".card .full summary").click()
    expect(page.locator(".card")).to_contain_text("<script>alert(1)</script>")
    assert page.locator("#cards").locator("img, script, b, a").count() == 0


def test_a_service_that_fails_blocks_nothing(visit: Visit) -> None:
    page = visit("anna-sample", allow="Failed to load resource")
    page.route(f"**{CALL}", lambda route: route.abort())
    page.get_by_role("radio", name="Urgent").check()
    expect(page.locator("#cards")).to_contain_text("The order can be signed")
    page.get_by_role("button", name="Sign order").click()
    expect(page.get_by_role("heading", name="Signed at")).to_be_visible()


def test_feedback_that_is_not_stored_is_told(visit: Visit) -> None:
    page = visit("anna-sample", allow="status of 503")
    page.route(f"**{CALL}/feedback", lambda route: route.fulfill(status=503, body="{}"))
    page.get_by_role("button", name="Refer to physical therapy").click()
    expect(page.locator("#notice")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("could not be stored")


def test_what_was_typed_last_is_judged_at_signing(visit: Visit) -> None:
    """Though the answer is slow: what waited to be asked about the draft is not asked any more."""
    page = visit("anna-sample")

    def slowly(route: Route) -> None:
        time.sleep(SLOW_S if "order-sign" in (route.request.post_data or "") else 0)
        route.continue_()

    page.route(f"**{CALL}", slowly)
    page.get_by_label("Reason, in words").fill("New saddle numbness since yesterday")
    page.get_by_role("button", name="Sign order").click()
    expect(page.get_by_role("button", name="Sign anyway")).to_be_focused()
    expect(page.locator(".card.critical")).to_have_count(1)


def test_what_is_done_is_said_before_the_advice_that_follows(visit: Visit) -> None:
    page = visit("anna-sample")
    expect(page.get_by_role("status")).to_contain_text("Anna Sample. Warning: 14 days")
    page.get_by_role("button", name="Remove this MRI order").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("^Done: Remove.*No open advice"))
    choose(page, "carla-invented")
    expect(page.get_by_role("alert")).to_contain_text("Carla Invented. Critical: Suspected")
    expect(page.get_by_role("status")).to_be_empty()


def violations(page: Page) -> list[tuple[str, str]]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]]


@pytest.mark.parametrize("how", [
    {"color_scheme": "light"}, {"color_scheme": "dark"},
    {"color_scheme": "light", "viewport": PHONE}, {"color_scheme": "dark", "viewport": PHONE},
], ids=["light", "dark", "phone", "dark phone"])  # fmt: skip
def test_nothing_keeps_anyone_out(visit: Visit, how: dict[str, Any]) -> None:
    """Looked at as it opens, with all of it opened, and on the way to a signed order."""
    page = visit("anna-sample", reduced_motion="reduce", **how)
    assert not violations(page), "a warning"
    choose(page, "farid-notreal")
    for one in page.locator(".card summary").all():
        one.click()
    assert not violations(page), "all opened"
    page.get_by_role("button", name="Order blood cultures").click()
    page.get_by_role("button", name="Behind the advice").click()
    assert not violations(page), "behind the advice"
    page.get_by_role("tab", name="Why each row").click()
    page.locator("tr.matches").first.wait_for()
    assert not violations(page), "the rows"
    choose(page, "david-mockup")
    page.get_by_role("button", name="Sign order").click()
    page.get_by_role("button", name="Sign anyway").wait_for()
    assert not violations(page), "asked at signing"
    page.get_by_role("button", name="Sign anyway").click()
    page.locator(".signed").wait_for()
    assert not violations(page), "signed"


@pytest.mark.parametrize(
    "size",
    [PHONE, {"width": 720, "height": 450}, {"width": 320, "height": 640}],
    ids=["phone", "zoom of 200 %", "zoom of 450 %"],
)
def test_nothing_is_cut_off_on_a_small_screen(visit: Visit, size: dict[str, int]) -> None:
    page = visit("farid-notreal", viewport=size)
    page.get_by_role("button", name="Behind the advice").click()
    for one in page.locator(".card summary").all():
        one.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_no_word_of_a_chart_is_in_the_log(visit: Visit, service: Served) -> None:
    page = visit("farid-notreal")
    page.get_by_label("Reason, in words").fill("quoxelfract")
    page.get_by_role("button", name="Behind the advice").click()
    page.get_by_role("tab", name="Why each row").click()
    page.locator("tr.matches").first.wait_for()
    assert '"endpoint": "/cds-services/lumbar-mri"' in service.printed
    for word in ("quoxelfract", "Notreal", "farid", "Injecting"):
        assert word not in service.printed


def test_a_study_bears_the_code_that_it_has(visit: Visit) -> None:
    page = visit("anna-sample")
    asked(page, page.locator("label", has_text="LOINC").click)
    knee = asked(page, lambda: page.get_by_label("Study").select_option("knee-mri"))
    assert knee["code"]["coding"][0]["code"] == STUDIES["knee-mri"]["codes"]["cpt"]["code"]
    expect(page.get_by_role("radio", name="CPT")).to_be_checked()
    spine = asked(page, lambda: page.get_by_label("Study").select_option("spine-mri"))
    assert spine["code"]["coding"][0]["system"] == "http://loinc.org"
    expect(page.get_by_role("radio", name="LOINC")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_has_the_focus_is_always_seen(visit: Visit, scheme: str) -> None:
    page = visit("carla-invented", color_scheme=scheme)
    page.locator("body").press("Home")
    seen = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        name, outline = page.evaluate("""() => {
            const now = document.activeElement, radio = now.type === "radio";
            const shown = getComputedStyle(radio ? now.nextElementSibling : now);
            return [now.innerText || now.id || now.value, shown.outlineStyle + shown.outlineWidth];
        }""")
        if "Behind the advice" in name:
            break
        seen.append((name, outline))
    assert len(seen) > len(FILES)
    assert not [one for one in seen if one[1] != "solid2px"]


@pytest.mark.parametrize(("motion", "name"), [("reduce", "none"), ("no-preference", "arrive")])
def test_nothing_moves_for_who_wants_it_still(visit: Visit, motion: str, name: str) -> None:
    page = visit("anna-sample", reduced_motion=motion)
    moves = "getComputedStyle(document.querySelector('.card')).animationName"
    assert page.evaluate(moves) == name
