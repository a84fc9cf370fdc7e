"""Imaging: was the lumbar spine imaged lately, in this same episode? And what is ordered now?"""

from service.clinical.chart import Assertion, Chart
from service.clinical.dates import days_before
from service.clinical.findings.duration import Duration
from service.clinical.findings.finding import Finding, from_evidence, yes_or_no
from service.clinical.guideline import Criterion
from service.clinical.order import Order


def recent_imaging(criterion: Criterion, chart: Chart, duration: Duration) -> Finding:
    """Say whether the study was done in the window, after this episode had begun.

    Without a known onset no episode is known, so that an old study says nothing of today's pain.
    """
    since = days_before(chart.as_of, criterion.within_days or 0)
    began = duration.onset.last if duration.onset else duration.first_contact
    done = [
        e
        for e in chart.about(criterion.value_sets)
        if e.assertion is Assertion.PRESENT and e.asserted and e.asserted.last >= since
    ]
    same_episode = [e for e in done if began and e.asserted and e.asserted.first >= began]
    return from_evidence(criterion, chart, same_episode, documented=bool(done))


def order_study(criterion: Criterion, order: Order) -> Finding:
    """Say whether the study that is ordered is of the kind asked for."""
    contrast = not criterion.contrast or order.contrast.value in criterion.contrast
    extent = criterion.whole_spine is None or order.whole_spine is criterion.whole_spine
    return yes_or_no(criterion, met=contrast and extent)
