"""Writes the alert rules as a resource of the Prometheus Operator; run by `make manifests`."""

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "monitoring" / "alerts.yaml"
WRITTEN = ROOT / "deploy" / "kubernetes" / "monitoring" / "prometheus-rule.yaml"
_CAPTION = "# Made from deploy/monitoring/alerts.yaml by `make manifests`: change it there.\n"


def rule() -> str:
    """Give the rules as one resource."""
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "lumbar-mri-cds"},
        "spec": yaml.safe_load(RULES.read_text(encoding="utf-8")),
    }
    return _CAPTION + yaml.safe_dump(resource, sort_keys=False, width=100, allow_unicode=True)


if __name__ == "__main__":
    WRITTEN.write_text(rule(), encoding="utf-8")
