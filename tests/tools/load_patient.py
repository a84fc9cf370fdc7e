"""Load a patient of the order-entry page, dated as of today, into a FHIR server."""

import argparse
import sys
from datetime import UTC, date, datetime
from typing import Any

import requests

from service.pages.order_entry.patients import every_patient


def chart_of(patient: str, as_of: date) -> list[dict[str, Any]]:
    """Give all resources of a patient, under ids that no other patient's have.

    Raises StopIteration where there is no such patient.
    """
    chart = next(p["chart"] for p in every_patient(as_of) if p["id"] == patient)
    person, *entries = chart
    return [person, *({**entry, "id": f"{patient}-{entry['id']}"} for entry in entries)]


def load(patient: str, base: str, token: str | None) -> int:
    """Store the patient's resources in one transaction, and give their number."""
    chart = chart_of(patient, datetime.now(UTC).date())
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in chart
    ]
    answer = requests.post(
        base,
        json={"resourceType": "Bundle", "type": "transaction", "entry": entries},
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=60,
    )
    answer.raise_for_status()
    return len(chart)


def main() -> None:
    """Load one patient from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patient", help="a file of service/pages/order_entry/patients/, no ending")
    parser.add_argument("base", help="the base address of the FHIR server")
    parser.add_argument("--token", help="a bearer token that the server asks for")
    given = parser.parse_args()
    stored = load(given.patient, given.base, given.token)
    sys.stdout.write(f"{given.patient}: {stored} resources\n")


if __name__ == "__main__":
    main()
