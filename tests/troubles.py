"""FHIR servers in trouble, by the id of what is wrong with them or with the way to them."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from certificates import Authority
from fault_server import LOOPBACK, FaultServer, black_hole, fault_server
from faults import ANSWERS, NEW_PAIN, REDIRECTS, page, redirecting
from fetching import PATIENT, canary
from served import free_port

OF_PATIENT = {"404-patient", "410-gone"}
NAME = "ehr.hospital.test"
LOOPBACKS = ("127.0.0.0/8",)
HANG_S = 1.2
resolve = socket.getaddrinfo


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A FHIR server in trouble: how it is registered, and the server that is asked, if any."""

    base: str
    server: FaultServer | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    heals: bool = False  # it can be told to behave well again


@dataclass(frozen=True, kw_only=True)
class Place:
    """What the troubles are made of."""

    server: FaultServer
    authority: Authority
    patch: pytest.MonkeyPatch
    kept: ExitStack

    def named(self, addresses: Callable[[], list[tuple[str, int]]], **more: Any) -> Trouble:
        """A server registered by a name that leads to some addresses."""
        found = (socket.AF_INET, socket.SOCK_STREAM, 6, "")

        def getaddrinfo(host: str, *rest: Any, **named: Any) -> Any:
            if host != NAME:
                return resolve(host, *rest, **named)
            return [(*found, address) for address in addresses()]

        self.patch.setattr(socket, "getaddrinfo", getaddrinfo)
        return Trouble(base=f"http://{NAME}:{self.server.port}/fhir", **more)

    def with_tls(self, context: Any, **more: Any) -> Trouble:
        server = self.kept.enter_context(fault_server(context))
        server.hold(PATIENT, NEW_PAIN)
        changes = {"ca_file": self.authority.file}
        return Trouble(base=server.base, server=server, changes=changes, **more)

    def plain_on_tls(self) -> Trouble:
        return Trouble(base=self.server.base.replace("http:", "https:"), server=self.server)

    def next_is_plain(self) -> Trouble:
        trouble = self.with_tls(self.authority.context(), heals=True)
        trouble.server.begin(ANSWERS["body22"], "Condition")
        return trouble

    def elsewhere(self, row_id: str) -> Trouble:
        """A server that sends those who ask on to another one, which nobody may ask."""
        other = self.kept.enter_context(canary()).base
        pages = page(f"{other}/Condition?patient=p&_page=2")
        code = REDIRECTS.get(row_id)
        behave = redirecting(code, other) if code else lambda asked: asked.give(pages)
        self.server.begin(behave, "Condition")
        return Trouble(base=self.server.base, server=self.server, heals=True)

    def hanging(self) -> list[tuple[str, int]]:
        time.sleep(HANG_S)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    def unknown(self) -> list[tuple[str, int]]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    def rebinding(self) -> list[tuple[str, int]]:
        """First a public address, which nobody here can reach, then our own."""
        answers = iter([[("198.41.0.4", self.server.port)]])
        self.patch.setattr(socket.socket, "connect", refuse_public)
        return self.named(lambda: next(answers, [(LOOPBACK, self.server.port)]))

    def half_black(self) -> Trouble:
        hole = self.kept.enter_context(black_hole())
        addresses = [(LOOPBACK, hole), (LOOPBACK, self.server.port)]
        changes = {"private_networks": LOOPBACKS, "deadline_s": 1.2}
        return self.named(lambda: addresses, changes=changes, server=self.server)


connect = socket.socket.connect


def refuse_public(self: socket.socket, address: Any) -> None:
    if not address[0].startswith("127."):
        raise ConnectionRefusedError
    connect(self, address)


TROUBLES: dict[str, Callable[[Place], Trouble]] = {
    **{one: lambda place, one=one: place.elsewhere(one) for one in [*REDIRECTS, "body21"]},
    "net00": lambda place: Trouble(base=f"http://{LOOPBACK}:{free_port()}/fhir"),
    "net01": lambda place: Trouble(
        base=f"http://{LOOPBACK}:{place.kept.enter_context(black_hole())}/fhir"
    ),
    "net16": lambda place: place.with_tls(place.authority.context(days_left=-1)),
    "net17": lambda place: place.with_tls(place.authority.context("other.hospital.test")),
    "net18": lambda place: place.with_tls(place.authority.self_signed()),
    "net19": lambda place: place.with_tls(place.authority.old_version()),
    "net20": Place.plain_on_tls,
    "net21": lambda place: place.named(place.unknown),
    "net22": lambda place: place.named(place.hanging),
    "net23": Place.rebinding,
    "net24": lambda place: place.named(lambda: [("169.254.169.254", 80)]),
    "net25": Place.half_black,
    "body22": Place.next_is_plain,
}


def trouble_of(row_id: str, place: Place) -> Trouble:
    if row_id in TROUBLES:
        return TROUBLES[row_id](place)
    place.server.begin(ANSWERS[row_id], "Patient" if row_id in OF_PATIENT else "Condition")
    return Trouble(base=place.server.base, server=place.server, heals=True)
