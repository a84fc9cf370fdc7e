"""Conservative care: what was tried, for how long, and whether the pain gave way to it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import days_before, days_between
from service.clinical.findings.duration import Duration
from service.clinical.findings.finding import Finding, unknown, yes_or_no
from service.clinical.findings.measured import decimal, in_unit, reaches
from service.clinical.guideline import CareRule, Criterion, Guideline, Quantity

_DRUG_GROUPS = frozenset({Group.MEDICATION_REQUESTS, Group.MEDICATION_STATEMENTS})


class Extent(StrEnum):
    """How much conservative care the record shows."""

    ADEQUATE = "adequate"
    SOME = "some"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Care:
    """The conservative care of this episode: its extent, its days, and its evidence."""

    extent: Extent
    days: int = 0
    evidence: tuple[Entry, ...] = ()


def conservative_care(chart: Chart, duration: Duration, rule: CareRule) -> Care:
    """Sum up the conservative care of the present episode.

    Delivered therapy (visits on several days, one injection, or a course that somebody wrote down)
    that began long enough ago and has not lapsed is adequate; drugs alone are some, unless therapy
    is impossible. Days count from the first evidence of care, and a drug is taken to the end of its
    supply. Source: acr-lbp-2021.
    """
    therapy = _therapy(chart, duration, rule)
    courses = [e for e in therapy if _in_words(e) and e.onset]
    injections = [e for e in _in_episode(chart, rule.injections, duration, rule) if e.delivered]
    medicine = [e for e in _in_episode(chart, rule.medicine, duration, rule) if _taken(e, rule)]
    attempted = _attempted(chart, rule)
    everything = sorted([*therapy, *injections, *medicine], key=_day)
    if not everything:
        return Care(extent=Extent.SOME if attempted else Extent.NONE, evidence=attempted)
    days = days_between(_day(everything[0]), chart.as_of)
    visits = {_day(e) for e in therapy}
    delivered = len(visits) >= rule.visits or bool(injections) or bool(courses)
    excused = bool(medicine) and bool(_impossible(chart, rule))
    since = days_before(chart.as_of, rule.fresh_days)
    fresh = any(shown.last >= since for e in everything if (shown := e.supply or e.written))
    adequate = (delivered or excused) and fresh and days >= rule.needed_days
    return Care(
        extent=Extent.ADEQUATE if adequate else Extent.SOME,
        days=days,
        evidence=tuple(everything),
    )


def _therapy(chart: Chart, duration: Duration, rule: CareRule) -> list[Entry]:
    """List therapy that took place for the back; a referral is planned, a refusal is none."""
    found = [
        *_in_episode(chart, rule.therapy, duration, rule),
        *_in_episode(chart, rule.general, duration, rule),
    ]
    return [
        e
        for e in found
        if (e.delivered or e.narrative or e.group in _SAID)
        and not e.elsewhere
        and rule.referral not in e.concepts
    ]


# Where words say that care took place: a note, the order's own reason, an answer.
_SAID = frozenset({Group.ORDER, Group.QUESTIONNAIRE_RESPONSES, Group.OBSERVATIONS})


def _taken(entry: Entry, rule: CareRule) -> bool:
    """Whether a drug is care for pain: not an allergy to it, a low dose, or a cream."""
    label = entry.label.lower()
    listed = entry.group in _DRUG_GROUPS or _in_words(entry)
    return listed and not any(word in label for word in rule.not_medicine)


def _attempted(chart: Chart, rule: CareRule) -> tuple[Entry, ...]:
    """Give the intolerances that count as an attempt: drugs cannot be taken, therapy not had."""
    allergies = [
        e
        for e in chart.about(rule.medicine)
        if e.group is Group.ALLERGIES and e.assertion is Assertion.PRESENT
    ]
    return (*allergies, *_impossible(chart, rule))


def _impossible(chart: Chart, rule: CareRule) -> list[Entry]:
    return [e for e in chart.about(rule.impossible) if e.assertion is Assertion.PRESENT]


def _in_episode(
    chart: Chart, concepts: tuple[str, ...], duration: Duration, rule: CareRule
) -> list[Entry]:
    """Keep the care of this episode, from a little before its earliest onset on."""
    earliest = days_before(chart.as_of, rule.look_back_days)
    if duration.begun is not None and not duration.flare:
        earliest = max(earliest, days_before(duration.begun, rule.lead_days))
    return [
        e
        for e in chart.about(concepts)
        if e.assertion is Assertion.PRESENT and e.written and e.written.last >= earliest
    ]


def _day(entry: Entry) -> date:
    """Give the day an entry shows care on; a course that was written down began with its onset."""
    shown = entry.dated if _in_words(entry) else entry.written
    return shown.last if shown else date.max


def _in_words(entry: Entry) -> bool:
    """Whether somebody wrote it down: in a note, or as the reason of the order."""
    return entry.narrative or entry.group is Group.ORDER


def care_criterion(criterion: Criterion, chart: Chart, care: Care) -> Finding:
    """Say whether the care reaches the criterion's extent."""
    met = care.extent in criterion.extents
    if not met and care.extent is not Extent.ADEQUATE and not chart.complete(criterion.groups):
        return unknown(criterion)
    return yes_or_no(criterion, met=met, evidence=care.evidence if met else ())


def pain_trend(
    criterion: Criterion, chart: Chart, duration: Duration, guideline: Guideline
) -> Finding:
    """Say whether the pain score fell, or rose, as far as the criterion asks.

    Compares the first score of the episode, the lowest of its day, with the latest, the highest of
    its day, which must be fresh: pain that nobody can be sure of is not called better.
    """
    quantity = guideline.quantities[criterion.quantity]
    fresh, begun = days_before(chart.as_of, criterion.within_days or 0), duration.begun
    scores = [s for s in _scores(chart, quantity) if not begun or s[0] >= begun]
    if not scores or scores[-1][0] < fresh:
        return unknown(criterion)
    (began, first, one), (day, last, other) = scores[0], scores[-1]
    moved = began < day and _moved(criterion, first, last)
    return yes_or_no(criterion, met=moved, evidence=(one, other) if moved else ())


def _scores(chart: Chart, quantity: Quantity) -> list[tuple[date, float, Entry]]:
    """List the scores by day; of several on one day the lowest first."""
    found = []
    for entry in chart.about(quantity.value_sets):
        value = in_unit(entry.measure, quantity)
        if entry.asserted and value is not None:
            found.append((entry.asserted.last, value, entry))
    return sorted(found, key=lambda score: score[:2])


def _moved(criterion: Criterion, first: float, last: float) -> bool:
    """Whether a score moved as asked: up by so much; or down by so much, and low now."""
    if criterion.rise_at_least is not None:
        return decimal(last - first) >= criterion.rise_at_least
    enough = max(criterion.fall_at_least or 0, decimal(first * (criterion.fall_share or 0)))
    return decimal(first - last) >= enough and reaches(last, criterion)
