"""Builds the image without a Docker daemon, and tries it as a hospital would run it.

Run by `make image-test`, as root on Debian 12. Where the real base is not there, Debian's own
packages stand for it under its name: what is built is the real Dockerfile.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "podman buildah runc mmdebstrap containernetworking-plugins iptables uidmap fuse-overlayfs"
)
BASE = "docker.io/library/python:3.11-slim-bookworm"
BASE_PACKAGES = "python3,python3-venv,ca-certificates,passwd"
IMAGE = "localhost/lumbar-mri-cds:tried"
PORT = 18480
ADDRESS = f"http://127.0.0.1:{PORT}"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
CASE = ROOT / "fhir_fixtures" / "six-weeks-have-not-passed" / "request.json"
# What podman needs where there is no systemd: runc, and limits that the machine allows.
ENGINE = """[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "cni"
"""
CLOSED = [
    "--no-healthcheck", "--network=host", "--read-only", "--read-only-tmpfs=false",
    "--cap-drop=ALL", "--security-opt=no-new-privileges",
]  # fmt: skip
OPEN = ["-e", f"PORT={PORT}", "-e", "ALLOW_REMOTE_SANDBOX=true"]
DATA = ["-v", "/data"]  # a new volume, which has the owner of the folder in the image


def ran(*command: str, code: int = 0) -> str:
    """Run a command to its end, which has this exit code; give what it printed."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != code:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def made_base(folder: Path) -> None:
    """Make the base image, unless one of its name is here."""
    if subprocess.run(["podman", "image", "exists", BASE]).returncode == 0:
        return
    root = str(folder / "root.tar")
    ran("mmdebstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", "bookworm", root)
    ran("podman", "import", root, BASE)


def built(folder: Path) -> None:
    """Build the Dockerfile, with the authorities that this machine trusts."""
    pip = folder / "pip.conf"
    pip.write_text(f"[global]\ncert = {CERTIFICATES}\n", encoding="utf-8")
    mounts = ["-v", f"{pip}:/etc/pip.conf:ro", "-v", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    how = ["--pull-never", "--isolation=chroot", "--network=host", "--format=docker"]
    revision = ran("git", "rev-parse", "HEAD").strip()
    ran("buildah", "bud", *how, *mounts, "--build-arg", f"REVISION={revision}",
        "-f", "deploy/Dockerfile", "-t", IMAGE, ".")  # fmt: skip


def megabytes(image: str) -> float:
    return int(ran("podman", "image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def once(*command: str, code: int = 0, more: tuple[str, ...] = ()) -> str:
    """Run one command of the image, as closed as it is served."""
    return ran("podman", "run", "--rm", *CLOSED, *more, IMAGE, *command, code=code)


def started(*more: str) -> tuple[str, float]:
    """Serve; give the container, and after how many seconds it was ready."""
    begun = time.monotonic()
    container = ran("podman", "run", "-d", *CLOSED, *OPEN, *more, IMAGE).split()[0]
    while time.monotonic() - begun < 60:
        try:
            if asked("/health/ready")["status"] == "ok":
                return container, time.monotonic() - begun
        except (URLError, ConnectionError):
            time.sleep(0.05)
    sys.exit(ran("podman", "logs", container))


def asked(path: str, body: bytes | None = None) -> dict:
    given = urllib.request.Request(ADDRESS + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(given, timeout=10) as answer:
        return json.loads(answer.read())


def confined(container: str) -> str:
    """Say as whom the service runs, by the kernel's own word."""
    process = ran("podman", "inspect", "--format", "{{.State.Pid}}", container).strip()
    status = Path("/proc", process, "status").read_text(encoding="utf-8")
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert told["Uid"].split() == ["10001"] * 4, told["Uid"]
    assert {told[f"Cap{kind}"].strip("0") for kind in ("Prm", "Eff", "Bnd")} == {""}
    assert told["NoNewPrivs"] == "1"
    write = ["python", "-c", "open('/opt/x', 'w')"]
    assert "Read-only file system" in ran("podman", "exec", container, *write, code=1)
    return "uid 10001, no capability, no new privileges, root read-only"


def health_check(container: str) -> None:
    """Run the HEALTHCHECK of the image, which podman leaves to systemd."""
    told = ran("podman", "image", "inspect", "--format", "{{json .HealthCheck.Test}}", IMAGE)
    kind, *command = json.loads(told)
    assert kind == "CMD"
    ran("podman", "exec", container, *command)


def stopped(container: str) -> float:
    begun = time.monotonic()
    ran("podman", "stop", "-t", "20", container)
    took = time.monotonic() - begun
    ran("podman", "rm", "-v", container)
    return took


def tried() -> None:
    """Run the image in each way that it is for, and tell what came of it."""
    assert "ALLOW_REMOTE_SANDBOX" in once(code=1)
    print("without a word that its network is closed, the sandbox does not start")
    print(once("migrate", more=(*OPEN, *DATA)).strip())
    container, ready_s = started(*DATA)
    print(f"ready after {ready_s:.1f} s: {asked('/health/ready')}")
    print(confined(container))
    health_check(container)
    with urllib.request.urlopen(f"{ADDRESS}/", timeout=10) as page:
        assert b"<html" in page.read()
    patients = asked("/order-entry/data")["patients"]
    print(f"order-entry page with {len(patients)} patients")
    (card, *_) = asked("/cds-services/lumbar-mri", CASE.read_bytes())["cards"]
    print(f"a call gets its card: {card['summary']}")
    print(once("canary", ADDRESS).splitlines()[-1])
    assert "report-" in ran("podman", "exec", container, "lumbar-mri-cds", "report")
    print(f"ends {stopped(container):.1f} s after it is told to")
    container, _ = started("-e", "LUMBAR_MRI_CDS_LEDGER_URL=")
    assert asked("/cds-services/lumbar-mri", CASE.read_bytes())["cards"]
    print(f"without a ledger it answers with nothing to write to: {asked('/health/ready')}")
    stopped(container)


def timed(what: str, do: Callable[[], None]) -> None:
    begun = time.monotonic()
    do()
    print(f"{what} in {time.monotonic() - begun:.0f} s")


def main() -> None:
    """Build and try; the first thing that is wrong ends it with exit code 1."""
    missing = [
        name for name in ("podman", "buildah", "runc", "mmdebstrap") if not shutil.which(name)
    ]
    if missing:
        sys.exit(
            f"not here: {', '.join(missing)}\napt-get install --no-install-recommends {PACKAGES}"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = folder / "containers.conf"
        engine.write_text(ENGINE, encoding="utf-8")
        os.environ["CONTAINERS_CONF"] = str(engine)
        timed("base", lambda: made_base(folder))
        timed("image built", lambda: built(folder))
        whole, base = megabytes(IMAGE), megabytes(BASE)
        print(f"{whole:.0f} MB, of which the base is {base:.0f} MB")
        timed("tried", tried)


if __name__ == "__main__":
    main()
