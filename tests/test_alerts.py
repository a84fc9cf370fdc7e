"""The alert rules: each fires for what it is there for, and for nothing that is ordinary."""

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT
from counted import counted
from promtool import RULES, alerts, rules, series, tried

from service.app import create_app
from service.metrics import feedback, ledger_state
from service.settings import Settings

pytestmark = pytest.mark.promtool

A, B = "https://a.example", "https://b.example"
UP = {"series": 'up{job="lumbar-mri-cds",instance="i"}', "values": "1x20000"}
SIGN = {"issuer": A, "hook": "order-sign"}


class Case(NamedTuple):
    """Series, a time, and the labels of the alert that fires then, or None."""

    alert: str
    given: list[dict[str, str]]
    at: str
    labels: dict[str, str] | None = None
    step: str = "1m"  # between samples, and between evaluations


def calls(values: str, **labels: str) -> dict[str, str]:
    return series("calls_total", values, **({**SIGN, "status": "200"} | labels))


def seconds(quick: str, all_of_them: str) -> list[dict[str, str]]:
    name, hook = "call_seconds_bucket", "order-sign"
    return [
        series(name, quick, hook=hook, le="0.5"),
        series(name, quick, hook=hook, le="1.0"),
        series(name, all_of_them, hook=hook, le="2.5"),
        series(name, all_of_them, hook=hook, le="+Inf"),
    ]


def section(origin: str, values: str) -> dict[str, str]:
    return series("sections_total", values, issuer=A, section="conditions", origin=origin)


