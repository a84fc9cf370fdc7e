"""What a card offers to do: on which orders, on which field of them, in which code system."""

import json
from typing import Any

import pytest
from charts import CPT, LOINC, order
from test_orders import recognised

from service.clinical.suggestions import Issue, suggestions, without_empties
from service.clinical.words import Message, Study, SuggestionTemplate
from service.web.answer import Desk

Fhir = dict[str, Any]
CODES = {CPT: ("72158", "MRI lumbar spine without and with contrast")}
STUDIES = {"contrast": Study(value_set="without-and-with-contrast-study", codes=CODES)}


def offered(desk: Desk, draft: Fhir, issue: Fhir | None = None, **template: Any) -> Fhir | None:
    """Give the action that a template offers on an order; None where it offers none."""
    one = SuggestionTemplate(id="x", label="X", description="Do x", **template)
    message = Message(id="m", summary="", detail="", rule_in_words="", suggestions=(one,),
                      override_reasons=(), shows_not_documented=False)  # fmt: skip
    found = recognised(desk, draft)
    assert found is not None
    shaped = Issue(key=b"k" * 32, hook_instance="h", **(issue or {}))
    given = suggestions(message, found, {}, STUDIES, (shaped, "card"))
    return given[0]["actions"][0] if given else None


@pytest.mark.parametrize(
    ("as_string", "key"), [(False, "resourceId"), (True, "resource")]
)  # fmt: skip
def test_an_order_to_be_removed_is_named_as_its_client_reads_it(
    as_string: bool, key: str, desk: Desk
) -> None:
    issue = {"delete_as_string": as_string}
    assert offered(desk, order(), issue, action="delete") == {
        "type": "delete", "description": "Do x", key: "ServiceRequest/mri"
    }  # fmt: skip
    assert offered(desk, order(id=None), issue, action="delete") is None


@pytest.mark.parametrize(
    ("before", "fields", "after"),
    [({}, {"priority": "stat"}, {"priority": "stat"}),
     ({"priority": "routine"}, {"priority": "stat"}, {"priority": "stat"}),
     ({"priority": "stat"}, {"priority": "stat"}, None),
     ({"priority": "stat"}, {"priority": "stat", "intent": "plan"},
      {"priority": "stat", "intent": "plan"}),
     ({"priority": "stat"}, {"quantityRatio": {}}, {"priority": "stat", "quantityRatio": {}}),
     ({"priority": 5}, {"priority": "stat"}, None)],
)  # fmt: skip
def test_a_change_is_offered_where_it_changes_something(
    before: Fhir, fields: Fhir, after: Fhir | None, desk: Desk
) -> None:
    action = offered(desk, order(**before), action="update", resource=fields)
    expected = after and {"type": "update", "description": "Do x", "resource": order(**after)}
    assert action == expected


OTHER = {"code": {"coding": [{"system": CPT, "code": "72158", "display": CODES[CPT][1]}]}}


@pytest.mark.parametrize(
    ("system", "code", "study", "changed"),
    [(CPT, "72148", "contrast", True), (CPT, "72158", "contrast", False),
     (LOINC, "30679-5", "contrast", False), (CPT, "72148", "none such", False),
     (CPT, "72148", None, False)],
)  # fmt: skip
def test_another_study_is_offered_in_the_code_system_of_the_order(
    system: str, code: str, study: str | None, changed: bool, desk: Desk
) -> None:
    draft = order(code={"coding": [{"system": system, "code": code}]})
    action = offered(desk, draft, action="replace-study", study=study)
    assert (action and action["resource"]) == ({**draft, **OTHER} if changed else None)


def test_a_study_that_the_order_asks_for_beside_another_is_not_offered(desk: Desk) -> None:
    codings = [{"system": CPT, "code": "72148"}, {"system": CPT, "code": "72158"}]
    draft = order(code={"coding": codings})
    assert offered(desk, draft, action="replace-study", study="contrast") is None
    words = {"text": "MRI lumbar spine"}
    assert offered(desk, order(code=words), action="replace-study", study="contrast") is None


def test_a_code_of_each_study_that_is_offered_is_known_as_that_study(desk: Desk) -> None:
    terms = desk.guideline.reading.terms
    for study in desk.guideline.studies.values():
        assert study.codes
        for system, (code, _) in study.codes.items():
            assert study.value_set in terms.concepts_of(system, code)


@pytest.mark.parametrize(
    ("resource", "code"),
    [({"priority": "stat"}, OTHER["code"]), (None, OTHER["code"]),
     ({"code": {"text": "MRI"}}, {**OTHER["code"], "text": "MRI"})],
)  # fmt: skip
def test_a_new_request_bears_the_code_of_its_study(
    resource: Fhir | None, code: Fhir, desk: Desk
) -> None:
    action = offered(desk, order(), action="create", resource=resource, study="contrast")
    assert action is not None
    assert action["resource"]["code"] == code


@pytest.mark.parametrize(
    ("code", "study"),
    [({"text": "MRI lumbar spine"}, "contrast"), (None, None), (None, "none such"),
     ({"coding": [{"system": LOINC, "code": "30679-5"}]}, "contrast")],
)  # fmt: skip
def test_a_new_request_without_a_code_in_the_system_of_the_order_has_its_words_alone(
    code: Fhir | None, study: str | None, desk: Desk
) -> None:
    draft = order(code=code) if code else order()
    words = {"code": {"text": "Scan"}}
    action = offered(desk, draft, action="create", resource=words, study=study)
    assert action is not None
    assert action["resource"] == {
        "resourceType": "ServiceRequest", "status": "draft", "intent": "proposal",
        "subject": {"reference": "Patient/p"}, **words,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "left"),
    [({"a": "", "b": None, "c": [], "d": {}, "e": 0, "f": False}, {"e": 0, "f": False}),
     (["", None, [], {}, 0, False, "x"], [0, False, "x"]),
     ({"a": [{"b": ""}], "c": {"d": [None]}, "e": ["x", ""]}, {"e": ["x"]})],
)  # fmt: skip
def test_nothing_empty_is_answered(value: Any, left: Any, desk: Desk) -> None:
    assert without_empties(value) == left
    action = offered(desk, order(extension=value), action="update", resource={"priority": "stat"})
    assert json.dumps(action and action["resource"]["extension"]) == json.dumps(left)
