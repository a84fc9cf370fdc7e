"""What is counted of a ledger, on SQLite and on PostgreSQL, against counts made by hand."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import make_ledger
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import DAY, ISSUER, TENANT, SmallLedger
from sqlalchemy import select

from service.ledger.figures import Figures, Reason, figures
from service.ledger.latencies import BOUNDS_MS, latencies_of
from service.ledger.outcomes import Given, Outcome
from service.ledger.period import Bucket, Period, Scope
from service.ledger.practice import Owner
from service.ledger.schema import metadata
from service.ledger.store import migrate

MARCH = Period(first=date(2026, 3, 1), last=date(2026, 3, 31))
EVERYONE = Scope()
NEXT_DAY = DAY + timedelta(days=1)
OTHER = {"issuer": "https://other.example.org/", "tenant": TENANT}
SOUTH = {"tenant": "south"}
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallLedger]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("cluster").new_database()
    migrate(url)
    made = SmallLedger.open(url)
    yield made
    made.engine.dispose()


def counted(ledger: SmallLedger, scope: Scope = EVERYONE, period: Period = MARCH) -> Figures:
    return figures(ledger.engine, period, scope)


def outcome(found: Figures, recommendation: str = "DeferSixWeeks") -> tuple[int, int, int, int]:
    given = found.main.indication[recommendation].outcome
    return given.shown, given.accepted, given.overridden, given.unanswered


def test_an_empty_ledger_has_figures_too(ledger: SmallLedger) -> None:
    found = counted(ledger)
    assert (found.main.calls, found.main.indication, found.clinicians) == (0, {}, ())
    assert len(found.buckets) == 31


def test_calls_are_those_of_the_hook(ledger: SmallLedger) -> None:
    ledger.call(orders=2)
    ledger.call(orders=0)
    ledger.call(endpoint="/cds-services/lumbar-mri/feedback", orders=0, hook=None)
    found = counted(ledger).main
    assert (found.calls, found.calls_with_order) == (2, 1)


def test_orders_judged_are_the_cards_on_the_indication(ledger: SmallLedger) -> None:
    ledger.card()
    ledger.card(recommendation="MriAppropriate", rule="R64", indicator="info", shown=False)
    ledger.card(recommendation="WholeSpine", rule="R83", position=1)
    found = counted(ledger)
    assert found.main.indication == {
        "DeferSixWeeks": Given(cards=1, outcome=Outcome(shown=1)),
        "MriAppropriate": Given(cards=1, outcome=Outcome(shown=0)),
    }
    assert found.main.study == {"WholeSpine": Given(cards=1, outcome=Outcome(shown=1))}
    assert found.main.indication["MriAppropriate"].kept_back == 1
    assert found.by_indicator["warning"] == Given(cards=2, outcome=Outcome(shown=2))
    assert found.by_hook == {"order-sign": Given(cards=3, outcome=Outcome(shown=2))}


@pytest.mark.parametrize(("day", "seen"), [
    (MARCH.first - timedelta(days=1), 0), (MARCH.first, 1),
    (MARCH.last, 1), (MARCH.last + timedelta(days=1), 0),
])  # fmt: skip
def test_the_first_and_the_last_day_count(ledger: SmallLedger, day: date, seen: int) -> None:
    ledger.card(day=day)
    assert sum(given.cards for given in counted(ledger).main.indication.values()) == seen


def test_the_last_thing_said_of_a_card_is_its_outcome(ledger: SmallLedger) -> None:
    card = ledger.card()
    ledger.say(card, "overridden", at=1000, reason_system="s", reason_code="early")
    ledger.say(card, "accepted", at=3000, suggestions=["remove-order"])
    ledger.say(card, "overridden", at=2000, reason_system="s", reason_code="between")
    found = counted(ledger)
    assert outcome(found) == (1, 1, 0, 0)
    assert (found.reasons, found.suggestions) == ((), {"remove-order": 1})


def test_a_doubtful_time_counts_as_when_it_was_received(ledger: SmallLedger) -> None:
    card = ledger.card()
    ledger.say(card, "accepted", outcome_at=9000, at=1000, time_doubtful=True)
    ledger.say(card, "overridden", outcome_at=2000, at=2500)
    assert outcome(counted(ledger)) == (1, 0, 1, 0)


def test_of_one_time_what_was_received_last_counts(ledger: SmallLedger) -> None:
    card = ledger.card()
    ledger.say(card, "accepted", outcome_at=1000, at=1400)
    ledger.say(card, "overridden", outcome_at=1000, at=1300)
    assert outcome(counted(ledger)) == (1, 1, 0, 0)


def test_an_answer_counts_with_its_card_whenever_it_came(ledger: SmallLedger) -> None:
    card = ledger.card(day=MARCH.last)
    ledger.say(card, "accepted", day=MARCH.last + timedelta(days=40))
    assert outcome(counted(ledger)) == (1, 1, 0, 0)


def test_what_was_not_shown_has_no_outcome(ledger: SmallLedger) -> None:
    ledger.say(ledger.card(shown=False, mode="silent"), "accepted")
    found = counted(ledger)
    assert outcome(found) == (0, 0, 0, 0)
    assert (found.suggestions, found.lost) == ({}, {})


def test_reasons_are_counted_as_coded_and_nothing_else_of_them(ledger: SmallLedger) -> None:
    for display in ("Care elsewhere", "<b>Mrs Smith</b>"):
        ledger.say(
            ledger.card(), "overridden", reason_system="s", reason_code="care-elsewhere",
            reason_display=display, comment="Mrs Smith, born 1950",
        )  # fmt: skip
    ledger.say(ledger.card(), "overridden", comment="only words")
    found = counted(ledger)
    assert found.reasons == (
        Reason(system="s", code="care-elsewhere", count=2),
        Reason(system=None, code=None, count=1),
    )
    assert "Smith" not in repr(found)
    assert "only words" not in repr(found)


def test_suggestions_are_counted_one_by_one(ledger: SmallLedger) -> None:
    ledger.say(ledger.card(), "accepted", suggestions=["remove-order", "physical-therapy"])
    ledger.say(ledger.card(), "accepted", suggestions=["remove-order", None])
    assert counted(ledger).suggestions == {"remove-order": 2, None: 1, "physical-therapy": 1}


def test_an_answer_without_its_card_is_lost_and_counts_once(ledger: SmallLedger) -> None:
    ledger.say("gone", "accepted", at=1)
    ledger.say("gone", "overridden", at=2)
    ledger.say("gone too", "accepted", recommendation=None)
    ledger.say("another month's", "accepted", day=date(2026, 4, 1))
    ledger.say(ledger.card(), "accepted")
    assert counted(ledger).lost == {"DeferSixWeeks": 1, None: 1}
    assert counted(ledger, Scope(mode="silent")).lost == {}
    assert outcome(counted(ledger)) == (1, 1, 0, 0)


def test_canaries_are_never_counted(ledger: SmallLedger) -> None:
    ledger.say(ledger.card(mode="canary"), "accepted", suggestions=["remove-order"])
    ledger.call(mode="canary", origins={"conditions": "ehr_timeout"}, failed_questions=["fever"])
    ledger.call(mode="canary", status=500, reason="handler_failed")
    ledger.unmapped("X1", mode="canary")
    found = counted(ledger)
    empty = counted(ledger, period=Period(first=date(2020, 1, 1), last=date(2020, 1, 31)))
    for name in ("main", "by_indicator", "reasons", "suggestions", "lost", "clinicians", "traffic"):
        assert getattr(found, name) == getattr(empty, name), name


def test_a_mode_is_counted_alone_if_asked_for(ledger: SmallLedger) -> None:
    ledger.card()
    ledger.card(mode="silent", shown=False)
    ledger.call()
    ledger.call(mode="silent")
    for mode, cards_, calls_ in (("live", 1, 1), ("silent", 1, 1), ("all", 2, 2)):
        found = counted(ledger, Scope(mode=mode)).main
        assert (found.indication["DeferSixWeeks"].cards, found.calls) == (cards_, calls_)


def fill(ledger: SmallLedger, **whose: str) -> None:
    """Leave something in every table, on which every figure rests."""
    ledger.say(ledger.card(**whose), "accepted", suggestions=["remove-order"], **whose)
    ledger.say(ledger.card(**whose), "overridden", reason_system="s", reason_code="c", **whose)
    ledger.card(position=1, recommendation="WholeSpine", rule="R83", **whose)
    ledger.say(f"lost {len(repr(whose))}", "accepted", **whose)
    ledger.call(origins={"conditions": "ehr_timeout"}, failed_questions=["fever"], **whose)
    ledger.call(status=400, reason="bad_request", content_version=f"2+{len(whose)}", **whose)
    ledger.unmapped("X1", **whose)


def test_issuers_and_tenants_never_see_each_other(ledger: SmallLedger) -> None:
    mine = Scope(issuer=ISSUER, tenant=TENANT)
    fill(ledger)
    alone = counted(ledger, mine)
    assert outcome(alone) == (2, 1, 1, 0)
    assert sum(alone.lost.values()) == 1
    for other in (OTHER, SOUTH, {"issuer": OTHER["issuer"], "tenant": None}, {"tenant": None}):
        fill(ledger, **other)
    assert counted(ledger, mine) == alone
    of_issuer = counted(ledger, Scope(issuer=ISSUER))
    assert outcome(of_issuer) == (6, 3, 3, 0)
    assert of_issuer.traffic.calls == 3 * alone.traffic.calls
    everybody = counted(ledger)
    assert outcome(everybody) == (10, 5, 5, 0)
    assert sum(everybody.lost.values()) == 5


def test_a_tenant_without_its_issuer_is_nobody() -> None:
    with pytest.raises(ValueError, match="issuer"):
        Scope(tenant="north")


def test_one_name_at_two_sites_is_two_clinicians(ledger: SmallLedger) -> None:
    ledger.card()
    ledger.card(**SOUTH)
    ledger.say(ledger.card(**OTHER), "accepted", **OTHER)
    found = {one.owner: one.given["DeferSixWeeks"] for one in counted(ledger).clinicians}
    assert found == {
        Owner(issuer=ISSUER, tenant=TENANT, clinician="anne"): Given(
            cards=1, outcome=Outcome(shown=1)
        ),
        Owner(issuer=ISSUER, tenant="south", clinician="anne"): Given(
            cards=1, outcome=Outcome(shown=1)
        ),
        Owner(clinician="anne", **OTHER): Given(cards=1, outcome=Outcome(shown=1, accepted=1)),
    }


def test_clinicians_are_judged_by_the_cards_on_the_indication(ledger: SmallLedger) -> None:
    ledger.say(ledger.card(), "overridden")
    ledger.say(ledger.card(position=1), "accepted")
    ledger.card(clinician=None)
    ledger.card(clinician="bert", shown=False, mode="silent")
    found = {one.owner.clinician: one for one in counted(ledger).clinicians}
    assert found["anne"].given["DeferSixWeeks"].outcome == Outcome(shown=1, overridden=1)
    assert {name: one.orders for name, one in found.items()} == {"anne": 1, None: 1, "bert": 1}


def test_durations_are_those_of_the_hook_by_hook(ledger: SmallLedger) -> None:
    for tenths in range(1, 101):
        ledger.call(duration_ms=tenths / 10)
    ledger.call(duration_ms=5000.0, hook="order-select")
    ledger.call(duration_ms=7777.0, endpoint="/cds-services/lumbar-mri/feedback")
    found = counted(ledger).traffic.latencies
    sign, select = found["order-sign"], found["order-select"]
    assert (sign.count, sign.p50, sign.p95, sign.p99) == (100, 5.0, 9.5, 9.9)
    assert (sign.histogram[:2], sum(sign.histogram)) == ((50, 50), 100)
    assert (select.p50, select.histogram[-1]) == (5000.0, 1)


def test_sections_that_were_not_there_are_counted_by_issuer(ledger: SmallLedger) -> None:
    ledger.call(origins={"conditions": "prefetch", "patient": "fhir-server"})
    ledger.call(origins={"conditions": "ehr_timeout", "patient": "prefetch"})
    ledger.call(origins={"conditions": "ehr_timeout", "patient": "prefetch"}, day=NEXT_DAY)
    ledger.call(origins={"conditions": "no_fhir_server"}, **OTHER)
    ledger.call(orders=0)
    found = counted(ledger).traffic
    told = {(m.issuer, m.section, m.word): m.count for m in found.missing}
    assert told == {
        (ISSUER, "conditions", "ehr_timeout"): 2,
        (OTHER["issuer"], "conditions", "no_fhir_server"): 1,
    }
    assert found.read == {ISSUER: 3, OTHER["issuer"]: 1}


def test_what_was_refused_or_failed_is_counted(ledger: SmallLedger) -> None:
    ledger.call(status=400, reason="bad_request")
    ledger.call(status=400, reason="bad_request", day=NEXT_DAY)
    ledger.call(status=503, reason=None, endpoint="/cds-services/lumbar-mri/feedback")
    ledger.call(reason="replay_unchecked", failed_questions=["fever", "cancer"])
    ledger.call(failed_questions=["fever"])
    found = counted(ledger).traffic
    assert [(r.endpoint, r.status, r.reason, r.count) for r in found.refusals] == [
        ("/cds-services/lumbar-mri", 400, "bad_request", 2),
        ("/cds-services/lumbar-mri/feedback", 503, None, 1),
    ]
    assert found.failed_questions == {"fever": 2, "cancer": 1}


def test_the_fifty_most_frequent_unmapped_codes_are_told(ledger: SmallLedger) -> None:
    for number in range(52):
        for _ in range(1 + (number < 2)):
            ledger.unmapped(f"X{number:02}")
    ledger.unmapped("X00", **OTHER)
    found = counted(ledger).traffic.unmapped
    assert len(found) == 50
    assert [(u.issuer, u.code, u.count) for u in found[:3]] == [
        (ISSUER, "X00", 2), (ISSUER, "X01", 2), (ISSUER, "X02", 1),
    ]  # fmt: skip


def test_content_versions_are_told_with_their_days(ledger: SmallLedger) -> None:
    ledger.call(content_version="1+a", day=date(2026, 3, 2))
    ledger.call(content_version="1+a", day=date(2026, 3, 20))
    ledger.call(content_version="2+b", day=date(2026, 3, 20))
    ledger.call(content_version="0+z", day=date(2026, 2, 20))
    found = [(v.version, v.first.day, v.last.day) for v in counted(ledger).traffic.content]
    assert found == [("1+a", 2, 20), ("2+b", 20, 20)]


def test_the_period_before_stands_beside(ledger: SmallLedger) -> None:
    ledger.call(day=date(2026, 2, 1))
    ledger.say(ledger.card(day=date(2026, 2, 28)), "accepted", day=date(2026, 3, 1))
    ledger.card(day=date(2026, 1, 31))
    found = counted(ledger)
    assert (found.before.calls, found.main.calls) == (1, 0)
    assert found.before.indication["DeferSixWeeks"].outcome == Outcome(shown=1, accepted=1)
    assert (found.main.indication, found.suggestions) == ({}, {})


@pytest.mark.parametrize(("first", "last", "before"), [
    ("2026-03-01", "2026-03-31", ("2026-02-01", "2026-02-28")),
    ("2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),
    ("2026-03-02", "2026-03-31", ("2026-01-31", "2026-03-01")),
    ("2026-03-10", "2026-03-10", ("2026-03-09", "2026-03-09")),
])  # fmt: skip
def test_what_comes_before_a_period(first: str, last: str, before: tuple[str, str]) -> None:
    period = Period(first=date.fromisoformat(first), last=date.fromisoformat(last))
    assert (period.before.first.isoformat(), period.before.last.isoformat()) == before


@pytest.mark.parametrize(("days", "step"), [
    (1, "day"), (70, "day"), (71, "week"), (731, "week"), (732, "month"),
])  # fmt: skip
def test_a_longer_period_is_told_in_longer_steps(days: int, step: str) -> None:
    assert Period(first=DAY, last=DAY + timedelta(days=days - 1)).step == step


@given(days=st.integers(1, 3000), start=st.integers(0, 400))
def test_the_steps_of_a_period_are_its_days(days: int, start: int) -> None:
    first = DAY + timedelta(days=start)
    period = Period(first=first, last=first + timedelta(days=days - 1))
    steps = period.buckets
    assert (steps[0].first, steps[-1].last) == (period.first, period.last)
    for one, after in pairwise(steps):
        assert after.first - one.last == timedelta(days=1)
        if period.step == "week":
            assert after.first.weekday() == 0
        if period.step == "month":
            assert after.first.day == 1


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(ValueError, match="ends"):
        Period(first=DAY, last=DAY - timedelta(days=1))


def test_orders_over_time_fall_into_their_days(ledger: SmallLedger) -> None:
    for day in (MARCH.first, DAY, DAY, MARCH.last):
        ledger.card(day=day)
    ledger.card(day=DAY, position=1)
    found = counted(ledger)
    (told,) = found.over_time.values()
    assert (told[0], told[9], told[30], sum(told)) == (1, 2, 1, 4)
    assert found.buckets[9] == Bucket(first=DAY, last=DAY)


@given(st.lists(st.integers(0, 60000), min_size=1, max_size=300))
def test_percentiles_are_values_that_so_many_do_not_exceed(tenths: list[int]) -> None:
    values = sorted(one / 10 for one in tenths)
    told = latencies_of({value: values.count(value) for value in values})
    for percent, value in ((50, told.p50), (95, told.p95), (99, told.p99)):
        assert value in values
        assert sum(one <= value for one in values) >= len(values) * percent / 100
        assert sum(one < value for one in values) < len(values) * percent / 100
    for place, bound in enumerate(BOUNDS_MS):
        assert sum(told.histogram[: place + 1]) == sum(one <= bound for one in values)
    assert sum(told.histogram) == len(values)


RECOMMENDED = st.sampled_from(["DeferSixWeeks", "MriAppropriate", "WholeSpine"])
SAID = st.tuples(st.sampled_from(["accepted", "overridden"]), st.integers(0, 3), st.booleans())
ISSUED = st.fixed_dictionaries({
    "card": st.fixed_dictionaries({
        "recommendation": RECOMMENDED, "position": st.integers(0, 1), "shown": st.booleans(),
        "indicator": st.sampled_from(["info", "warning"]), "clinician": st.sampled_from("ab"),
        "hook": st.sampled_from(["order-select", "order-sign"]),
        "mode": st.sampled_from(["live", "silent", "canary"]),
    }),
    "said": st.lists(SAID, max_size=3),
})  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ISSUED, max_size=12))
def test_every_shown_card_has_one_outcome(small: SmallLedger, issued: list[dict]) -> None:
    small.clear()
    for one in issued:
        card = small.card(**one["card"])
        for said, at, doubtful in one["said"]:
            small.say(card, said, at=at, time_doubtful=doubtful)
    found = counted(small)
    mine = [one["card"] for one in issued if one["card"]["mode"] != "canary"]
    shown = sum(card["shown"] for card in mine)
    both = (*found.main.indication.values(), *found.main.study.values())
    for breakdown in (both, found.by_indicator.values(), found.by_hook.values()):
        assert sum(given.cards for given in breakdown) == len(mine)
        assert sum(given.outcome.shown for given in breakdown) == shown
    answered = sum(g.outcome.accepted + g.outcome.overridden for g in both)
    said = [o for o in issued if o["said"] and o["card"]["shown"] and o["card"] in mine]
    assert answered == len(said)
    assert sum(r.count for r in found.reasons) == sum(g.outcome.overridden for g in both)
    of_clinicians = [g for one in found.clinicians for g in one.given.values()]
    for one in (*both, *found.by_indicator.values(), *found.by_hook.values(), *of_clinicians):
        told = one.outcome
        assert told.accepted + told.overridden + told.unanswered == told.shown
        assert min(told.accepted, told.overridden, told.unanswered, one.kept_back) >= 0
    first = [card for card in mine if card["position"] == 0]
    assert sum(one.orders for one in found.clinicians) == len(first)
    assert sum(map(sum, found.over_time.values())) == len(first)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[SmallLedger]:
    url = f"sqlite:///{tmp_path}/small.sqlite"
    migrate(url)
    made = SmallLedger.open(url)
    yield made
    made.engine.dispose()


def test_a_made_ledger_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    rows = []
    for name, seed in (("one", 7), ("same", 7), ("other", 8)):
        url = f"sqlite:///{tmp_path}/{name}.sqlite"
        migrate(url)
        made = SmallLedger.open(url)
        told = make_ledger.fill(made.engine, 400, 20, seed)
        with made.engine.connect() as connection:
            kept = [connection.execute(select(t).order_by(*t.primary_key)).all()
                    for t in make_ledger.TABLES]  # fmt: skip
        assert [len(one) for one in kept] == list(told.values())
        assert compare_metadata_of(made) == []
        made.engine.dispose()
        rows.append(kept)
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]


def compare_metadata_of(made: SmallLedger) -> list[object]:
    """Give what the tables of a ledger lack of the schema: its indexes were made anew."""
    with made.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), metadata)