WEEK = 7 * 24 * 4  # quarters of an hour
CASES = {
    "a service that is down": Case(
        "LumbarMriCdsDown",
        [{"series": 'up{job="lumbar-mri-cds",instance="j"}', "values": "1x5 0x9"}],
        "10m",
        {"job": "lumbar-mri-cds", "instance": "j"},
    ),
    "a service that restarts": Case(
        "LumbarMriCdsDown",
        [{"series": 'up{job="lumbar-mri-cds",instance="j"}', "values": "1x5 0 1x9"}],
        "8m",
    ),
    "a canary that stopped": Case(
        "LumbarMriCdsCanarySilent",
        [series("canary_calls_total", "0+40x30 1200x10", recommendation="MajorTrauma")],
        "39m",
        {},
    ),
    "a canary that stopped with a restart of the service": Case(
        "LumbarMriCdsCanarySilent",
        [series("canary_calls_total", "0+40x30 _x10", recommendation="MajorTrauma")],
        "39m",
        {},
    ),
    "a canary every two minutes": Case(
        "LumbarMriCdsCanarySilent",
        [
            series(
                "canary_calls_total",
                " ".join(f"{(n // 2) * 86}" for n in range(60)),
                recommendation="MajorTrauma",
            )
        ],
        "55m",
    ),
    "no canary, ever": Case("LumbarMriCdsCanarySilent", [calls("0+5x60")], "50m"),
    "an issuer that does not call": Case(
        "LumbarMriCdsNoCalls",
        [calls(f"0+15x{WEEK + 8} {15 * WEEK + 120}x30")],
        f"{15 * (WEEK + 16)}m",
        {"issuer": A},
        "15m",
    ),
    "an issuer that does not call after a restart": Case(
        "LumbarMriCdsNoCalls",
        [calls(f"0+15x{WEEK + 8} _x30")],
        f"{15 * (WEEK + 16)}m",
        {"issuer": A},
        "15m",
    ),
    "an issuer that never called much": Case(
        "LumbarMriCdsNoCalls",
        [calls(f"0+4x{WEEK + 8} {4 * WEEK + 32}x30")],
        f"{15 * (WEEK + 16)}m",
        None,
        "15m",
    ),
    "an issuer that calls less": Case(
        "LumbarMriCdsNoCalls",
        [calls(f"0+15x{WEEK + 8} {15 * WEEK + 120}x5 {15 * WEEK + 121}x9")],
        f"{15 * (WEEK + 16)}m",
        None,
        "15m",
    ),
    "a first failure": Case("LumbarMriCdsFails", [calls("_x30 1x30", status="503")], "35m", {}),
    "one more failure": Case("LumbarMriCdsFails", [calls("0x30 1x30", status="500")], "35m", {}),
    "a failure of an hour ago": Case(
        "LumbarMriCdsFails", [calls("0x30 1x90", status="500")], "110m"
    ),
    "slow calls": Case("LumbarMriCdsSlow", seconds("0+97x60", "0+100x60"), "50m", {}),
    "quick calls": Case("LumbarMriCdsSlow", seconds("0+1000x60", "0+1002x60"), "50m"),
    "a question that fails": Case(
        "LumbarMriCdsCriterionFails",
        [series("failed_criteria_total", "_x30 1x30", criterion="fever")],
        "35m",
        {"criterion": "fever"},
    ),
    "a question that failed yesterday": Case(
        "LumbarMriCdsCriterionFails",
        [series("failed_criteria_total", "_x30 1x900", criterion="fever")],
        "700m",
    ),
    "a ledger that is down": Case(
        "LumbarMriCdsLedgerDown",
        [
            series("ledger_up", "1x10 0x20", instance="i"),
            series("ledger_up", "1x30", instance="j"),
        ],
        "20m",
        {},
    ),
    "a ledger that is up": Case(
        "LumbarMriCdsLedgerDown", [series("ledger_up", "1x10 0 1x20", instance="i")], "20m"
    ),
    "records that are lost": Case(
        "LumbarMriCdsRecordsLost", [series("ledger_lost_total", "0x20 7x20")], "30m", {}
    ),
    "no record that is lost": Case(
        "LumbarMriCdsRecordsLost", [series("ledger_lost_total", "7x40")], "30m"
    ),
    "tokens that are refused": Case(
        "LumbarMriCdsTokensRefused",
        [calls("0+10x60"), calls("0x20 0+2x40", status="401", issuer="none", hook="none")],
        "59m",
        {},
    ),
    "a few tokens that are refused": Case(
        "LumbarMriCdsTokensRefused",
        [calls("0+100x60"), calls("0x20 0+2x40", status="401", issuer="none", hook="none")],
        "59m",
    ),
    "a section that is not sent any more": Case(
        "LumbarMriCdsSectionMissing",
        [section("prefetch", "0+15x200 3000x20"), section("no_fhir_server", "0x200 0+15x20")],
        "3165m",
        {"issuer": A, "section": "conditions"},
        "15m",
    ),
    "a section that is missing for a word that was never counted": Case(
        "LumbarMriCdsSectionMissing",
        [section("prefetch", "0+15x200 3000x20"), section("ehr_dns", "_x200 0+15x20")],
        "3165m",
        {"issuer": A, "section": "conditions"},
        "15m",
    ),
    "a section that was never sent": Case(
        "LumbarMriCdsSectionMissing",
        [section("no_fhir_server", "0+15x220")],
        "3165m",
        None,
        "15m",
    ),
    "a section that is missing now and then": Case(
        "LumbarMriCdsSectionMissing",
        [section("prefetch", "0+90x220"), section("ehr_timeout", "0+10x220")],
        "3165m",
        None,
        "15m",
    ),
    "new codes of orders": Case(
        "LumbarMriCdsUnknownOrderCodes",
        [series("unknown_order_codes_total", "0x750 0+2x60", issuer=A)],
        "200h",
        {"issuer": A},
        "15m",
    ),
    "codes of an issuer that is new": Case(
        "LumbarMriCdsUnknownOrderCodes",
        [series("unknown_order_codes_total", "_x750 0+2x60", issuer=A)],
        "200h",
        {"issuer": A},
        "15m",
    ),
    "as many unknown codes as ever": Case(
        "LumbarMriCdsUnknownOrderCodes",
        [series("unknown_order_codes_total", "0+2x810", issuer=A)],
        "200h",
        None,
        "15m",
    ),
    "a handful of unknown codes": Case(
        "LumbarMriCdsUnknownOrderCodes",
        [series("unknown_order_codes_total", "0x750 8x60", issuer=A)],
        "200h",
        None,
        "15m",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_alert_fires_for_what_it_is_there_for_and_for_nothing_else(
    name: str, tmp_path: Path
) -> None:
    case = CASES[name]
    fires = [] if case.labels is None else [{"alertname": case.alert, **case.labels}]
    only = f',alertname="{case.alert}"'
    passed, printed = tried(
        tmp_path, [UP, *case.given], {case.at: fires}, only, (case.step, case.step)
    )
    assert passed, printed


def test_an_alert_that_fires_unexpectedly_or_not_at_all_is_seen(tmp_path: Path) -> None:
    lost = [UP, series("ledger_lost_total", "0x20 7x20")]
    assert not tried(tmp_path, lost, {"30m": []})[0]
    assert not tried(tmp_path, lost, {"15m": [{"alertname": "LumbarMriCdsRecordsLost"}]})[0]


def test_a_service_that_is_not_scraped_is_down(tmp_path: Path) -> None:
    down = [{"alertname": "LumbarMriCdsDown", "job": "lumbar-mri-cds"}]
    passed, printed = tried(tmp_path, [calls("1x20")], {"10m": down})
    assert passed, printed


def test_an_ordinary_hour_fires_nothing(tmp_path: Path) -> None:
    ordinary = [
        UP, calls("0+3x600"), calls("0x600", status="500"), *seconds("0+99x600", "0+99x600"),
        section("prefetch", "0+3x600"), series("ledger_up", "1x600"),
        series("ledger_lost_total", "0x600"),
        series("advice_total", "0+3x600", **SIGN, mode="live", recommendation="DeferSixWeeks"),
        series("canary_calls_total", "0+40x600", recommendation="MajorTrauma"),
    ]  # fmt: skip
    passed, printed = tried(tmp_path, ordinary, {f"{n}m": [] for n in range(30, 600, 90)})
    assert passed, printed


def test_the_rules_are_right_by_prometheus() -> None:
    ran = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    assert f"{len(rules())} rules found" in ran.stdout


def test_every_alert_is_tried_and_stands_in_the_table_with_its_severity() -> None:
    text = (ROOT / "deploy" / "monitoring" / "README.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE))
    assert table == {name: alert["labels"]["severity"] for name, alert in alerts().items()}
    by_shares = {"LumbarMriCdsAdviceFell", "LumbarMriCdsAdviceFellInAWeek"}
    for tells in (True, False):
        tried_for = {c.alert for c in CASES.values() if (c.labels is not None) is tells}
        assert tried_for == set(alerts()) - by_shares


def test_every_metric_of_the_rules_is_one_of_the_service() -> None:
    feedback(None, "accepted")
    ledger_state(True, 0, 0)
    client = create_app(Settings()).test_client()
    client.post("/cds-services/lumbar-mri", data=b"")
    text = client.get("/metrics").get_data(as_text=True)
    there = {
        f"{kind}{end}"
        for kind, what in re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE)
        for end in (("_bucket",) if what == "histogram" else ("",))
    }
    asked = re.compile(r"(?<![:\w])lumbar_mri_cds_\w+")
    assert {name for rule in rules() for name in asked.findall(rule["expr"])} <= there
    ledger_state(True, 0, 0)  # other ledgers of this process may have told of theirs meanwhile
    assert counted(client)("ledger_up") == 1
