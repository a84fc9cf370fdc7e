"""Reads what a service counted, as a monitoring system would."""

from collections.abc import Mapping
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

PREFIX = "lumbar_mri_cds_"


class Counted:
    """All samples of one reading: how much a metric counted under some labels, others summed."""

    def __init__(self, text: str) -> None:
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == f"{PREFIX}{name}" and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str) -> list[Mapping[str, str]]:
        return [sample.labels for sample in self.samples if sample.name == f"{PREFIX}{name}"]


def counted(where: Any, token: str = "") -> Counted:
    """Read from a running service by its address, or from a client for tests."""
    if isinstance(where, str):
        answer = requests.get(f"{where}/metrics", timeout=9)
        assert answer.ok
        return Counted(answer.text)
    answer = where.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return Counted(answer.get_data(as_text=True))
