"""What may never happen, tried on charts that nobody wrote: lost alarms, false reassurance."""

import json
import os
import random
import re
from copy import deepcopy
from datetime import date, timedelta
from typing import Any

from charts import (
    KEYS,
    TODAY,
    ago,
    back_pain,
    bundle,
    call,
    condition,
    medication,
    observation,
    order,
    procedure,
    reading,
)  # fmt: skip
from conformance import hold
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_prefetch_states import STATES

from service.app import open_desk
from service.clinical.advise import Advice
from service.clinical.chart import Group
from service.clinical.guideline import Verdict
from service.settings import Settings
from service.web.answer import advices, answer

DESK = open_desk(Settings())
EXAMPLES = int(os.environ.get("EXAMPLES", "150"))  # of each property; `make prove` asks for more
LOUDNESS = {"critical": 2, "warning": 1, "info": 0}
UNREADABLE = [
    state for state in STATES
    if state in ("missing", "string", "array", "number", "empty-object", "wrong-patient")
    or state.startswith(("bundle-with", "bundle-one", "bundle-entry", "bundle-total-gt", "trunc"))
]  # fmt: skip
CODES = (
    "M54.50", "M54.41", "M54.42", "M51.26", "G83.4", "R33.9", "R20.2", "R15.9", "C50.911",
    "C79.51", "Z85.3", "M46.26", "R50.9", "M21.371", "M21.372", "S32.010A", "F11.20", "B20",
    "V43.52XA", "W18.30XA", "M81.0", "R63.4", "G95.20", "J06.9", "Z79.52", "N31.9", "A41.9",
)  # fmt: skip
WORDS = ["Low back pain", "Cauda equina syndrome", "Foot drop, left", "?fracture of L1", "Other"]
TIES = [0, 5, 22, 50]  # days on which much falls together; a month that is named alone ended on one
days = st.one_of(st.integers(0, 400), st.sampled_from(TIES))
a_date = st.one_of(st.none(), days.map(ago), st.sampled_from(["2026", "2026-10", "2027-05-01"]))


