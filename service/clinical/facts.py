"""The facts of one patient that a message may name: days, dates, flags."""

from datetime import date
from typing import NamedTuple

from service.clinical.assessment import Assessment
from service.clinical.chart import Assertion, Chart, Entry
from service.clinical.dates import days_after
from service.clinical.findings import Finding
from service.clinical.guideline import Guideline, Row, Status
from service.clinical.words import fill

FLAGS_SAID = 2  # a summary names so many flags; the evidence below names them all


class Facts(NamedTuple):
    """The figures and dates of one patient that a message may name in braces."""

    days: str
    care_days: str
    flags: str
    undocumented: str
    checked: str
    symptom_review: str
    care_review: str
    soon: str
    imaged: str


def facts_of(row: Row, assessment: Assessment, chart: Chart, guideline: Guideline) -> Facts:
    """Gather the facts that a message may name."""
    findings, as_of = assessment.findings, chart.as_of
    days, rule = findings.duration.at_least, guideline.care
    parts = [
        guideline.criteria[part].says
        for criterion, wanted in row.cells
        if wanted is Status.MET
        for part in findings.by_criterion[criterion].parts
    ]
    left_of_care = max(rule.needed_days - findings.care.days, rule.review_after_days)
    imaged = [e for c, _ in row.cells for e in findings.by_criterion[c].evidence]
    dated = [e for e in imaged if e.asserted]
    # Of a study whose status cannot be read the date is still told.
    done = [e.asserted.last.isoformat() for e in dated if e.delivered and e.asserted]
    done = done or [e.asserted.last.isoformat() for e in dated if e.asserted]
    return Facts(
        days=_counted(days, guideline),
        care_days=_counted(findings.care.days, guideline),
        flags=", ".join(list(dict.fromkeys(parts))[:FLAGS_SAID]),
        undocumented=str(len(not_documented(assessment, guideline))),
        checked=str(len(guideline.screening.items)),
        symptom_review=days_after(as_of, max(rule.needed_days - (days or 0), 1)).isoformat(),
        care_review=days_after(as_of, left_of_care).isoformat(),
        soon=days_after(as_of, rule.review_after_days).isoformat(),
        imaged=max(done, default="?"),
    )


def _counted(days: int | None, guideline: Guideline) -> str:
    """Write a number of days with its word; what is not known as a question mark."""
    template = guideline.frame["day" if days == 1 else "days"]
    return fill(template, {"count": "?" if days is None else str(days)})


def _written_down(finding: Finding) -> bool:
    """Whether the record says anything of a matter: a part of it denied is something."""
    return finding.documented or bool(finding.denied)


def denied_in_general(assessment: Assessment, guideline: Guideline) -> Entry | None:
    """Give the last entry that says that there is no red flag; None where one says there is."""
    said = assessment.findings.by_criterion[guideline.screening.general].evidence
    if any(entry.assertion is not Assertion.ABSENT for entry in said):
        return None
    return max(said, key=written_day, default=None)


def written_day(entry: Entry) -> date:
    """Give the last day that an entry may be of; without a date the first of the calendar."""
    return entry.written.last if entry.written else date.min


def not_documented(assessment: Assessment, guideline: Guideline) -> list[str]:
    """List the red flags of which the record says nothing: not "absent", only not written down."""
    found = assessment.findings
    if denied_in_general(assessment, guideline):
        return []
    return [
        name
        for name, criteria in guideline.screening.items
        if not any(_written_down(found.by_criterion[criterion]) for criterion in criteria)
    ]
