"""A real FHIR server on loopback, with a bearer token, loaded with charts whose ids stay."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from served import free_port

TOKEN = "a-token-of-the-tests"
MOST_S = 30


@dataclass(frozen=True)
class FhirServer:
    """A running FHIR server: its base address."""

    base: str

    def put(self, resources: Iterable[dict[str, Any]]) -> None:
        """Store resources under their own ids, in one transaction."""
        entries = [
            {
                "resource": resource,
                "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            }
            for resource in resources
        ]
        answer = requests.post(
            self.base,
            json={"resourceType": "Bundle", "type": "transaction", "entry": entries},
            headers=self.headers,
            timeout=60,
        )
        answer.raise_for_status()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def fhir_server(folder: Path, **changes: Any) -> Iterator[FhirServer]:
    """Run a FHIR server of another project, with its settings changed, until the block ends."""
    base = f"http://127.0.0.1:{free_port()}/fhir"
    settings = folder / "fhir-server.yaml"
    settings.write_text(settings_of(base, **changes), encoding="utf-8")
    command = [str(Path(sys.executable).with_name("sekmet")), "serve", "-c", str(settings)]
    with (folder / "fhir-server.log").open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
        try:
            wait_for(base)
            yield FhirServer(base)
        finally:
            process.terminate()
            process.wait(timeout=20)


def settings_of(base: str, **changes: Any) -> str:
    settings = {
        "base_url": base,
        "host": "127.0.0.1",
        "port": int(base.split(":")[2].split("/")[0]),
        "simulator": {"enabled": False},
        "validation": {"inbound": "off"},
        "server_auth": {"types": ["bearer"], "tokens": [TOKEN]},
        **changes,
    }
    return json.dumps(settings)  # JSON is YAML


def wait_for(base: str) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < MOST_S:
        try:
            if requests.get(f"{base}/metadata", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    raise TimeoutError