def coded(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


@st.composite
def conditions(draw: st.DrawFn, codes: tuple[str, ...] = CODES) -> dict[str, Any]:
    made = condition(
        draw(st.sampled_from(codes)), draw(st.one_of(st.none(), st.sampled_from(WORDS)))
    )
    dates = {"onsetDateTime": draw(a_date), "recordedDate": draw(a_date)}
    status = draw(st.sampled_from([None, "active", "resolved", "recurrence"]))
    sure = draw(st.sampled_from([None, "confirmed", "provisional", "refuted", "entered-in-error"]))
    marks = {
        "clinicalStatus": status and coded(status),
        "verificationStatus": sure and coded(sure),
    }
    return made | {k: v for k, v in {**dates, **marks}.items() if v}


@st.composite
def measurements(draw: st.DrawFn) -> dict[str, Any]:
    code, unit, low, high = draw(st.sampled_from([
        (None, "mL", 0, 600), ("8310-5", "Cel", 35, 41), ("1988-5", "mg/L", 0, 150),
        ("29463-7", "kg", 40, 120), ("72514-3", "{score}", 0, 10), ("4537-7", "mm/h", 0, 120),
        ("duration of symptoms", "d", 0, 90),
    ]))  # fmt: skip
    value = draw(st.floats(low, high).map(lambda number: round(number, 1)))
    is_code = code and code[0].isdigit()
    return reading(
        code if is_code else None,
        code or "Post-void residual",
        value,
        draw(st.sampled_from([unit, None, "odd"])),
        draw(days),
    )


NOTES = [
    "denies saddle numbness", "r/o cauda equina syndrome", "foot drop x 3 days",
    "strength 3/5 left", "no red flags", "bladder function normal, saddle sensation normal",
    "history of breast cancer",
    "both legs numb since yesterday", "pain improving", "unable to void since last night",
    "return if saddle numbness develops", "mother had cauda equina syndrome", "fever 38.6",
]  # fmt: skip
notes = st.lists(st.sampled_from(NOTES), min_size=1, max_size=2).map(
    lambda some: [{"text": ". ".join(some)}]
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    """Observations that say something in words, as yes or no, or in a note."""
    name = draw(st.sampled_from([
        "Saddle sensation", "Saddle numbness", "Bladder function", "Foot drop", "Gait",
        "Urinary retention",
    ]))  # fmt: skip
    value = draw(st.sampled_from([
        {"valueBoolean": True}, {"valueBoolean": False}, {"valueString": "normal"},
        {"valueString": "reduced since yesterday"}, {"valueString": "see note"}, {},
    ]))  # fmt: skip
    noted = {"note": draw(notes)} if draw(st.booleans()) else {}
    return observation(None, name, effectiveDateTime=ago(draw(days)), **value, **noted)


others = st.one_of(
    statements(),
    days.map(lambda n: procedure("97110", n)),
    days.map(lambda n: procedure("62323", n)),
    days.map(lambda n: procedure("72148", n)),
    st.tuples(notes, days).map(
        lambda said: procedure("97110", said[1], note=said[0], id=f"p-note-{said[1]}")
    ),
    st.tuples(st.sampled_from(["prednisone 20 mg", "naproxen 500 mg"]), days).map(
        lambda drug: medication(*drug, supply=30)
    ),
    st.sampled_from(WORDS).map(lambda words: observation(None, words, valueBoolean=True)),
)
resources = st.one_of(conditions(), measurements(), others)
charts = st.lists(resources, max_size=6)
pains = st.lists(conditions(("M54.50", "M54.41")), max_size=3)
births = st.sampled_from(["1940-05-01", "1972-01-01", "1990-12-31", "2012-06-01"])


def judged(body: dict[str, Any]) -> Advice:
    raw = json.dumps(body).encode()
    hold(json.loads(answer(raw, DESK, TODAY)), DESK.guideline)
    (advice,) = advices(raw, DESK, TODAY)
    return advice


def loudness(advice: Advice) -> int:
    """Count how loudly a red flag is shown; a deferral is no alarm, however it is coloured."""
    row = advice.assessment.row
    alarm = row.verdict in (Verdict.EMERGENCY, Verdict.FLAG)
    return LOUDNESS[row.indicator] if alarm else 0


# What a later "no", an earlier record of the same, or a documented normal function leaves of an
# emergency: a warning that asks. Only a fever that was denied is left as information.
ASKS = ("R13", "R14", "R20", "R21", "R31", "R32", "R41", "R50")


def asks_instead(advice: Advice) -> bool:
    """Whether an emergency that more evidence took back is still asked about."""
    row = advice.assessment.row
    return row.rule in ASKS and row.verdict in (Verdict.EMERGENCY, Verdict.FLAG)


def numbered(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**resource, "id": f"r{n}"} for n, resource in enumerate(some)]


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, charts, births)
def test_adding_to_the_record_never_removes_an_alarm(
    some: list[dict], more: list[dict], birth: str
) -> None:
    before = judged(call(back_pain(onsetDateTime=ago(9)), *numbered(some), birth=birth))
    after = judged(call(back_pain(onsetDateTime=ago(9)), *numbered(some + more), birth=birth))
    assert loudness(after) >= loudness(before) or asks_instead(after)


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, births, st.sampled_from(UNREADABLE), st.sampled_from([*KEYS.values(), "patient"]))
def test_what_was_not_read_never_allows_a_deferral(
    some: list[dict], birth: str, state: str, key: str
) -> None:
    body = call(back_pain(onsetDateTime=ago(9)), *numbered(some), birth=birth)
    body["prefetch"][key] = STATES[state]
    if STATES[state] is ...:
        del body["prefetch"][key]
    assert judged(body).assessment.row.verdict is not Verdict.DEFERRAL


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts.filter(bool), births, st.data())
def test_a_spoilt_field_never_allows_a_deferral_nor_hides_another_alarm(
    some: list[dict], birth: str, data: st.DataObject
) -> None:
    """A field of another type than FHIR's may hide its own entry, and nothing but that.

    What is left of the entry still counts: that a weakness is an old one may quieten it.
    """
    whole = numbered(some)
    spoilt = deepcopy(whole)
    victim = data.draw(st.sampled_from(spoilt))
    field = data.draw(st.sampled_from(sorted(set(victim) - {"resourceType", "id"})))
    victim[field] = data.draw(st.sampled_from([7, True, [[]], {"x": {}}, "\u0000"]))
    rest = [r for r in whole if r["id"] != victim["id"]]
    pain = back_pain(onsetDateTime=ago(9))
    before, after = (
        judged(call(pain, *whole, birth=birth)),
        judged(call(pain, *spoilt, birth=birth)),
    )
    if before.assessment.row.verdict is not Verdict.DEFERRAL:
        assert after.assessment.row.verdict is not Verdict.DEFERRAL
    without = judged(call(pain, *rest, birth=birth))
    assert loudness(after) >= min(loudness(before), loudness(without))


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, pains, births, st.randoms(use_true_random=False))
def test_order_and_unknown_fields_change_nothing(
    others: list[dict], pains: list[dict], birth: str, chance: random.Random
) -> None:
    some = [*others, *pains]
    shuffled = [{**r, "meta": {"source": "x"}, "unheardOf": [{"x": 1}]} for r in numbered(some)]
    chance.shuffle(shuffled)
    one = judged(call(*numbered(some), birth=birth))
    other = judged(call(*shuffled, birth=birth))
    assert other.assessment.row == one.assessment.row
    assert evidence(other) == evidence(one)


