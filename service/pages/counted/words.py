"""What things are called in the report: from the content where it has a name for them."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from service.clinical.guideline import Guideline, Verdict
from service.ledger.practice import Owner

_PLACE = re.compile(r"\{.*?\}")
_HASH = re.compile(r"[0-9a-f]{32}")
_SHORT_HASH = 8
NO_LONGER = "no longer in the content"
NOT_NAMED = "not named"
VERDICTS = {
    Verdict.EMERGENCY: "Emergency",
    Verdict.FLAG: "Red flag",
    Verdict.APPROPRIATE: "Appropriate",
    Verdict.UNCLEAR: "Not enough documented",
    Verdict.INCOMPLETE: "Record not read",
    Verdict.DEFERRAL: "Discouraged",
    None: "No longer in the content",
}
_WORDS = {
    "ehr_timeout": "no whole answer in time",
    "ehr_dns": "FHIR server not found",
    "ehr_refused": "connection refused",
    "ehr_connection": "connection lost",
    "ehr_tls": "certificate not accepted",
    "ehr_address": "address not public",
    "ehr_circuit_open": "left alone for a while",
    "ehr_busy": "too many calls waited",
    "ehr_encoding": "answer packed",
    "ehr_too_large": "answer too large",
    "ehr_page_unreadable": "page unreadable",
    "ehr_more_pages": "too many pages",
    "ehr_other_patient": "another patient's record",
    "own_bug": "fault of this service",
    "no_fhir_server": "not sent, no FHIR server offered",
    "fhir_server_not_registered": "FHIR server not registered",
    "token_malformed": "access token malformed",
    "token_expired": "access token expired",
    "token_of_another_patient": "access token of another patient",
}


@dataclass(frozen=True)
class Words:
    """The names that one content gives to what is counted."""

    guideline: Guideline

    @cached_property
    def _verdicts(self) -> dict[str, Verdict]:
        """The loudest verdict of each recommendation."""
        order = list(Verdict)
        found: dict[str, Verdict] = {}
        for row in self.guideline.rows:
            others = (found.get(row.recommendation, row.verdict), row.verdict)
            found[row.recommendation] = min(others, key=order.index)
        return found

    @cached_property
    def _reasons(self) -> dict[tuple[str, str], str]:
        messages = self.guideline.messages.values()
        return {
            (r["system"], r["code"]): r["display"] for m in messages for r in m.override_reasons
        }

    @cached_property
    def _suggestions(self) -> dict[str, str]:
        messages = self.guideline.messages.values()
        return {s.id: _PLACE.sub("…", s.label) for m in messages for s in m.suggestions}

    def verdict(self, recommendation: str) -> Verdict | None:
        """Give the verdict of a recommendation; None where the content has it no more."""
        return self._verdicts.get(recommendation)

    def discourages(self, recommendation: str) -> bool:
        """Whether every row of a recommendation is a deferral, the quietest verdict."""
        return self.verdict(recommendation) is Verdict.DEFERRAL

    def recommendation(self, name: str | None) -> str:
        """Call a recommendation by its title, or by its code where it has none any more."""
        return self.guideline.titles.get(name or "", name or NO_LONGER)

    def reason(self, system: str | None, code: str | None) -> str:
        """Call a reason by our own words, if it is ours or HL7's; else by its code alone."""
        if code is None:
            return "no coded reason"
        return self._reasons.get((system or "", code), code)

    def suggestion(self, name: str | None) -> str:
        """Call a suggestion by its label; dates in it are left out."""
        return self._suggestions.get(name or "", name or NO_LONGER)

    def section(self, name: str) -> str:
        """Call a section of the record as the cards do."""
        called: str = self.guideline.frame["groups"].get(name, name)
        return called

    def question(self, name: str) -> str:
        """Put a criterion as its question."""
        asked = self.guideline.criteria.get(name)
        return asked.asks if asked else name

    def why(self, word: str) -> str:
        """Say in words why a section was not read."""
        return _WORDS.get(word, word.replace("ehr_http_", "FHIR server answered HTTP "))


def site(issuer: str | None, tenant: str | None = None) -> str:
    """Name a caller."""
    return " · ".join(filter(None, [issuer or "not registered", tenant]))


def short_sites(owners: Iterable[Owner]) -> dict[tuple[str | None, str | None], str]:
    """Name callers by host and tenant, where that tells them apart."""
    sites = {(one.issuer, one.tenant) for one in owners}
    short = {(i, t): site(_host(i), t) for i, t in sites}
    twice = {name for name, count in Counter(short.values()).items() if count > 1}
    return {key: site(*key) if name in twice else name for key, name in short.items()}


def _host(issuer: str | None) -> str | None:
    try:
        return urlsplit(issuer or "").hostname or issuer
    except ValueError:
        return issuer


def clinician(name: str | None) -> str:
    """Name who ordered as the ledger does, a hash by its beginning."""
    if name is None:
        return NOT_NAMED
    return name[:_SHORT_HASH] if _HASH.fullmatch(name) else name
