"""What was sent, opened: lists and what stands in their way, whose they are, what fits of each."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from charts import (
    CPT,
    ICD,
    LOINC,
    TODAY,
    ago,
    back_pain,
    bundle,
    call,
    concept,
    condition,
    observation,
    order,
    procedure,
)  # fmt: skip
from conftest import Judge
from test_understood import told

from service.clinical import fhir
from service.clinical.bundles import Piece, kind_of, open_piece
from service.clinical.chart import Chart, Entry, Group, Limit
from service.clinical.entries import READERS
from service.clinical.guideline import Status
from service.clinical.meaning import (
    Calendar,
    Reader,
    listed,
    meaning,
    plain_concept,
    side_in,
    side_of,
    status_code,
    tail,
)
from service.clinical.memory import kept
from service.clinical.order import recognise
from service.clinical.patient import Identity, Whose
from service.clinical.read import Record, Records, read
from service.clinical.salvage import salvage
from service.web.answer import Desk

Fhir = dict[str, Any]
ONE, TWO = {"resourceType": "Condition", "id": "1"}, {"resourceType": "Condition", "id": "2"}
MISFIT = {"resourceType": "Condition", "id": "m", "code": 5}
UNREAD = {"resourceType": "Practitioner", "id": "x"}
DRUG = {"resourceType": "Medication", "id": "d"}


def opened(json_text: str | Fhir) -> Piece:
    text = json_text if isinstance(json_text, str) else json.dumps(json_text)
    return open_piece(text.encode())


def shown(piece: Piece) -> str:
    """Give what was read, what stood in the way, and whether pages are left, in one line."""
    ids = [str(resource.id) for resource in piece.resources]
    return " ".join([*ids, *sorted(piece.limits), *(["pages"] if piece.pages_left else [])])


def listing(*resources: Fhir | None, **fields: Any) -> Fhir:
    """Write a list; what stands there as None is an entry without a resource."""
    entries = [{} if one is None else one if "resource" in one else {"resource": one}
               for one in resources]  # fmt: skip
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **fields}


def beside(resource: Fhir, mode: Any = "include") -> Fhir:
    return {"resource": resource, "search": {"mode": mode}}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(listing(ONE, TWO), "1 2"), (listing(), ""), (listing(entry=None), ""), (ONE, "1"),
     (listing(ONE, MISFIT), "1 m unreadable-entry"), (MISFIT, "m unreadable-entry"),
     (listing(ONE, UNREAD), "1 wrong-type"), (UNREAD, "wrong-type"),
     (listing(ONE, beside(UNREAD)), "1"), (listing(ONE, beside(UNREAD, "match")), "1 wrong-type"),
     (listing(ONE, {"resource": UNREAD, "search": 5}), "1 wrong-type"),
     (listing(ONE, beside(MISFIT)), "1 m unreadable-entry"),
     (listing(ONE, None), "1 unreadable-entry"),
     (listing(ONE, {"resource": 5}), "1 unreadable-entry"),
     (listing(entry=[5, {"resource": ONE}]), "1 unreadable-entry"),
     (listing(entry=[{"resource": {"id": "x"}}]), "unreadable-entry"),
     (listing(entry=5), "wrong-type"), (5, "unreadable-entry"), ([], "unreadable-entry"),
     ("{", "unreadable-entry"), ("", "unreadable-entry"), (listing(DRUG), "d"),
     (listing(ONE, resourceType="List"), "wrong-type"),
     ('{"resourceType": "Condition", "code": 5, "extra": 1e999}', "unreadable-entry"),
     (listing({**ONE, "code": {}}), "1 unreadable-entry"),
     (listing({**ONE, "code": {"coding": []}}), "1 unreadable-entry"),
     (listing({**ONE, "code": {"text": "pain"}}), "1"), ({**ONE, "code": {"text": ""}},
      "1 unreadable-entry"), (listing({**ONE, "code": {"coding": [{"code": "x"}]}}), "1"),
     ({"resourceType": "ServiceRequest", "id": "r", "code": {"concept": {"text": "x"}}}, "r"),
     ({"resourceType": "ServiceRequest", "id": "r", "code": {"reference": "x"}},
      "r unreadable-entry")]
    + [(listing(ONE, type=word), "1")
       for word in ("searchset", "collection", "history", "batch-response", None)]
    + [(listing(*some, type=word), f"{' '.join(one['id'] for one in some[:1])} wrong-type")
       for word in ("document", "message") for some in ((ONE,), (ONE, beside(UNREAD)))],
)  # fmt: skip
def test_what_was_sent_is_opened_as_far_as_it_can_be_read(sent: Any, expected: str) -> None:
    assert shown(opened(sent if isinstance(sent, str) else json.dumps(sent))) == expected


@pytest.mark.parametrize(
    ("fields", "left"),
    [({}, False), ({"total": 1}, False), ({"total": 2}, True), ({"total": 0}, False),
     ({"link": [{"relation": "self"}]}, False), ({"link": []}, False), ({"link": None}, False),
     ({"link": [{"relation": "self"}, {"relation": "next"}]}, True),
     ({"link": [{}, {"relation": "next"}], "total": 1}, True)],
)  # fmt: skip
def test_pages_are_left_where_a_list_says_so(fields: Fhir, left: bool) -> None:
    for others in ((), (beside(TWO),), (DRUG,), (beside(DRUG, "match"),), (beside(UNREAD),)):
        assert opened(listing(ONE, *others, **fields)).pages_left is left
        assert opened(listing(ONE, *others, **fields)).is_list
    more = {**fields, **({"total": fields["total"] + 1} if "total" in fields else {})}
    for other in (TWO, beside(TWO, "match"), beside(TWO, None), {**beside(TWO), "search": None}):
        assert opened(listing(ONE, other, **more)).pages_left is left
        assert opened(listing(ONE, other, beside(UNREAD), **more)).pages_left is left


NEXT, SELF = {"relation": "next"}, {"relation": "self", "url": "https://nextgen.example/Condition"}


@pytest.mark.parametrize("beside_it", [(), (MISFIT,), (beside(UNREAD),)])
@pytest.mark.parametrize(("links", "left"), [([SELF], False), ([SELF, NEXT], True)])
def test_an_address_names_no_next_page(
    links: list[Fhir], left: bool, beside_it: tuple[Fhir, ...]
) -> None:
    assert opened(listing(ONE, *beside_it, link=links)).pages_left is left


@pytest.mark.parametrize(
    ("link", "left"),
    [("next", True), (NEXT, True), (["next"], True), ([{"relation": ["next"]}], True),
     ([5, SELF, NEXT], True), (SELF, False), ("self", False), (5, False), ({}, False)],
)  # fmt: skip
def test_a_link_in_a_form_of_its_own_may_name_a_next_page(link: Any, left: bool) -> None:
    assert opened(listing(ONE, link=link)).pages_left is left


@pytest.mark.parametrize("beside_it", [(), (beside(UNREAD),)])
def test_a_drug_beside_the_matches_is_none_of_them(beside_it: tuple[Fhir, ...]) -> None:
    assert opened(listing(ONE, beside(DRUG, "match"), *beside_it, total=2)).pages_left


@pytest.mark.parametrize("total", [-1, "two", 1.5, "9"])
def test_a_count_that_is_none_makes_a_list_doubtful(total: Any) -> None:
    assert shown(opened(listing(ONE, total=total))) == "1 wrong-type"


def test_one_resource_is_no_list() -> None:
    assert not opened(ONE).is_list
    assert not opened(listing(entry=5)).is_list
    assert opened(listing()).is_list


@pytest.mark.parametrize(
    ("text", "expected"),
    [('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Condition", "id": "1"}}]'
      ', "entry": []}', "unreadable-entry"),
     (json.dumps(listing({**ONE, "note": [{"text": "entry"}], "entry": 1})), "1"),
     (json.dumps(listing(beside(UNREAD | {"entry": 1}), beside(UNREAD | {"entry": 2}))), ""),
     ('{"resourceType": "Bundle", "entry": 5, "entry": 6}', "unreadable-entry wrong-type")],
)  # fmt: skip
def test_a_list_that_stands_twice_was_read_once(text: str, expected: str) -> None:
    assert shown(opened(text)) == expected


def trouble(severity: str, code: str = "processing", detail: str | None = None) -> Fhir:
    details = {"details": {"coding": [{"code": "0"}, {"code": detail}]}} if detail else {}
    return {"severity": severity, "code": code, **details}


@pytest.mark.parametrize(
    ("issues", "expected"),
    [([trouble("information")], ""), ([trouble("warning")], "server-error"),
     ([trouble("error")], "server-error"), ([trouble("fatal")], "server-error"),
     ([trouble("warning", detail="4101")], ""), ([trouble("error", detail="4101")], "server-error"),
     ([trouble("warning", detail="59144")], "server-error"),
     ([trouble("warning", "not-supported")], "search-widened"),
     ([trouble("error", "not-supported")], "server-error"),
     ([trouble("information", "not-supported")], ""),
     ([trouble("information"), trouble("warning", "not-supported"), trouble("error")],
      "search-widened server-error"), ([{"details": {}}], "server-error"),
     ([], "server-error"), (None, "server-error")],
)  # fmt: skip
def test_a_server_tells_of_trouble_or_of_nothing_found(
    issues: list[Fhir] | None, expected: str
) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": issues}
    assert shown(opened(outcome)) == expected
    assert shown(opened(listing(outcome))) == expected
    assert shown(opened(listing(outcome, beside(UNREAD)))) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"resourceType": "X"}', "X"),
        ("{}", ""),
        ("[]", ""),
        ("{", ""),
        ('{"resourceType": 5}', ""),
    ],
)
def test_a_text_says_of_what_kind_it_is(text: str, kind: str) -> None:
    assert kind_of(text.encode()) == kind


# Whose a resource is

OURS = Identity(
    id="7", fhir_server="https://ehr.example/r4", merged=frozenset({"6"}), linked=frozenset({"5"})
)


@pytest.mark.parametrize(
    ("pointed", "whose"),
    [("Patient/7", Whose.PATIENT), ("Patient/6", Whose.PATIENT), ("Patient/5", Whose.UNKNOWN),
     ("Patient/4", Whose.ANOTHER), ("Group/7", Whose.ANOTHER), ("patient/7", Whose.UNKNOWN),
     ("Patient/7/_history/2", Whose.PATIENT), ("Patient/4/_history/2", Whose.ANOTHER),
     ("urn:uuid:7", Whose.PATIENT), ("urn:oid:7", Whose.PATIENT), ("urn:uuid:6", Whose.UNKNOWN),
     ("urn:other:7", Whose.UNKNOWN), ("7", Whose.UNKNOWN), ("", Whose.UNKNOWN),
     (None, Whose.UNKNOWN), ("#7", Whose.UNKNOWN),
     ("https://ehr.example/r4/Patient/7", Whose.PATIENT),
     ("https://ehr.example/r4/Patient/7/_history/1", Whose.PATIENT),
     ("https://ehr.example/r4/Patient/5", Whose.UNKNOWN),
     ("https://ehr.example/r4/Patient/4", Whose.ANOTHER),
     ("https://ehr.example/r5/Patient/7", Whose.ANOTHER),
     ("https://ehr.example/r4/Patient?identifier=7", Whose.UNKNOWN),
     ("ftp://ehr.example/r4/Patient/7", Whose.UNKNOWN)],
)  # fmt: skip
def test_a_subject_names_the_patient_or_another(pointed: str | None, whose: Whose) -> None:
    assert OURS.whose(fhir.Reference(reference=pointed)) is whose
    assert OURS.whose(fhir.Reference(reference=pointed, type="Patient")) is whose
    assert OURS.whose(fhir.Reference(reference=pointed, type="Group")) is Whose.UNKNOWN


def test_where_no_server_is_named_any_may_be_it() -> None:
    absolute = fhir.Reference(reference="https://any.example/r4/Patient/7")
    assert Identity(id="7").whose(absolute) is Whose.PATIENT
    assert Identity(id="8").whose(absolute) is Whose.ANOTHER


@pytest.mark.parametrize("server", ["https://ehr.example/a%20X", "https://ehr.example/a%20X/"])
def test_an_address_that_cannot_be_normalised_is_compared_as_it_is(server: str) -> None:
    ours = Identity(id="7", fhir_server=server)
    for base, whose in ((server.rstrip("/"), Whose.PATIENT), ("https://ehr.example/a%20Y",
                                                             Whose.ANOTHER)):  # fmt: skip
        assert ours.whose(fhir.Reference(reference=f"{base}/Patient/7")) is whose


@pytest.mark.parametrize("pointed", ["Patient/", "urn:uuid:", "urn:oid:"])
def test_without_an_id_nothing_is_the_patient_s(pointed: str) -> None:
    assert Identity(id="").whose(fhir.Reference(reference=pointed)) is Whose.UNKNOWN
    assert OURS.whose(None) is Whose.UNKNOWN


@pytest.mark.parametrize(
    ("reference", "kind", "merged", "linked"),
    [("Patient/1", "replaces", {"6", "1"}, {"5"}), ("Patient/1", "seealso", {"6"}, {"5", "1"}),
     ("Patient/5", "replaces", {"6", "5"}, set()), ("Patient/6", "seealso", {"6"}, {"5"}),
     ("Patient/1/_history/3", "replaces", {"6", "1"}, {"5"}),
     ("https://ehr.example/r4/Patient/1", "replaces", {"6", "1"}, {"5"}),
     ("https://other.example/r4/Patient/1", "replaces", {"6"}, {"5"}),
     ("RelatedPerson/1", "replaces", {"6"}, {"5"}), ("1", "replaces", {"6"}, {"5"}),
     (None, "replaces", {"6"}, {"5"})],
)  # fmt: skip
def test_the_own_record_names_what_it_replaced(
    reference: str | None, kind: str, merged: set[str], linked: set[str]
) -> None:
    link = fhir.Patient.Link(other=fhir.Reference(reference=reference), type=kind)
    record = fhir.Patient(id="7", link=[fhir.Patient.Link(type="replaces"), link])
    found = OURS.of_record(record)
    assert (found.id, found.fhir_server) == (OURS.id, OURS.fhir_server)
    assert (found.merged, found.linked) == (merged, linked)
    assert OURS.of_record(fhir.Patient(id="7")) == OURS


# What can be saved of a resource that does not fit


@pytest.mark.parametrize(
    ("sent", "field", "kept"),
    [({"code": "G83.4"}, "code", fhir.CodeableConcept(text="G83.4")),
     ({"code": {"text": 5, "coding": [{"code": "x"}]}}, "code",
      fhir.CodeableConcept(coding=(fhir.Coding(code="x"),))),
     ({"code": {"coding": [{"code": "x"}, 5, {"code": "y", "system": 7}]}}, "code",
      fhir.CodeableConcept(coding=(fhir.Coding(code="x"), fhir.Coding(code="y")))),
     ({"code": {"coding": [5, 6]}}, "code", fhir.CodeableConcept()), ({"code": 5}, "code", None),
     ({"code": [{"text": "pain"}]}, "code", None),
     ({"bodySite": [{"text": "leg"}, 5]}, "bodySite", [fhir.CodeableConcept(text="leg")]),
     ({"bodySite": "leg"}, "bodySite", [fhir.CodeableConcept(text="leg")]),
     ({"bodySite": {"text": "leg"}}, "bodySite", [fhir.CodeableConcept(text="leg")]),
     ({"bodySite": [[5], {"text": "leg"}]}, "bodySite", [fhir.CodeableConcept(text="leg")]),
     ({"bodySite": [5]}, "bodySite", None), ({"onsetDateTime": 2026}, "onsetDateTime", None),
     ({"onsetDateTime": ["2026"]}, "onsetDateTime", None),
     ({"onsetAge": {"value": "old", "unit": "a"}}, "onsetAge", fhir.Quantity(unit="a")),
     ({"clinicalStatus": "active"}, "clinicalStatus", "active"),
     ({"abatementBoolean": {"value": True}}, "abatementBoolean", None),
     ({"abatementBoolean": "yes"}, "abatementBoolean", None), ({}, "code", None)],
)  # fmt: skip
def test_only_what_does_not_fit_is_lost(sent: Fhir, field: str, kept: Any) -> None:
    found = salvage({"id": "c", "recordedDate": "2026-11-01", **sent}, fhir.Condition)
    assert (found.id, found.recordedDate) == ("c", "2026-11-01")
    assert getattr(found, field) == kept


@pytest.mark.parametrize("sent", [None, 5, "Condition", [{"id": "c"}]])
def test_of_what_is_no_resource_nothing_can_be_saved(sent: Any) -> None:
    assert salvage(sent, fhir.Condition) == fhir.Condition()


# What a code, a status, a reference stands for


def test_a_status_is_a_word_or_a_code() -> None:
    given = fhir.CodeableConcept(coding=(fhir.Coding(), fhir.Coding(code="active")), text="on")
    assert [status_code(one) for one in ("active", given, None)] == ["active", "active", None]
    assert status_code(fhir.CodeableConcept(text="on")) == "on"


def test_a_name_without_a_code_is_a_name(reader: Reader) -> None:
    codings = (fhir.Coding(display="Pain"), fhir.Coding(system=ICD, code="M54.50", display="LBP"))
    found = meaning(reader, fhir.CodeableConcept(coding=codings))
    assert (found.label, found.code, found.words) == ("Pain", "M54.50", ("Pain", "LBP"))
    assert (found.concepts, found.standard) == ({"low-back-pain-radiculopathy"}, False)
    bare = meaning(reader, fhir.CodeableConcept(coding=(fhir.Coding(system=LOINC, code="8310-5"),)))
    assert (bare.label, bare.code, bare.words, bare.standard) == ("8310-5", "8310-5", (), True)
    named = fhir.CodeableConcept(coding=codings, text="Back pain")
    assert meaning(reader, named).words == ("Back pain", "Pain", "LBP")
    assert meaning(reader, None).label == ""


KNOWN, OWN = fhir.Coding(system=ICD, code="G83.4"), fhir.Coding(system="urn:site", code="x")


@pytest.mark.parametrize("codings", [(KNOWN,), (KNOWN, OWN), (OWN, KNOWN)])
def test_each_of_several_codes_counts(codings: tuple[fhir.Coding, ...], reader: Reader) -> None:
    found = meaning(reader, fhir.CodeableConcept(coding=codings))
    assert found.concepts == {"cauda-equina-syndrome"}


@pytest.mark.parametrize(
    ("concept", "outlives"),
    [(fhir.CodeableConcept(coding=(KNOWN,)), True), (fhir.CodeableConcept(coding=(OWN,)), False),
     (fhir.CodeableConcept(text="Since Ada fell"), False)],
)  # fmt: skip
def test_a_concept_is_looked_up_once_and_words_are_forgotten_with_the_call(
    concept: fhir.CodeableConcept, outlives: bool, reader: Reader
) -> None:
    found = meaning(reader, concept)
    assert meaning(reader, concept) is found
    assert (reader.kept.meanings.get(concept) is found) is outlives
    assert (reader.own.meanings.get(concept) is found) is not outlives


def test_a_reader_has_the_memory_of_its_day_and_way_of_reading(reader: Reader) -> None:
    assert reader.kept is kept(reader.reading, TODAY)


def test_one_is_taken_as_a_list_of_one() -> None:
    one = fhir.CodeableConcept(text="one")
    assert (list(listed(one)), list(listed([one])), list(listed(None))) == ([one], [one], [])
    deep = fhir.CodeableReference(concept=one)
    assert (plain_concept(deep), plain_concept(one)) == (one, one)
    assert plain_concept(None) == fhir.CodeableConcept()


@pytest.mark.parametrize(
    ("reference", "expected"),
    [("Condition/1", "Condition/1"), ("https://a.example/r4/Condition/1", "Condition/1"),
     ("Condition/1/_history/2", "Condition/1"), ("#1", "#1"),
     ("https://a.example/r4/Condition/1/_history/2", "Condition/1")],
)  # fmt: skip
def test_a_reference_ends_in_its_type_and_its_id(reference: str, expected: str) -> None:
    assert tail(reference) == expected


@pytest.mark.parametrize(
    ("words", "side"),
    [("left leg", "left"), ("right", "right"), ("left and right", "both"), ("both legs", "both"),
     ("bilateral", "both"), ("leg", "unstated"), ("", "unstated")],
)  # fmt: skip
def test_words_name_a_side(words: str, side: str, reader: Reader) -> None:
    assert side_in(reader, words) == side


@pytest.mark.parametrize(
    ("sites", "side"),
    [((), "left"), (("leg",), "left"), (("leg", "foot"), "left"), (("right leg", "foot"), "both"),
     (("foot", "right leg"), "both")],
)  # fmt: skip
def test_a_site_adds_to_the_side_that_the_words_name(
    sites: tuple[str, ...], side: str, reader: Reader
) -> None:
    what = meaning(reader, fhir.CodeableConcept(text="Left foot drop"))
    assert side_of(reader, what, [fhir.CodeableConcept(text=site) for site in sites]) == side


@pytest.fixture
def reader(desk: Desk) -> Reader:
    calendar = Calendar(as_of=TODAY, zone=desk.zone)
    return Reader(
        reading=desk.guideline.reading,
        calendar=calendar,
        drugs={"Medication/1": fhir.CodeableConcept(text="x")},
        conditions={"Condition/1": fhir.Condition(id="1")},
        visits={"Encounter/1": "2026-11-10", "Encounter/2": "2026-11-23"},
    )


def test_a_reader_finds_what_was_sent(reader: Reader) -> None:
    assert reader.drug("a/Medication/1") == fhir.CodeableConcept(text="x")
    assert (reader.drug("Medication/2"), reader.drug(None)) == (None, None)
    assert reader.condition("Condition/1/_history/2") == fhir.Condition(id="1")
    assert (reader.condition("Condition/2"), reader.condition(None)) == (None, None)
    assert told(reader.visit(None, "Encounter/9", "Encounter/1", "Encounter/2")) == "2026-11-10"
    assert (reader.visit("Encounter/2"), reader.visit(None)) == (None, None)
    assert told(reader.days("2026-11-22")) == "2026-11-22"
    assert told(reader.days("2026-11")) == "2026-11-01..2026-11-22"
    assert (reader.days("2026-11-23"), reader.days(""), reader.days(None)) == (None, None, None)


def test_words_of_time_count_from_the_day_they_were_written(reader: Reader) -> None:
    written = reader.days("2026-11-01")
    assert told(reader.since("three weeks ago", written)) == "2026-10-11"
    assert told(reader.since("three weeks ago", None)) == "2026-11-01"
    assert reader.since("for a while", None) is None
    for day, onset in (("2026-11-01", "2026-10-25"), ("2026-10-01", "2026-09-24"), (None, None)):
        (one,) = reader.mentions("Sciatica for a week", reader.days(day))[:1]
        assert told(one.onset) == (onset or "2026-11-15")
    assert reader.mentions("", written) == reader.mentions(None, written) == ()


DATED = "Cauda equina syndrome 2020"


@pytest.mark.parametrize(
    ("day", "state"), [("2019-10-01", "present"), ("2026-11-01", "historical")]
)
def test_a_date_in_words_is_read_for_each_day_of_writing_anew(
    day: str, state: str, reader: Reader
) -> None:
    what = meaning(reader, fhir.CodeableConcept(text=DATED))
    for other in ("2026-11-02", "2019-10-02", day):
        written = reader.days(other)
        (one, *_), (same, *_) = reader.mentions(DATED, written), reader.said(what, written)
        assert one == same
    assert one.assertion == state


@pytest.mark.parametrize(
    ("text", "first", "again"),
    [("Foot drop", "2026-11-01", "2026-10-01"), ("Foot drop", None, "2026-10-01"),
     ("Sciatica for a week", "2026-11-01", "2026-11-01"), (DATED, None, "2026-11-22")],
)  # fmt: skip
def test_a_text_is_read_once(text: str, first: str | None, again: str, reader: Reader) -> None:
    found = reader.mentions(text, reader.days(first))
    assert found
    assert reader.mentions(text, reader.days(again)) is found


@pytest.mark.parametrize(
    "ask",
    [side_of, Reader.speaks, lambda reader, what: reader.said(what, None)],
    ids=["side", "speaks", "said"],
)  # fmt: skip
def test_what_was_found_out_of_a_concept_is_not_looked_up_again(
    ask: Callable[[Any, Any], Any], reader: Reader
) -> None:
    what = meaning(reader, fhir.CodeableConcept(text="Left foot drop"))
    found = ask(reader, what)
    assert found
    without_vocabulary: Any = {"reading": None, "texts": {}}
    assert ask(replace(reader, **without_vocabulary), what) == found


def test_a_study_speaks_by_all_of_its_words(reader: Reader) -> None:
    for place, speaks in (("lumbar spine", True), ("head", False)):
        study = fhir.CodeableConcept(text="MRI", coding=(fhir.Coding(display=place),))
        assert reader.speaks(meaning(reader, study)) is speaks


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Pacific/Kiritimati", "2026-11-21"), ("Pacific/Pago_Pago", "2026-11-19"),
     ("Europe/London", "2026-11-20")],
)  # fmt: skip
def test_an_instant_falls_on_a_day_of_the_facility(zone: str, day: str, reader: Reader) -> None:
    there = replace(reader, calendar=Calendar(as_of=TODAY, zone=ZoneInfo(zone)))
    assert told(there.days("2026-11-20T10:30:00Z")) == day


# The sections of a chart


def sections(judge: Judge, **sent: Any) -> Chart:
    return judge.advice(call(back_pain(), **sent), TODAY).chart


def dated(kind: str, name: str, days: list[int]) -> list[Fhir]:
    when = (lambda day: {"start": ago(day)}) if name.lower().endswith("period") else ago
    return [{"resourceType": kind, "id": f"{kind}-{day}-{number}", "status": "finished",
             "subject": {"reference": "Patient/p"}, name: when(day)}
            for number, day in enumerate(days)]  # fmt: skip


NINETEEN = list(range(19))  # one less than shows in what order a list is


@pytest.mark.parametrize(
    ("days", "complete"),
    [([*NINETEEN, 366], True), ([*NINETEEN, 365], False), ([*NINETEEN[1:], 366], False),
     ([366, *NINETEEN], False), ([*NINETEEN, 17, 366], False), ([*NINETEEN, 18, 366], True)],
)  # fmt: skip
@pytest.mark.parametrize(
    ("key", "kind", "name"),
    [("encounters", "Encounter", "period"), ("encounters", "Encounter", "actualPeriod"),
     ("observations", "Observation", "effectiveDateTime"),
     ("observations", "Observation", "effectivePeriod"), ("observations", "Observation", "issued"),
     ("medicationRequests", "MedicationRequest", "authoredOn")],
)  # fmt: skip
def test_a_list_seen_to_be_newest_first_may_end_beyond_its_look_back(
    days: list[int], complete: bool, key: str, kind: str, name: str, judge: Judge
) -> None:
    sent = {**bundle(*dated(kind, name, days)), "total": 500}
    found = sections(judge, **{key: sent}).sections[key]
    assert found.limits == (() if complete else ("more-pages",))


def test_a_list_with_an_undated_entry_or_of_another_kind_is_not_excused(judge: Judge) -> None:
    undated = {"resourceType": "Encounter", "id": "u", "subject": {"reference": "Patient/p"}}
    visits = [
        *dated("Encounter", "period", NINETEEN),
        undated,
        *dated("Encounter", "period", [366]),
    ]
    found = sections(judge, encounters={**bundle(*visits), "total": 500})
    assert found.sections["encounters"].limits == ("more-pages",)
    done = dated("Procedure", "effectiveDateTime", [*NINETEEN, 366])
    found = sections(judge, procedures={**bundle(*done), "total": 500})
    assert found.sections["procedures"].limits == ("more-pages",)


PERSON = {"resourceType": "Patient", "id": "p", "birthDate": "1984-02-01"}


@pytest.mark.parametrize(
    ("patient", "limits", "birth"),
    [(PERSON, (), "1984-02-01"), (bundle(PERSON), (), "1984-02-01"),
     (None, ("not-sent",), "None"), (..., ("not-sent",), "None"),
     ({**PERSON, "id": None}, ("no-patient",), "None"),
     ({**PERSON, "birthDate": "2027-01-01"}, (), "None"),
     ({**PERSON, "birthDate": "1984"}, (), "1984-01-01..1984-12-31"),
     (observation(None, "Pain"), ("wrong-type",), "None")],
)  # fmt: skip
def test_the_patient_s_record_is_the_patient_s(
    patient: Any, limits: tuple[str, ...], birth: str, judge: Judge
) -> None:
    found = sections(judge, patient=patient)
    assert (found.sections["patient"].limits, told(found.birth)) == (limits, birth)


@pytest.mark.parametrize(
    ("subject", "limits", "used"),
    [({"reference": "Patient/p"}, (), True),
     ({"reference": "Patient/p", "type": "Patient"}, (), True),
     ({"reference": "urn:uuid:p"}, (), True), ({"display": "Jo"}, ("no-patient",), True),
     (None, ("no-patient",), True), ({"reference": "Patient/q"}, ("other-patient",), False)],
)  # fmt: skip
def test_what_is_another_s_is_never_used(
    subject: Any, limits: tuple[str, ...], used: bool, judge: Judge
) -> None:
    found = judge.advice(call({**back_pain(), "subject": subject}), TODAY).chart
    assert found.sections["conditions"].limits == limits
    assert [one.reference for one in found.entries] == ["Condition/back-pain"] * used


def test_an_observation_of_nobody_may_only_alarm(judge: Judge) -> None:
    nobody_s = {**observation(None, "Saddle numbness", valueBoolean=True), "subject": None}
    found = judge.advice(call(back_pain(), nobody_s), TODAY).chart
    assert found.sections["observations"].limits == ("no-patient",)
    assert "Observation/o-text" in [one.reference for one in found.entries]


def test_a_drug_in_a_list_hides_nothing_that_stands_behind_it(judge: Judge) -> None:
    drug = {"resourceType": "Medication", "id": "d", "code": {"text": "Prednisone"}}
    given = {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order",
             "subject": {"reference": "Patient/p"}, "authoredOn": ago(3),
             "medicationReference": {"reference": "Medication/d"}}  # fmt: skip
    found = sections(judge, medicationRequests=bundle(drug, given))
    assert found.sections["medicationRequests"].limits == ()
    assert "MedicationRequest/m" in [one.reference for one in found.entries]


def test_every_visit_dates_what_points_to_it(judge: Judge) -> None:
    visits = dated("Encounter", "period", [30, 20, 10])
    pointing = {**back_pain(), "encounter": {"reference": "Encounter/Encounter-30-0"}}
    found = judge.advice(call(pointing, encounters=bundle(*visits)), TODAY).chart
    (pain,) = (one for one in found.entries if one.reference == "Condition/back-pain")
    assert told(pain.asserted) == ago(30)


def test_every_section_bears_its_own_name(judge: Judge) -> None:
    found = sections(judge).sections
    assert {group: section.group for group, section in found.items()} == {g: g for g in Group}


def records(desk: Desk, *pieces: Record) -> Chart:
    reading = desk.guideline.reading
    draft = recognise(reading.terms, reading.trigger, json.dumps(order()).encode(), "p")
    assert draft is not None
    calendar = Calendar(as_of=TODAY, zone=desk.zone)
    return read(Records(patient=Identity(id="p"), pieces=pieces), draft, reading, calendar)


LATE = frozenset({Limit.SERVER_TIMEOUT})
PAINS = json.dumps(bundle(back_pain())).encode()


@pytest.mark.parametrize(
    ("text", "had", "limits", "used"),
    [(PAINS, frozenset(), (), 1), (PAINS, LATE, ("server-timeout",), 1),
     (b"", LATE, ("server-timeout",), 0), (b"", frozenset(), ("unreadable-entry",), 0)],
)  # fmt: skip
def test_what_a_server_gave_before_it_failed_is_read(
    text: bytes, had: frozenset[Limit], limits: tuple[str, ...], used: int, desk: Desk
) -> None:
    one = Record(key="conditions", group=Group.CONDITIONS, json=text, limits=had)
    found = records(desk, one)
    assert (found.sections[Group.CONDITIONS].limits, len(found.entries)) == (limits, used)


@pytest.mark.parametrize(
    ("texts", "empty"),
    [((None, PAINS), True), ((PAINS, None), True), ((PAINS, PAINS), False)],
)  # fmt: skip
def test_null_beside_a_list_of_the_same_section_is_told(
    texts: tuple[bytes | None, ...], empty: bool, desk: Desk
) -> None:
    pieces = (Record(key="conditions", group=Group.CONDITIONS, json=text) for text in texts)
    found = records(desk, *pieces).sections[Group.CONDITIONS]
    assert (found.limits, found.asserted_empty) == ((), empty)


@pytest.mark.parametrize(("most", "limits"), [(2, ("very-long",)), (3, ())])
def test_a_list_as_long_as_a_list_can_be_is_not_taken_as_whole(
    most: int, limits: tuple[str, ...], desk: Desk
) -> None:
    plain = desk.guideline.reading
    draft = recognise(plain.terms, plain.trigger, json.dumps(order()).encode(), "p")
    text = json.dumps(bundle(back_pain(), back_pain())).encode()
    records = Records(
        patient=Identity(id="p"),
        pieces=(Record(key="conditions", group=Group.CONDITIONS, json=text),),
    )
    calendar = Calendar(as_of=TODAY, zone=desk.zone)
    found = read(records, draft, replace(plain, longest_list=most), calendar)
    assert found.sections[Group.CONDITIONS].limits == limits
    assert len(found.entries) == 2


def test_another_person_s_record_among_others_is_told(judge: Judge) -> None:
    found = sections(judge, encounters=bundle({**PERSON, "id": "q", "birthDate": "1950-01-01"}))
    assert found.sections["encounters"].limits == ("other-patient", "wrong-type")
    assert told(found.birth) == "1984-02-01"


def test_the_patient_s_record_is_known_under_any_key(judge: Judge) -> None:
    found = sections(judge, patient=..., person=PERSON)
    assert (found.sections["patient"].limits, told(found.birth)) == ((), "1984-02-01")
    listed_among = bundle(PERSON, {**observation(None, "Pain"), "id": "o"})
    found = sections(judge, patient=..., everything=listed_among)
    assert (found.sections["patient"].limits, told(found.birth)) == ((), "1984-02-01")


def test_a_list_under_a_key_that_nobody_knows_is_told_by_what_it_holds(judge: Judge) -> None:
    done = {"resourceType": "Procedure", "id": "p", "status": "completed",
            "subject": {"reference": "Patient/p"}, "code": concept("97110", None, CPT)}  # fmt: skip
    found = sections(judge, procedures=..., therapy=bundle(done))
    assert found.sections["procedures"].limits == ()
    found = sections(judge, procedures=..., therapy=bundle(done), more=bundle(done))
    assert found.sections["procedures"].limits == ("unknown-key",)
    found = sections(judge, procedures=...)
    assert found.sections["procedures"].limits == ("not-sent",)
    assert found.incomplete >= {"procedures", "devices"}


@pytest.mark.parametrize(("sent", "empty"), [(None, True), (bundle(), False)])
def test_null_is_an_empty_list_and_is_told(sent: Any, empty: bool, judge: Judge) -> None:
    found = sections(judge, procedures=sent).sections["procedures"]
    assert (found.limits, found.asserted_empty) == ((), empty)


WIDENED = {"resourceType": "OperationOutcome", "issue": [trouble("warning", "not-supported")]}
DONE = {"resourceType": "Procedure", "id": "p", "status": "completed", "subject":
        {"reference": "Patient/p"}}  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "limits"),
    [(bundle(DONE, WIDENED), ()), ({**bundle(DONE, WIDENED), "total": 9},
                                   ("more-pages", "search-widened"))],
)  # fmt: skip
def test_a_search_that_found_more_than_it_should_is_excused(
    sent: Fhir, limits: tuple[str, ...], judge: Judge
) -> None:
    assert sections(judge, procedures=sent).sections["procedures"].limits == limits


def test_a_widened_search_that_found_nothing_is_not_excused_where_its_silence_counts(
    judge: Judge, desk: Desk
) -> None:
    nothing = bundle(WIDENED)
    for key in ("conditions", "procedures", "devices"):
        found = judge.advice(call(**{key: nothing}), TODAY).chart.sections[key].limits
        assert found == (("search-widened",) if key in desk.guideline.reading.needed else ())


@pytest.mark.usefixtures("_caught")
@pytest.mark.parametrize("fault", [ValueError("4711"), AttributeError(), RecursionError()])
def test_a_resource_that_our_reading_fails_on_leaves_what_was_read_before(
    fault: Exception, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the failing resource said before it failed counts too."""
    whole = READERS[fhir.Condition]

    def broken(reader: Reader, it: fhir.Condition) -> Iterator[Entry]:
        yield from whole(reader, it)
        if it.id == "back-pain":
            raise fault

    monkeypatch.setitem(READERS, fhir.Condition, broken)
    flag = condition("R33.9", onsetDateTime=ago(1), recordedDate=ago(1))
    found = judge.advice(call(back_pain(), flag), TODAY)
    assert found.chart.failed == ("Condition",)
    assert found.chart.sections["conditions"].limits == ("unreadable-entry",)
    assert [e.reference for e in found.chart.entries if e.group == "conditions"] == [
        "Condition/back-pain", "Condition/c-R33.9"]  # fmt: skip
    assert found.assessment.findings.status("record-complete") is Status.NOT_MET