def evidence(advice: Advice) -> set[tuple[str, str]]:
    found = advice.assessment.findings.by_criterion.values()
    return {(f.criterion, f.status.value) for f in found}


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, charts, births)
def test_another_patients_record_is_never_used(
    mine: list[dict], theirs: list[dict], birth: str
) -> None:
    foreign = [{**r, "id": f"x{n}", "subject": {"reference": "Patient/q"}}
               for n, r in enumerate(theirs)]  # fmt: skip
    alone = judged(call(*numbered(mine), birth=birth))
    mixed = judged(call(*numbered(mine), *foreign, birth=birth))
    assert loudness(mixed) == loudness(alone)
    assert not {r["id"] for r in foreign} & {
        entry.reference.partition("/")[2] for entry in mixed.chart.entries
    }
    if foreign:
        assert mixed.assessment.row.verdict is not Verdict.DEFERRAL


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, births)
def test_the_same_call_gets_the_same_bytes(some: list[dict], birth: str) -> None:
    body = json.dumps(call(*numbered(some), birth=birth)).encode()
    assert answer(body, DESK, TODAY) == answer(body, DESK, TODAY)


A_DAY = re.compile(r'"(\d{4}-\d{2}-\d{2})"')


def moved(body: dict[str, Any], by_days: int) -> dict[str, Any]:
    """Move every whole date of a call by some days."""

    def later(found: re.Match[str]) -> str:
        return f'"{(date.fromisoformat(found[1]) + timedelta(by_days)).isoformat()}"'

    found: dict[str, Any] = json.loads(A_DAY.sub(later, json.dumps(body)))
    return found


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, births, st.integers(1, 40))
def test_only_the_distance_of_days_counts(some: list[dict], birth: str, by_days: int) -> None:
    """The same record, all of it a few days later, is judged alike a few days later."""
    body = call(back_pain(onsetDateTime=ago(9)), *numbered(some), birth=birth)
    assume(not re.search(r'"2026(-10)?"', json.dumps(body)))  # a year cannot be moved by a day
    now = judged(body)
    raw = json.dumps(moved(body, by_days)).encode()
    (then,) = advices(raw, DESK, TODAY + timedelta(by_days))
    assert then.assessment.row == now.assessment.row
    assert evidence(then) == evidence(now)


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, births)
def test_a_day_later_nothing_was_said_that_was_not_said_before(
    some: list[dict], birth: str
) -> None:
    """From one day to the next a chart that nobody touched gains no entry, and loses none but a
    reading that is older by then than the longest look-back into readings."""
    look_back = DESK.guideline.reading.look_back_days[Group.OBSERVATIONS]
    oldest = TODAY + timedelta(1 - look_back)
    raw = json.dumps(call(*numbered(some), birth=birth)).encode()
    (today,) = advices(raw, DESK, TODAY)
    (tomorrow,) = advices(raw, DESK, TODAY + timedelta(1))
    told = [
        sorted(
            (e.reference, sorted(e.concepts), e.assertion)
            for e in one.chart.entries
            if e.group is not Group.OBSERVATIONS or not e.asserted or e.asserted.last >= oldest
        )
        for one in (today, tomorrow)
    ]
    assert told[0] == told[1]


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False,
              allow_infinity=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["resourceType", "code", "entry", "x"]), inner, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.dictionaries(st.sampled_from([*KEYS.values(), "patient", "x"]), json_values), st.data())
def test_nothing_that_is_sent_breaks_the_line(sent: dict[str, Any], data: st.DataObject) -> None:
    body = call(back_pain(onsetDateTime=ago(9)))
    for key, value in sent.items():
        wrapped = data.draw(
            st.sampled_from([value, bundle(value), {"resourceType": key, "x": value}])
        )
        body["prefetch"][key] = wrapped
    judged(body)


# Signs, marks and what only looks like a digit; no letter but the sign of a duration.
marks = st.characters(exclude_categories=("Lu", "Ll", "Lt", "Cs"))
odd = st.text(st.one_of(st.sampled_from("²³①½٣"), st.sampled_from("x/ "), marks), max_size=6)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(NOTES), odd, st.sampled_from(["days", "mL", "/5", "weeks ago", ""]))
def test_signs_break_no_sentence_and_hide_no_alarm_above(words: str, signs: str, unit: str) -> None:
    """Within the sentence a sign may deny, as "(-)" does; below it, it is nothing to it."""
    before, _, below = (
        judged(call(back_pain(onsetDateTime=ago(9)), orders=[order(note=[{"text": text}])]))
        for text in (words, f"{words} {signs} {unit}", f"{words}\n\n{signs} {unit}")
    )
    assert loudness(below) >= loudness(before)


@settings(max_examples=EXAMPLES, deadline=None)
@given(charts, births, st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_every_chart_gets_an_assessment_on_every_day(
    some: list[dict], birth: str, as_of: date
) -> None:
    raw = json.dumps(call(*numbered(some), birth=birth)).encode()
    (advice,) = advices(raw, DESK, as_of)
    assert advice.assessment.findings.failed == ()
