"""One hook call from end to end: parse, gather, advise for each order, encode."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo

from service.clients import Client
from service.clinical import fhir
from service.clinical.advise import Advice, advise
from service.clinical.bundles import open_piece
from service.clinical.cards import EXTENSION, Card
from service.clinical.chart import NOT_HAD, Chart, Group, Limit
from service.clinical.guideline import Guideline, Verdict
from service.clinical.meaning import Calendar
from service.clinical.order import Order, recognise, unmapped_codes
from service.clinical.read import Records
from service.clinical.suggestions import Issue
from service.ehr.prefetch import Gathered, gather
from service.errors import BadHookRequest, MissingPrerequisite
from service.logs import log
from service.settings import Settings
from service.web import hook
from service.web.arrangement import Arrangement
from service.web.auth import Caller
from service.web.record import CallRecord, CardRecord, instance_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What every call needs: the settings, and what was arranged with each client.

    `computing` lets one call at a time compute, while others wait for their FHIR servers.
    """

    settings: Settings
    anyone: Arrangement  # in the sandbox profile
    arrangements: Mapping[str, Arrangement] = field(default_factory=dict)
    computing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def guideline(self) -> Guideline:
        """The content, without any client's own codes."""
        return self.anyone.guideline

    @property
    def zone(self) -> tzinfo:
        """The time zone of the service itself."""
        return self.anyone.zone

    def arrangement(self, caller: Caller) -> Arrangement:
        """Give what was arranged with whoever calls."""
        return self.arrangements[caller.issuer] if caller.issuer else self.anyone


def today(zone: tzinfo) -> date:
    """Read the clock, once a call, in the facility's time zone."""
    return datetime.now(zone).date()


def answer(
    body: bytes,
    desk: Desk,
    as_of: date,
    with_: Arrangement | None = None,
    kept: CallRecord | None = None,
) -> bytes:
    """Answer a hook call with the cards, and where it was asked for the rating, of each order."""
    arranged = with_ or desk.anyone
    kept = kept or CallRecord(endpoint=hook.CALL_PATH)
    given = advices(body, desk, as_of, arranged, kept)
    shown = {card.uuid for card in kept.cards if card.shown}
    cards = [card for advice in given for card in advice.cards if card["uuid"] in shown]
    ratings = [advice.rating for advice in given if advice.rating and kept.mode != "silent"]
    return hook.encode(cards, ratings, arranged.client.system_actions)


def advices(
    body: bytes,
    desk: Desk,
    as_of: date,
    with_: Arrangement | None = None,
    kept: CallRecord | None = None,
) -> list[Advice]:
    """Advise on each distinct lumbar MRI of a call; an order that is not ours gets nothing."""
    arranged = with_ or desk.anyone
    kept = kept or CallRecord(endpoint=hook.CALL_PATH)
    with desk.computing:
        request = hook.parse(body)
        orders = _orders(request, arranged.guideline, kept)
    _note_request(kept, request, arranged.client, desk)
    kept.day, kept.orders = as_of, len(orders)
    if not orders:
        return []
    if not request.patient.id:
        raise BadHookRequest("context.patientId", expected="the patient's id")
    gathered = gather(
        request.patient, request.prefetch, request.offer, arranged.fhir_client, kept.begun
    )
    with desk.computing:
        _refuse_other_record(gathered.records)
        calendar = Calendar(as_of=as_of, zone=arranged.zone)
        issue = _issue(request, arranged.client, desk, kept.owner)
        given = [
            advise(gathered.records, order, arranged.guideline, calendar, issue) for order in orders
        ]
    _note_advice(kept, gathered, given, arranged.client)
    for advice in given if kept.mode != "silent" else ():
        _require(advice, arranged)
    return given


def _issue(request: hook.HookRequest, client: Client, desk: Desk, owner: str) -> Issue:
    return Issue(
        owner=owner,
        key=desk.settings.card_key.get_secret_value(),
        hook_instance=request.hook_instance,
        selection_behavior=client.selection_behavior,
        delete_as_string=client.delete_as_string,
        rating=client.rating,
        rating_code=client.rating_code,
        link_hosts=client.link_hosts,
    )


