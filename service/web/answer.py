"""One hook call from end to end: parse, gather, advise for each order, encode."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from service.clinical.advise import Advice, advise
from service.clinical.cards import Issue
from service.clinical.chart import Limit
from service.clinical.guideline import Guideline
from service.clinical.order import Order, recognise
from service.clinical.read import Calendar
from service.ehr.prefetch import gather
from service.errors import BadHookRequest, MissingPrerequisite
from service.settings import Settings
from service.web import hook


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
    terms, trigger = desk.guideline.terms, desk.guideline.trigger
    found = [recognise(terms, trigger, draft) for draft in request.drafts]
    distinct: dict[tuple[str | None, str | None, bool], Order] = {}
    for order in found:
        if order is not None:
            distinct.setdefault((*order.study, order.multiregion), order)
    if distinct and not request.patient_id:
        raise BadHookRequest("context.patientId", expected="the patient's id")
    records = gather(request.patient_id, request.prefetch)
    calendar = Calendar(
        as_of=as_of, zone=desk.zone, longest_look_back_days=desk.guideline.look_back_days
    )
    issue = Issue(
        key=desk.settings.card_key,
        hook_instance=request.hook_instance,
        selection_behavior=desk.settings.selection_behavior,
        delete_as_string=desk.settings.delete_as_string,
    )
    given = [advise(records, o, desk.guideline, calendar, issue) for o in distinct.values()]
    for advice in given:
        _require(advice, desk)
    return given


def _require(advice: Advice, desk: Desk) -> None:
    """Refuse, where the client is set so, to answer without the data that nothing goes without."""
    if desk.settings.missing_required_answer != "412":
        return
    sections = advice.chart.sections
    missing = tuple(
        group.value
        for group in desk.guideline.required
        if sections[group].limits in ((Limit.NOT_SENT,), (Limit.SERVER_ERROR,))
    )
    if missing and advice.assessment.row.recommendation == "RecordIncomplete":
        raise MissingPrerequisite(missing)
