"""What an integrator is told of one call: what was read, what is missing, what is not FHIR."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import msgspec
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from service.clinical.advise import Advice
from service.clinical.bundles import open_piece
from service.clinical.chart import Limit
from service.clinical.entries import GROUPS
from service.clinical.read import Record
from service.ehr.prefetch import sorted_by_section
from service.errors import BadHookRequest, MissingPrerequisite
from service.web import hook
from service.web.answer import Desk, advices
from service.web.arrangement import Arrangement


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What is said about one call, and how many things in it are wrong or missing."""

    lines: tuple[str, ...]
    problems: int


def check(body: bytes, desk: Desk, as_of: date, with_: Arrangement) -> Check:
    """Read a call as the service would, and say what it found; raises BadHookRequest."""
    content = _decoded(body)
    request = hook.parse(body)
    given, refusal = _advised(body, desk, as_of, with_)
    keys = with_.client.prefetch_keys
    records = sorted_by_section(request.patient, request.prefetch, keys).pieces
    sent = tuple(record for record in records if not record.limits)
    there = _sections(sent)
    missing = [g.value for g in desk.guideline.needed if g.value not in there]
    missing += [f"{one.key} (of {one.group})" for one in records if one.limits]
    helpful = [g.value for g in desk.guideline.helpful if g.value not in there]
    unread = [f"{key}: {limit}" for key, limit in _limits(sent, given)]
    invalid = list(_invalid(content))
    drafts = _drafts(content)
    answers = [refusal] if refusal else [_verdict(advice) for advice in given]
    lines = [
        *_heading("Call", [f"{request.hook}; draft orders: {drafts}; lumbar MRI: {len(given)}"]),
        *_heading("Prefetch keys", [_described(record) for record in sent]),
        *_heading("Not sent", missing),
        *_heading("Not sent, of use where there is any", helpful),
        *_heading("Could not be read completely", unread),
        *_heading("Not valid FHIR R4", invalid),
        *_heading("Answer", answers or ["no card"]),
    ]
    return Check(lines=tuple(lines), problems=len(missing) + len(unread) + len(invalid))


def _advised(
    body: bytes, desk: Desk, as_of: date, with_: Arrangement
) -> tuple[list[Advice], str | None]:
    """Advise as the service would; where it would refuse to, say so, and what it has read."""
    try:
        return advices(body, desk, as_of, with_), None
    except MissingPrerequisite as problem:
        client = with_.client.model_copy(update={"missing_required_answer": "card"})
        return advices(body, desk, as_of, replace(with_, client=client)), f"412, {problem}"


def _decoded(body: bytes) -> Mapping[str, Any]:
    """Decode a call; raises BadHookRequest for the first field that is wrong."""
    try:
        content = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError) as problem:
        raise BadHookRequest("body", expected="a JSON object in UTF-8") from problem
    for fault in hook.faults(content):
        raise fault
    found: Mapping[str, Any] = content
    return found


def _heading(heading: str, lines: list[str]) -> list[str]:
    return [f"{heading}:", *(f"  {line}" for line in lines or ["none"])]


def _sections(records: tuple[Record, ...]) -> set[str]:
    """Name the sections that the keys fill, by their names or by what they hold."""
    found = {record.group.value for record in records if record.group}
    for record in records:
        if record.group is None and record.json is not None:
            held = open_piece(record.json).resources
            found |= {GROUPS[type(r)].value for r in held if type(r) in GROUPS}
    return found


def _described(record: Record) -> str:
    """Say as what one key was taken, and what stands there."""
    if record.json is None:
        return f"{record.key}: null, taken as an empty list"
    held = Counter(type(r).__name__ for r in open_piece(record.json).resources)
    there = ", ".join(f"{count} {kind}" for kind, count in sorted(held.items())) or "no resource"
    if record.group is not None:
        return f"{record.key}: read as {record.group.value}: {there}"
    known = any(kind.__name__ in held for kind in GROUPS)
    return f"{record.key}: {'known by what it holds' if known else 'not used'}: {there}"


def _limits(records: tuple[Record, ...], given: list[Advice]) -> Iterator[tuple[str, str]]:
    """Give what stood in the way: of the chart where there is one, else of each key alone."""
    if given:
        for section in given[0].chart.sections.values():
            limits = set(section.limits) - {Limit.NOT_SENT}
            yield from ((section.group.value, limit.value) for limit in sorted(limits))
        return
    for record in records:
        if record.json is not None and record.group is not None:
            found = open_piece(record.json).limits
            yield from ((record.key, limit.value) for limit in sorted(found))


def _drafts(content: Mapping[str, Any]) -> int:
    return len((content["context"].get("draftOrders") or {}).get("entry") or [])


def _invalid(content: Mapping[str, Any]) -> Iterator[str]:
    """Name each resource that is not FHIR R4, with its place and what is wrong there."""
    pieces = {"context.draftOrders": content["context"].get("draftOrders")}
    pieces |= {f"prefetch.{key}": piece for key, piece in (content.get("prefetch") or {}).items()}
    for place, piece in pieces.items():
        for where, resource in _resources(place, piece):
            yield from (f"{where}: {fault}" for fault in _faults(resource))


def _resources(place: str, piece: Any) -> Iterator[tuple[str, Any]]:
    """Give the resources of a piece one by one, so that one fault hides no other."""
    if not isinstance(piece, dict) or piece.get("resourceType") != "Bundle":
        if piece is not None:
            yield place, piece
        return
    for number, entry in enumerate(piece.get("entry") or []):
        resource = entry.get("resource") if isinstance(entry, dict) else entry
        yield f"{place}.entry[{number}].resource", resource


def _faults(resource: Any) -> Iterator[str]:
    """Say what the R4 models (as R4B, whose fields are the same) find wrong with a resource."""
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str):
        yield "is not a resource"
        return
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except KeyError:
        yield "resourceType is none of FHIR R4"
    except ValidationError as problem:
        for fault in problem.errors(include_input=False, include_url=False):
            yield f"{kind}.{'.'.join(map(str, fault['loc']))}: {fault['msg']}"


def _verdict(advice: Advice) -> str:
    row = advice.assessment.row
    return f"{advice.order.reference}: rule {row.rule}, {row.recommendation}, {row.indicator}"
