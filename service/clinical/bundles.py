"""Opens what was sent for one key: the resources in it, and what stood in the way of others."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from msgspec import Raw, Struct

from service.clinical import fhir
from service.clinical.chart import Limit
from service.clinical.salvage import salvage

# An empty search as one large vendor answers it: a warning entry of this code, and nothing else.
_EMPTY_SEARCH_WARNING = "4101"
# A part of a search that the server does not know and left out: it may have found more, not less.
_PART_IGNORED = "not-supported"
# What may stand in an answer without being looked for, whatever the entry says of itself.
_BESIDE = frozenset({fhir.OperationOutcome, fhir.Medication})
_NOT_SOUGHT = frozenset(kind.__name__ for kind in _BESIDE)
_MATCH = (None, "match")
_BUNDLE_TYPES = frozenset(
    {"searchset", "collection", "history", "batch-response", "transaction", None}
)


class _Link(Struct):
    """A page of a Bundle."""

    relation: str | None = None


class _Search(Struct):
    """Why an entry stands in a search's answer."""

    mode: str | None = None


class _Entry(Struct):
    """One entry of a Bundle that fits."""

    resource: fhir.Resource
    search: _Search | None = None


class _Bundle(Struct):
    """A search's answer whose every entry fits."""

    resourceType: str  # noqa: N815
    type: str | None = None
    total: int | None = None
    entry: list[_Entry] | None = None
    link: list[_Link] | None = None


class _LooseBundle(Struct):
    """A search's answer whose entries are still to be read, each on its own."""

    resourceType: str  # noqa: N815
    type: str | None = None
    total: Any = None
    entry: list[Raw] | None = None
    link: Any = None


class _LooseEntry(Struct):
    """One entry of such an answer."""

    resource: Raw = Raw()
    search: Any = None


_BUNDLE = "Bundle"
_LIST = b'"entry"'
_read_bundle = msgspec.json.Decoder(_Bundle).decode
_read_loose_bundle = msgspec.json.Decoder(_LooseBundle).decode
_read_loose_entry = msgspec.json.Decoder(_LooseEntry).decode


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """The readable resources of what was sent, and what must be told about the others."""

    resources: list[Any] = field(default_factory=list)
    limits: set[Limit] = field(default_factory=set)
    pages_left: bool = False
    is_list: bool = False

    def add(self, resource: Any, *, fits: bool = True) -> None:
        """Take in one resource; of one that does not fit, what could be read is still used."""
        if not fits or _says_nothing(resource):
            self.limits.add(Limit.UNREADABLE_ENTRY)
        if isinstance(resource, fhir.OperationOutcome):
            self.limits.update(_outcome_limits(resource))
        elif resource is not None:
            self.resources.append(resource)

    def add_raw(self, json: bytes, *, included: bool = False) -> None:
        """Take in one resource as JSON text, as much of it as can be read.

        A kind that is not read is passed over if it was only included beside the matches.
        """
        try:
            self.add(fhir.read_resource(json))
        except fhir.UNREADABLE:
            self._add_misfit(json, kind_of(json), included=included)

    def _add_misfit(self, json: bytes, kind: str, *, included: bool) -> None:
        if kind in fhir.TYPES:
            self.add(_salvaged(json, fhir.TYPES[kind]), fits=False)
        elif not kind:
            self.limits.add(Limit.UNREADABLE_ENTRY)
        elif not included:
            self.limits.add(Limit.WRONG_TYPE)


def open_piece(json: bytes) -> Piece:
    """Read one piece: a Bundle at once if all of it fits, else entry by entry."""
    piece = _open_fitting(json)
    if piece is None and kind_of(json) == _BUNDLE:
        piece = _open_loose_bundle(json)
    if piece is None:
        piece = Piece()
        piece.add_raw(json)
    elif json.count(_LIST) > 1 and _has_two_lists(json):
        piece.limits.add(Limit.UNREADABLE_ENTRY)
    return piece


def _has_two_lists(json: bytes) -> bool:
    """Whether a Bundle holds its list of entries twice: only the last of them was read."""
    try:
        bare = _read_loose_bundle(json)
    except fhir.UNREADABLE:
        return True
    inside = sum(bytes(entry).count(_LIST) for entry in bare.entry or ())
    return json.count(_LIST) > 1 + inside


