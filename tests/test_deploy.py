"""What is shipped to run the service: well formed, of one mind, and as closed as it says."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from conftest import ROOT
from manifests import RULES, WRITTEN, rule
from proxied import laid_out

from service.settings import LONGEST_DRAIN_S, Settings

DEPLOY = ROOT / "deploy"
OVERLAYS = ("sandbox", "production")
KUBERNETES = "1.30"  # the oldest release that the manifests are held against; and the newest known
OPERATOR = {"PrometheusRule", "ServiceMonitor"}  # no kinds of Kubernetes itself
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
PREFIX = "LUMBAR_MRI_CDS_"
Resource = dict[str, Any]


def program(name: str) -> str:
    """Find a program that a development dependency brings."""
    return str(Path(sys.executable).with_name(name))


def ran(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> list[Resource]:
    return built(request.param)


@pytest.fixture(scope="module")
def production() -> list[Resource]:
    return built("production")


def built(name: str) -> list[Resource]:
    made = ran(program("kubectl"), "kustomize", str(DEPLOY / "kubernetes" / "overlays" / name))
    return list(yaml.safe_load_all(made))


def of_kind(resources: list[Resource], *kinds: str) -> list[Resource]:
    return [one for one in resources if one["kind"] in kinds]


def pods(resources: list[Resource]) -> list[Resource]:
    return [one["spec"]["template"]["spec"] for one in of_kind(resources, "Deployment", "Job")]


def containers(resources: list[Resource]) -> list[Resource]:
    return [one for pod in pods(resources) for one in pod["containers"]]


def compose() -> Resource:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def variables(dockerfile: str) -> dict[str, str]:
    (block,) = re.findall(r"^ENV (PATH=(?:.*\\\n)*.*)$", dockerfile, re.MULTILINE)
    return dict(re.findall(r"(\w+)=(\S+)", block))


def test_the_dockerfile_is_well_made() -> None:
    ran(program("hadolint"), str(DEPLOY / "Dockerfile"))


def test_no_yaml_can_be_misread() -> None:
    ran(program("yamllint"), "--strict", "-c", str(ROOT / ".yamllint.yaml"), str(DEPLOY))


def test_the_image_is_built_from_hashed_locks_and_from_nothing_else() -> None:
    commands = DOCKERFILE.replace("\\\n", " ").replace(" && ", "\n").splitlines()
    installs = [one for one in commands if re.search(r"pip .*install", one)]
    assert len(installs) == 3
    assert all("--require-hashes" in one or "dist/*.whl" in one for one in installs)
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "psycopg-binary==" in locked
    assert "pytest==" not in locked
    assert "hatchling==" in (ROOT / "requirements-build.lock").read_text(encoding="utf-8")
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert re.findall(r"^[^#\n]+$", let_in, re.MULTILINE)[0] == "*"
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert all(f"!{name}" in let_in.splitlines() for name in names)


def test_the_image_names_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"ARG VERSION={project['version']}" in DOCKERFILE
    assert f":-lumbar-mri-cds:{project['version']}" in compose()["x-service"]["image"]
    for name in OVERLAYS:
        images = {one["image"] for one in containers(built(name))}
        assert f"registry.example.org/lumbar-mri-cds:{project['version']}" in images


@pytest.mark.parametrize("release", [KUBERNETES, kubernetes_validate.latest_version()])
def test_every_resource_is_one_of_kubernetes(overlay: list[Resource], release: str) -> None:
    for resource in overlay:
        if resource["kind"] not in OPERATOR:
            kubernetes_validate.validate(resource, release, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_seen(production: list[Resource]) -> None:
    wrong = json.loads(json.dumps(of_kind(production, "Deployment")[0]))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["periodSecondz"] = 5
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


def test_every_pod_is_restricted(overlay: list[Resource]) -> None:
    for pod in pods(overlay):
        given = pod["securityContext"]
        assert given["runAsNonRoot"] is True
        assert given["runAsUser"] >= 100
        assert given["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
    for one in containers(overlay):
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert one["resources"]["requests"]
        assert one["resources"]["limits"]["memory"]
    (space,) = of_kind(overlay, "Namespace")
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_kubernetes_adds_no_setting_that_the_service_would_refuse(overlay: list[Resource]) -> None:
    """A Service of this name would be told to pods as LUMBAR_MRI_CDS_PORT and so on."""
    assert all(pod["enableServiceLinks"] is False for pod in pods(overlay))


def test_whatever_names_a_port_an_address_or_a_user_says_the_same(
    production: list[Resource],
) -> None:
    port, user = int(variables(DOCKERFILE)["PORT"]), "10001:10001"
    assert f"EXPOSE {port}\n" in DOCKERFILE
    assert f"USER {user}\n" in DOCKERFILE
    assert compose()["x-service"]["user"] == user
    ours = [one for one in containers(production) if "/lumbar-mri-cds:" in one["image"]]
    (served,) = [one for one in ours if one["args"] == ["serve"]]
    assert [one["containerPort"] for one in served["ports"]] == [port]
    for probe, path in (("startup", "ready"), ("readiness", "ready"), ("liveness", "live")):
        assert served[f"{probe}Probe"]["httpGet"]["path"] == f"/health/{path}"
    owners = {pod["securityContext"]["runAsUser"] for pod in pods(production) if
              "/lumbar-mri-cds:" in pod["containers"][0]["image"]}  # fmt: skip
    assert owners == {10001}
    for file in ("nginx/site.conf", "compose/site.conf", "kubernetes/base/site.conf"):
        servers = re.findall(r"server \S+:(\d+)", (DEPLOY / file).read_text(encoding="utf-8"))
        assert servers[0] == str(port)
    folders = [one["networks"]["inside"] for name, one in compose()["services"].items()
               if name.startswith("service-")]  # fmt: skip
    told = (DEPLOY / "compose" / "site.conf").read_text(encoding="utf-8")
    assert all(f"{one['ipv4_address']}:{port}" in told for one in folders)


def test_calls_end_before_pods_do(production: list[Resource]) -> None:
    """The service drains, and ends within ten seconds after that."""
    (served,) = [pod for pod in pods(production) if "startupProbe" in pod["containers"][0]]
    assert served["terminationGracePeriodSeconds"] > LONGEST_DRAIN_S + 10
    (one, _) = of_kind(production, "Deployment")
    assert one["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_nothing_goes_in_or_out_but_what_is_named(overlay: list[Resource]) -> None:
    policies = [one["spec"] for one in of_kind(overlay, "NetworkPolicy")]
    (nothing,) = [p for p in policies if "ingress" not in p and "egress" not in p]
    assert set(nothing["policyTypes"]) == {"Ingress", "Egress"}
    assert nothing["podSelector"] in (
        {},
        {"matchLabels": {"app.kubernetes.io/name": "lumbar-mri-cds"}},
    )
    for policy in policies:
        for rule_ in (*policy.get("ingress", []), *policy.get("egress", [])):
            assert rule_["ports"]
            assert all(
                one.get("ipBlock", {}).get("cidr") != "0.0.0.0/0" for one in rule_.get("to", [{}])
            )


def test_no_secret_stands_in_a_manifest(overlay: list[Resource]) -> None:
    assert not of_kind(overlay, "Secret")
    assert not [e for one in containers(overlay) for e in one.get("env", []) if "SECRETS" not in
                e["name"] and "SETTINGS" not in e["name"]]  # fmt: skip


@pytest.mark.parametrize(
    "file",
    [
        DEPLOY / "settings.example.toml",
        DEPLOY / "compose" / "sandbox.toml",
        *(DEPLOY / "kubernetes" / "overlays" / name / "settings.toml" for name in OVERLAYS),
    ],
    ids=lambda path: str(path.relative_to(DEPLOY)),
)
def test_every_settings_file_is_one(file: Path, tmp_path: Path) -> None:
    """With the secrets that stand beside it, and nothing else in the environment."""
    for name, secret in {"card_key": "k" * 32, "ledger_url": "sqlite:///ledger"}.items():
        (tmp_path / name).write_text(secret + "\n", encoding="utf-8")
    program_ = "from service.settings import from_environment as read; print(read().profile)"
    done = subprocess.run(
        [sys.executable, "-c", program_], cwd=ROOT, capture_output=True, text=True,
        env={"LUMBAR_MRI_CDS_SETTINGS": str(file), "LUMBAR_MRI_CDS_SECRETS": str(tmp_path),
             "HOST": variables(DOCKERFILE)["HOST"], "PORT": variables(DOCKERFILE)["PORT"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in file.read_text(encoding="utf-8")


def test_every_variable_that_is_set_is_one_of_the_service(overlay: list[Resource]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{PREFIX}SETTINGS", f"{PREFIX}SECRETS", "HOST", "PORT"}
    known |= {"PATH", "PYTHONDONTWRITEBYTECODE", "PROMETHEUS_MULTIPROC_DIR"}
    named = set(variables(DOCKERFILE)) | set(compose()["x-service"]["environment"])
    named |= {e["name"] for one in containers(overlay) for e in one.get("env", [])}
    assert named <= known
    secrets = set(compose()["x-service"]["secrets"])
    assert secrets <= set(Settings.model_fields)


def test_everything_that_compose_starts_is_confined() -> None:
    made = compose()
    for name, one in made["services"].items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        assert not str(one["user"]).startswith("0"), name
        assert "privileged" not in one
        assert set(one.get("networks", [])) <= set(made["networks"])
        for mounted in one.get("volumes", []):
            source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", mounted).split(":")[0]
            assert source in made["volumes"] or (DEPLOY / source).exists(), mounted
        for secret in one.get("secrets", []):
            assert (secret if isinstance(secret, str) else secret["source"]) in made["secrets"]
    published = [port for one in made["services"].values() for port in one.get("ports", [])]
    assert published == ["${HTTPS_PORT:-443}:8443", "127.0.0.1:8081:8081"]


def test_the_ledger_is_brought_up_to_date_before_a_service_begins(
    production: list[Resource],
) -> None:
    services = compose()["services"]
    assert services["migrate"]["command"] == ["migrate"]
    for name in ("service-a", "service-b"):
        waits = services[name]["depends_on"]
        assert waits == {"migrate": {"condition": "service_completed_successfully"}}
    (job,) = of_kind(production, "Job")
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]


def test_a_cluster_has_the_same_alert_rules(production: list[Resource]) -> None:
    """When this fails: `make manifests`."""
    assert WRITTEN.read_text(encoding="utf-8") == rule()
    (made,) = of_kind(production, "PrometheusRule")
    assert made["spec"] == yaml.safe_load(RULES.read_text(encoding="utf-8"))


def test_a_cluster_scrapes_the_job_that_the_rules_ask_for(production: list[Resource]) -> None:
    (monitor,) = of_kind(production, "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    (service,) = [
        s for s in of_kind(production, "Service") if wanted <= s["metadata"]["labels"].items()
    ]
    assert f'job="{service["metadata"]["name"]}"' in RULES.read_text(encoding="utf-8")
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    assert endpoint["authorization"]["credentials"]["key"] in Settings.model_fields


def test_the_proxy_of_a_cluster_is_the_shipped_one(production: list[Resource]) -> None:
    (made,) = [c["data"] for c in of_kind(production, "ConfigMap") if "nginx.conf" in c["data"]]
    for name in ("nginx.conf", "refusals.conf", "listen.conf", "internal.conf"):
        assert made[name] == (DEPLOY / "nginx" / name).read_text(encoding="utf-8")


@pytest.mark.nginx
@pytest.mark.parametrize("optional", [(), ("mutual-tls", "dashboard", "order-entry")])
def test_nginx_takes_the_shipped_configuration(tmp_path: Path, optional: tuple[str, ...]) -> None:
    _, command = laid_out(tmp_path, ("http://127.0.0.1:8080",), optional)
    ran(*command, "-t")


@pytest.mark.nginx
@pytest.mark.parametrize("site", ["compose/site.conf", "kubernetes/base/site.conf"])
def test_nginx_takes_every_site(tmp_path: Path, site: str) -> None:
    _, command = laid_out(tmp_path, ("http://127.0.0.1:8080",))
    text = (
        (DEPLOY / site).read_text(encoding="utf-8").replace("lumbar-mri-cds:8080", "127.0.0.1:8080")
    )
    (tmp_path / "nginx" / "site.conf").write_text(text, encoding="utf-8")
    ran(*command, "-t")
