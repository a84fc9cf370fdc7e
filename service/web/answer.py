"""One hook call from end to end: parse, gather, advise for each order, encode."""

import logging
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from service.clinical import fhir
from service.clinical.advise import Advice, advise
from service.clinical.bundles import open_piece
from service.clinical.chart import Group, Limit
from service.clinical.guideline import Guideline, Verdict
from service.clinical.meaning import Calendar
from service.clinical.order import Order, recognise
from service.clinical.read import Records
from service.clinical.suggestions import Issue
from service.ehr.prefetch import gather
from service.errors import BadHookRequest, MissingPrerequisite
from service.settings import Settings
from service.web import hook

log = logging.getLogger("lumbar-mri-cds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every call needs: the guideline, the settings and the facility's time zone."""

    guideline: Guideline
    settings: Settings
    zone: tzinfo


def today(zone: tzinfo) -> date:
    """Read the clock, once a call, in the facility's time zone."""
    return datetime.now(zone).date()


def answer(body: bytes, desk: Desk, as_of: date) -> bytes:
    """Answer a hook call with the cards of each lumbar MRI in focus."""
    return hook.encode([card for advice in advices(body, desk, as_of) for card in advice.cards])


def advices(body: bytes, desk: Desk, as_of: date) -> list[Advice]:
    """Advise on each distinct lumbar MRI of a call; an order that is not ours gets nothing."""
    request = hook.parse(body)
    orders = _orders(request, desk.guideline)
    if orders and not request.patient.id:
        raise BadHookRequest("context.patientId", expected="the patient's id")
    records = gather(request.patient, request.prefetch)
    _refuse_other_record(records)
    calendar = Calendar(as_of=as_of, zone=desk.zone)
    issue = Issue(
        key=desk.settings.card_key,
        hook_instance=request.hook_instance,
        selection_behavior=desk.settings.selection_behavior,
        delete_as_string=desk.settings.delete_as_string,
    )
    given = [advise(records, order, desk.guideline, calendar, issue) for order in orders]
    for advice in given:
        _require(advice, desk)
        _alarm(advice)
    return given


def _orders(request: hook.HookRequest, guideline: Guideline) -> list[Order]:
    """Find the lumbar MRI orders in focus; the same study twice is one order."""
    distinct: dict[object, Order] = {}
    reading = guideline.reading
    for draft in request.drafts:
        order = recognise(reading.terms, reading.trigger, draft, request.patient.id)
        if order is not None:
            study = order.study if order.study[1] else order.contrast
            distinct.setdefault(study, order)
    return list(distinct.values())


def _refuse_other_record(records: Records) -> None:
    """Refuse a call whose own patient record is another person's; raises BadHookRequest."""
    for record in records.pieces:
        if record.group is Group.PATIENT and record.json is not None:
            for resource in open_piece(record.json).resources:
                other = isinstance(resource, fhir.Patient) and resource.id
                if other and records.patient.id and other != records.patient.id:
                    raise BadHookRequest(
                        f"prefetch.{record.key}", expected="the patient of the call"
                    )


def _require(advice: Advice, desk: Desk) -> None:
    """Refuse, where the client is set so, to answer without the data that nothing goes without."""
    if desk.settings.missing_required_answer != "412":
        return
    sections = advice.chart.sections
    missing = tuple(
        group.value
        for group in desk.guideline.required
        if {Limit.NOT_SENT, Limit.SERVER_ERROR} & set(sections[group].limits)
    )
    if missing and advice.assessment.row.verdict is Verdict.INCOMPLETE:
        raise MissingPrerequisite(missing)


def _alarm(advice: Advice) -> None:
    """Tell the engineer which questions could not be asked: their names, nothing of a chart."""
    for criterion in advice.assessment.findings.failed:
        log.error("criterion failed: %s", criterion)
