"""Tries the alert rules with Prometheus's own tool: series in, the alerts that fire out."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT

RULES = ROOT / "deploy" / "monitoring" / "alerts.yaml"
Labels = Mapping[str, str]


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    """Write one series; `values` is in promtool's notation, or a list of numbers."""
    told = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"lumbar_mri_cds_{name}{{{told}}}", "values": values}


def tried(
    folder: Path,
    given: Iterable[Mapping[str, str]],
    fires: Mapping[str, Iterable[Labels]],
    only: str = "",
    step: tuple[str, str] = ("1m", "1m"),
) -> tuple[bool, str]:
    """Say whether exactly these alerts fire at these times, by promtool; and what it printed.

    `fires` maps a time to the alerts with their labels; `only` limits what is looked at.
    `step` is the time between samples, and between evaluations, whatever the groups say themselves.
    """
    expr = f'ALERTS{{alertstate="firing"{only}}}'
    expected = [
        {
            "expr": expr,
            "eval_time": time,
            "exp_samples": [{"labels": _spelt(one), "value": 1} for one in firing],
        }
        for time, firing in fires.items()
    ]
    written = {
        "rule_files": [str(RULES)],
        "evaluation_interval": step[1],
        "tests": [
            {
                "interval": step[0],
                "input_series": list(given),
                "promql_expr_test": expected,
            }
        ],
    }
    file = folder / "alerts.test.yaml"
    file.write_text(yaml.safe_dump(written, width=10**9), encoding="utf-8")
    ran = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True)
    return ran.returncode == 0, ran.stdout + ran.stderr


def _spelt(alert: Labels) -> str:
    severity = alerts()[alert["alertname"]]["labels"]["severity"]
    told = {"alertstate": "firing", "severity": severity, **alert}
    spelt = ",".join(f'{key}="{value}"' for key, value in sorted(told.items()))
    return f"ALERTS{{{spelt}}}"