@pytest.mark.parametrize("written", ["yesterday", "2026-13-45", "\u0000", "13.11.2026"])
def test_a_date_that_is_none_is_an_entry_not_read(written: str, judge: Judge) -> None:
    """It may be a recent injection: what cannot be dated is not taken as long past."""
    given = {**procedure("62323", 9), "performedDateTime": written}
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), given, birth="1940-05-01"), TODAY)
    assert found.chart.sections["procedures"].limits == ("unreadable-entry",)
    assert found.assessment.row.rule == "R67b"


@pytest.mark.parametrize(
    ("status", "limits"),
    [("done", ("unreadable-entry",)), ("Completed", ()), ("completed", ()),
     ("not-done", ()), ("", ()), ("\u0000", ("unreadable-entry",))],
)  # fmt: skip
def test_an_unheard_of_status_is_an_entry_not_read(
    status: str, limits: tuple[str, ...], judge: Judge
) -> None:
    given = {**procedure("62323", 9), "status": status}
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), given), TODAY)
    assert found.chart.sections["procedures"].limits == limits


@pytest.mark.parametrize(
    ("status", "limits"),
    [({}, ("unreadable-entry",)), ({"text": "who knows"}, ("unreadable-entry",)),
     ({"text": "Resolved"}, ()), ({"coding": [{"code": "resolved"}]}, ()), ("active", ())],
)  # fmt: skip
@pytest.mark.parametrize("name", ["clinicalStatus", "verificationStatus"])
def test_a_status_of_a_problem_that_says_nothing_is_not_read(
    name: str, status: Any, limits: tuple[str, ...], judge: Judge
) -> None:
    given = condition("C50.911", **{name: status})
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), given), TODAY)
    assert found.chart.sections["conditions"].limits == limits


def test_each_status_of_a_problem_is_looked_at(judge: Judge) -> None:
    given = condition("C50.911", clinicalStatus="active", verificationStatus="who knows")
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), given), TODAY)
    assert found.chart.sections["conditions"].limits == ("unreadable-entry",)


def test_a_date_of_nothing_that_is_asked_for_stands_in_nobodys_way(judge: Judge) -> None:
    acne = condition("L70.0", "Acne", onsetDateTime="yesterday")
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), acne), TODAY)
    assert found.chart.sections["conditions"].limits == ()
