"""What was arranged with each client: his own order codes, his day, his way to FHIR servers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import tzinfo
from zoneinfo import ZoneInfo

from service.clients import Client, OrderCode
from service.clinical.guideline import Guideline
from service.ehr.fhir_client import FhirClient
from service.ehr.searches import GROUPS, PREFETCH
from service.errors import BadSetting
from service.settings import Settings

# Of one patient, and of whole resources.
_SEARCH = re.compile(
    r"[A-Z][A-Za-z]+\?(?!.*(?:_summary|_elements))(?:[A-Za-z0-9_.:,=&%+|-]+&)?"
    r"(?:patient|subject)=(?:Patient/)?\{patient\}(?:&[A-Za-z0-9_.:,=&%+|-]+)?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrangement:
    """One client as a call meets him."""

    client: Client
    guideline: Guideline  # with the client's own order codes
    zone: tzinfo  # where his "today" ends
    fhir_client: FhirClient


def arrange(client: Client, guideline: Guideline, settings: Settings) -> Arrangement:
    """Make the arrangement of one client.

    Raises BadSetting for a code of an unknown concept, or a search that is not of one patient.
    """
    _check_searches(client)
    return Arrangement(
        client=client,
        guideline=_with_order_codes(guideline, client.order_codes),
        zone=ZoneInfo(settings.zone_of(client)),
        fhir_client=FhirClient(client=client),
    )


def without_servers(arranged: Arrangement) -> Arrangement:
    """Give the same arrangement where no FHIR server may be asked, whatever a call offers."""
    client = arranged.client.model_copy(update={"fhir_servers": ()})
    return replace(arranged, client=client, fhir_client=FhirClient(client=client))


def _check_searches(client: Client) -> None:
    for section, searches in client.searches.items():
        if section not in {group.value for group in GROUPS}:
            known = ", ".join(group.value for group in GROUPS)
            raise BadSetting(f"searches.{section}", expected=f"one of {known}")
        kind = PREFETCH[section].partition("?")[0]
        for search in searches:
            if not _SEARCH.fullmatch(search) or not search.startswith(f"{kind}?"):
                raise BadSetting(
                    f"searches.{section}", expected=f"searches like {kind}?patient={{patient}}"
                )
    for key, section in client.prefetch_keys.items():
        if section not in PREFETCH:
            raise BadSetting(f"prefetch_keys.{key}", expected=f"one of {', '.join(PREFETCH)}")


def _with_order_codes(guideline: Guideline, codes: Iterable[OrderCode]) -> Guideline:
    """Let a site's own codes stand for concepts of the trigger."""
    added: dict[tuple[str, str], frozenset[str]] = {}
    terms, trigger = guideline.reading.terms, guideline.reading.trigger
    details = {trigger.with_contrast, trigger.without_contrast, trigger.contrast_only}
    usual = sorted(trigger.concepts - {trigger.whole_spine})
    for one in codes:
        if one.concept not in trigger.concepts | details:
            known = ", ".join(sorted(trigger.concepts | details))
            raise BadSetting("order_codes.concept", expected=f"one of {known}")
        # A study with or without contrast is a lumbar MRI as well.
        concepts = {one.concept, *usual} if one.concept in details else {one.concept}
        system = terms.systems.get(one.system, one.system)
        added[system, one.code] = added.get((system, one.code), frozenset()) | concepts
    if not added:
        return guideline
    wider = replace(terms, codes={**terms.codes, **added})
    return replace(guideline, reading=replace(guideline.reading, terms=wider))
