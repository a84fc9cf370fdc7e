"""Asks an EHR's FHIR server for what was not sent: in parallel, under one deadline, with limits."""

import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.clients import Client
from service.clinical.chart import Group, Limit
from service.clinical.read import Record
from service.ehr.access import Access
from service.ehr.get import Getter
from service.ehr.guard import Guard
from service.ehr.leash import Leash, tls_context
from service.ehr.pages import (
    MOST_PAGES,
    ambiguous,
    has_next,
    joined,
    next_link,
    open_page,
    resolved,
)
from service.ehr.searches import searches_for
from service.errors import BadSetting, FhirServerError

_ACCEPT = "application/fhir+json, application/json;q=0.9"
_REFUSED = frozenset({"ehr_http_401", "ehr_http_403"})
_UNREACHABLE = frozenset(
    {"ehr_dns", "ehr_tls", "ehr_refused", "ehr_address", "ehr_connection", "ehr_circuit_open"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """What one search gave: its record, and a fixed word for what went wrong, if anything did."""

    record: Record
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One thing to fetch: a search, or the page after one that was sent."""

    group: Group
    path: str  # relative to the FHIR server
    before: Record | None = None  # what was sent of it


@dataclass(kw_only=True)
class FhirClient:
    """One client's way to his FHIR servers: certificates, guard, limits.

    Raises BadSetting where the client's certificates cannot be read.
    """

    client: Client
    guard: Guard = field(default_factory=Guard)
    _context: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        """Load the certificates before the first call, which has no time for that."""
        if self.client.fhir_servers or self.client.ca_file:
            self._context = self.context

    def fetch(self, wanted: Iterable[Wanted], access: Access, begun: float) -> list[Fetched]:
        """Fetch all of it at once; what is not there in time is given as a record that says so.

        `begun` is the moment, of `time.monotonic()`, at which the call came in.
        """
        every = list(wanted)
        most_s = self.client.deadline_s
        budget_s = min(most_s, access.expires_in_s or most_s)
        leash = Leash(deadline=begun + budget_s, networks=self.client.networks)
        if leash.over:  # the call waited too long for its turn, which is no fault of the server
            return [_failed(one, "ehr_timeout") for one in every]
        refusal = self.guard.refusal(access.base)
        if refusal:
            return [_failed(one, refusal) for one in every]
        found: list[Fetched] = []
        try:
            found = self._in_parallel(every, access, leash)
        finally:
            telling = found if budget_s == most_s else ()  # else the token ran out, not the server
            self.guard.leave((one.reason for one in telling), access.base)
        return found

    def _in_parallel(self, wanted: list[Wanted], access: Access, leash: Leash) -> list[Fetched]:
        answers: dict[int, Fetched] = {}
        threads = []
        for number, one in enumerate(wanted):
            if not self.guard.fetches.acquire(blocking=False):
                answers[number] = _failed(one, "ehr_busy")
                continue
            thread = threading.Thread(
                target=self._run, args=(answers, number, one, access, leash), daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # the machine has no room for another one
                self.guard.fetches.release()
                answers[number] = _failed(one, "ehr_busy")
                continue
            threads.append(thread)
        for thread in threads:
            thread.join(leash.left_s)
        done = dict(answers)  # what comes in from now on is too late
        leash.cut()
        return [done.get(n) or _failed(one, "ehr_timeout") for n, one in enumerate(wanted)]

    def _run(
        self, answers: dict[int, Fetched], number: int, one: Wanted, access: Access, leash: Leash
    ) -> None:
        headers = {"Accept": _ACCEPT}
        if access.token is not None:
            headers["Authorization"] = f"Bearer {access.token.value}"
        getter = Getter(leash=leash, context=self.context, headers=headers)
        try:
            answers[number] = _fetched(one, access.base, getter)
        except FhirServerError as problem:
            answers[number] = _failed(one, problem.reason)
        except Exception:  # a fault of ours ends one fetch, never the call
            answers[number] = _failed(one, "own_bug")
        finally:
            getter.close()
            self.guard.fetches.release()

    @property
    def context(self) -> ssl.SSLContext:
        """The TLS context of the client; raises BadSetting where its file cannot be read."""
        if self._context is None:
            file = self.client.ca_file
            try:
                self._context = tls_context(str(file) if file else None)
            except OSError:
                raise BadSetting("ca_file", expected="certificates in PEM") from None
        return self._context


def _fetched(one: Wanted, base: str, getter: Getter) -> Fetched:
    if one.group is Group.PATIENT:
        body, _ = getter.get(f"{base}/{one.path}")
        return Fetched(record=_record(one, body, _doubts(body)))
    return _all_pages(one, base, getter)


def _all_pages(one: Wanted, base: str, getter: Getter) -> Fetched:
    """Follow a search to its end; a page that cannot be had leaves the list unfinished."""
    first = open_page(one.before.json or b"") if one.before is not None else None
    pages = [first] if first is not None else []
    url: str | None = f"{base}/{one.path}"
    seen: set[str] = set()
    doubts: frozenset[Limit] = frozenset()
    reason = None
    while url is not None and url not in seen and len(pages) < MOST_PAGES:
        seen.add(url)
        try:
            body, _ = getter.get(url)
        except FhirServerError as problem:
            if not pages:
                raise
            reason = problem.reason
            break
        page = open_page(body)
        doubts |= _doubts(body) if page is not None else frozenset()
        if page is None and not pages:
            # Not what was asked for: what it is, the reader of records will say.
            return Fetched(record=_record(one, body, doubts | {Limit.WRONG_TYPE}))
        if page is None:
            reason = "ehr_page_unreadable"
            break
        pages.append(page)
        url = resolved(next_link(page), base) if has_next(page) else None
    finished = reason is None and bool(pages) and not has_next(pages[-1])
    if not finished and reason is None:
        reason = "ehr_more_pages"
    return Fetched(record=_record(one, joined(pages, finished=finished), doubts), reason=reason)


def _doubts(body: bytes) -> frozenset[Limit]:
    return frozenset({Limit.UNREADABLE_ENTRY}) if ambiguous(body) else frozenset()


def _record(one: Wanted, body: bytes, limits: frozenset[Limit]) -> Record:
    return Record(key=one.group.value, group=one.group, json=body, limits=limits)


def _failed(one: Wanted, reason: str) -> Fetched:
    """Give what was sent before, or nothing, and why there is no more of it."""
    nothing = _record(one, b"", frozenset({_limit(reason)}))
    return Fetched(record=one.before or nothing, reason=reason)


def _limit(reason: str) -> Limit:
    if reason in _REFUSED:
        return Limit.SERVER_REFUSED
    if reason in ("ehr_timeout", "ehr_busy"):
        return Limit.SERVER_TIMEOUT
    return Limit.SERVER_UNREACHABLE if reason in _UNREACHABLE else Limit.SERVER_ERROR


def searches(
    groups: Iterable[Group], patient_id: str, own: Mapping[str, tuple[str, ...]]
) -> list[Wanted]:
    """List the searches that fill some sections for one patient."""
    return [
        Wanted(group=group, path=path)
        for group in groups
        for path in searches_for(group, patient_id, own)
    ]