def _note_request(kept: CallRecord, request: hook.HookRequest, client: Client, desk: Desk) -> None:
    kept.hook = request.hook if request.hook in hook.HOOKS else "other"
    kept.hook_instance = instance_of(request.hook_instance)
    key = desk.settings.card_key.get_secret_value()
    kept.mode = "canary" if client.canary and request.marked_canary else client.mode
    kept.patient = kept.hashed("patient", request.patient.id, key)
    kept.encounter = kept.hashed("encounter", request.encounter, key)
    kept.note_clinician(request.user, key, client.clinicians)
    kept.drafts = len(request.drafts)
    kept.content_version = desk.guideline.version


def _note_advice(kept: CallRecord, gathered: Gathered, given: list[Advice], client: Client) -> None:
    """Keep which row decided, and what failed, by its type or its name: nothing of a chart."""
    kept.origins = gathered.origins
    for advice in given:
        kept.rules.append(advice.assessment.row.rule)
        kept.recommendations.append(advice.assessment.row.recommendation)
        for position, card in enumerate(advice.cards):
            kept.cards.append(replace(_card_record(card, kept.mode, client), position=position))
        kept.failed_questions += (*advice.chart.failed, *advice.assessment.findings.failed)
        for kind in advice.chart.failed:
            log.error("resource failed", type=kind)
        for criterion in advice.assessment.findings.failed:
            log.error("criterion failed", criterion=criterion)


def _card_record(card: Card, mode: str, client: Client) -> CardRecord:
    """Note a card, and whether it is shown: in silence at most an emergency is."""
    told = card["extension"][EXTENSION]
    is_loud = client.silent_shows_emergencies and card["indicator"] == "critical"
    return CardRecord(
        uuid=card["uuid"],
        rule=told["rule"],
        recommendation=told["recommendation"],
        indicator=card["indicator"],
        shown=mode != "silent" or is_loud,
    )


def _orders(request: hook.HookRequest, guideline: Guideline, kept: CallRecord) -> list[Order]:
    """Find the lumbar MRI orders in focus; the same study twice is one order."""
    distinct: dict[object, Order] = {}
    reading = guideline.reading
    for draft in request.drafts:
        order = recognise(reading.terms, reading.trigger, draft, request.patient.id)
        if order is not None:
            study = order.study if order.study[1] else order.contrast
            distinct.setdefault(study, order)
        else:
            kept.note_unmapped(unmapped_codes(reading.terms, reading.trigger, draft))
    return list(distinct.values())


def _refuse_other_record(records: Records) -> None:
    """Refuse a call whose own patient record is another person's; raises BadHookRequest."""
    for record in records.pieces:
        if record.group is Group.PATIENT and record.json:
            for resource in open_piece(record.json).resources:
                other = isinstance(resource, fhir.Patient) and resource.id
                if other and records.patient.id and other != records.patient.id:
                    raise BadHookRequest(
                        f"prefetch.{record.key}", expected="the patient of the call"
                    )


def _require(advice: Advice, arranged: Arrangement) -> None:
    """Refuse, where the client is set so, to answer without the data that nothing goes without."""
    if arranged.client.missing_required_answer != "412":
        return
    required = arranged.guideline.required
    missing = tuple(group.value for group in required if _was_not_had(advice.chart, group))
    if missing and advice.assessment.row.verdict is Verdict.INCOMPLETE:
        raise MissingPrerequisite(missing)


def _was_not_had(chart: Chart, group: Group) -> bool:
    """Whether nothing could be read of a section: not there, or something else in its place."""
    limits = set(chart.sections[group].limits)
    read = chart.birth is not None if group is Group.PATIENT else _holds(chart, group)
    return bool(NOT_HAD & limits) or (Limit.WRONG_TYPE in limits and not read)


def _holds(chart: Chart, group: Group) -> bool:
    return any(entry.group is group for entry in chart.entries)