def kind_of(json: bytes) -> str:
    """Say what a piece of JSON says it is; empty when it does not say."""
    try:
        return fhir.read_kind(json).resourceType
    except fhir.UNREADABLE:
        return ""


def _open_fitting(json: bytes) -> Piece | None:
    """Read a Bundle whose every entry fits; None of any other, and of what is no Bundle."""
    try:
        bundle = _read_bundle(json)
    except fhir.UNREADABLE:
        return None
    if bundle.resourceType != _BUNDLE:
        return None
    matches, piece = 0, Piece(is_list=True)
    for entry in bundle.entry or ():
        resource, search = entry.resource, entry.search
        if type(resource) not in _BESIDE:
            matches += search is None or search.mode in _MATCH
            code = getattr(resource, "code", None)
            if code is None or code.coding:
                piece.resources.append(resource)  # as nearly all: there is nothing to look at
                continue
        piece.add(resource)
    more = any(link.relation == "next" for link in bundle.link or ())
    piece = replace(piece, pages_left=more or (bundle.total or 0) > matches)
    return _checked(piece, bundle.type, bundle.total)


def _is_match(kind: str, mode: Any) -> bool:
    """Whether an entry is one of those that the search was for, and that its total counts."""
    return kind not in _NOT_SOUGHT and mode in _MATCH


def _open_loose_bundle(json: bytes) -> Piece:
    """Read a Bundle that does not fit entry by entry, so that one bad entry hides no other."""
    try:
        bundle = _read_loose_bundle(json)
    except fhir.UNREADABLE:
        return Piece(limits={Limit.WRONG_TYPE})
    entries = bundle.entry or []
    total = bundle.total if isinstance(bundle.total, int) else 0
    piece = Piece(is_list=True)
    matches = 0
    for entry in entries:
        try:
            read = _read_loose_entry(bytes(entry))
        except fhir.UNREADABLE:
            piece.limits.add(Limit.UNREADABLE_ENTRY)
            continue
        mode = read.search.get("mode") if isinstance(read.search, dict) else read.search
        matches += _is_match(kind_of(bytes(read.resource)), mode)
        piece.add_raw(bytes(read.resource), included=mode == "include")
    piece = replace(piece, pages_left=_names_next(bundle.link) or total > matches)
    return _checked(piece, bundle.type, bundle.total)


def _names_next(link: Any) -> bool:
    """Whether links of any form name a next page; an address may be of "nextgen" and names none."""
    links = link if isinstance(link, list) else [link]
    said = [{**one, "url": None} if isinstance(one, dict) else one for one in links]
    return "next" in repr(said)


def _checked(piece: Piece, bundle_type: str | None, total: Any) -> Piece:
    """Note what is wrong with a Bundle itself: of another kind, or with a count that is none."""
    counted = total is None or (isinstance(total, int) and total >= 0)
    if bundle_type not in _BUNDLE_TYPES or not counted:
        piece.limits.add(Limit.WRONG_TYPE)
    return piece


def _salvaged(json: bytes, kind: type[Any]) -> Any:
    try:
        return salvage(fhir.read_anything(json), kind)
    except fhir.UNREADABLE:
        return None


def _says_nothing(resource: object) -> bool:
    """Whether a resource carries a code that is there and empty: its meaning was lost.

    One without any code is readable: whoever wrote it named nothing.
    """
    code = getattr(resource, "code", None)
    if code is None:
        return False
    inner = code.concept if isinstance(code, fhir.CodeableReference) else None
    return not (code.coding or code.text or inner)


def _outcome_limits(outcome: fhir.OperationOutcome) -> Iterator[Limit]:
    """Tell a server's error from a search that found nothing."""
    for issue in outcome.issue or ():
        codings = (issue.details.coding if issue.details else None) or ()
        empty_search = any(c.code == _EMPTY_SEARCH_WARNING for c in codings)
        warning = issue.severity == "warning"
        if warning and issue.code == _PART_IGNORED:
            yield Limit.SEARCH_WIDENED
        elif issue.severity != "information" and not (warning and empty_search):
            yield Limit.SERVER_ERROR
    if not outcome.issue:
        yield Limit.SERVER_ERROR
