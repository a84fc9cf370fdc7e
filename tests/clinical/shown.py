"""What a chart makes of some resources, for tests that compare whole entries."""

from typing import Any

from charts import SUBJECT, TODAY, bundle, call
from conftest import Judge
from test_understood import entry

from service.clinical.chart import Entry


def made(judge: Judge, key: str, *resources: dict[str, Any], **others: Any) -> list[Entry]:
    """Give the entries of some resources that were sent under one key, and of others under theirs.

    Whoever is born on 1 February 1984 is 42.
    """
    sent = bundle(*({"subject": SUBJECT, **one} for one in resources))
    return list(judge.advice(call(**{key: sent}, **others), TODAY).chart.entries)


def lines(judge: Judge, key: str, *resources: dict[str, Any], **others: Any) -> list[str]:
    """Give them in one line each."""
    return [entry(one) for one in made(judge, key, *resources, **others)]
