"""What a FHIR server of the tests does wrong in what it answers, by the id of the fault."""

import gzip
import json
import zlib
from functools import cache
from itertools import cycle
from typing import Any

from charts import ago, back_pain, condition
from fault_server import Behaviour, Exchange, searchset

NEW_PAIN = back_pain(onsetDateTime=ago(10), recordedDate=ago(10))
OTHER = {"reference": "Patient/another"}
BUNDLE = json.dumps(searchset(NEW_PAIN)).encode()
MEGABYTE = b" " * 1_000_000
PADDING = b"\r\nContent-Length: 2\r\n\r\n{}"
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "exception", "diagnostics": "it broke"}],
}


def status(code: int, **headers: str) -> Behaviour:
    return lambda asked: asked.answer(b"" if code in (204, 304) else BUNDLE, code, **headers)


def gives(content: Any) -> Behaviour:
    return lambda asked: asked.give(content)


def sends(body: bytes, **headers: str) -> Behaviour:
    return lambda asked: asked.answer(body, **headers)


def raw(*parts: bytes) -> Behaviour:
    """Send some bytes as they stand, and close."""

    def behave(asked: Exchange) -> None:
        for part in parts:
            asked.send(part)
        asked.sock.close()

    return behave


def first(wrong: Behaviour, then: Behaviour) -> Behaviour:
    return lambda asked: (wrong if asked.number == 1 else then)(asked)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Misbehave in another way each time."""
    each = cycle(behaviours)
    return lambda asked: next(each)(asked)


def dripping_headers(asked: Exchange) -> None:
    asked.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100, every_s=0.2)


def dripping_body(asked: Exchange) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n")
    asked.drip(b" " * 300, every_s=0.2)


def reset_in_body(asked: Exchange) -> None:
    asked.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + BUNDLE)
    asked.reset()


def large(asked: Exchange) -> None:
    """Begin a good answer and pad it to 100 MB, as fast as it is taken."""
    size = len(BUNDLE) + 100 * len(MEGABYTE)
    asked.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode() + BUNDLE)
    for _ in range(100):
        asked.send(MEGABYTE)


@cache
def bomb(layers: int = 1) -> bytes:
    """Pack 200 MB in less than one thousandth of it, or a little in many layers."""
    if layers == 1:
        packer = zlib.compressobj(wbits=31)
        return packer.compress(BUNDLE) + b"".join(
            [*(packer.compress(MEGABYTE) for _ in range(200)), packer.flush()]
        )
    return gzip.compress(bomb_of(layers - 1))


def bomb_of(layers: int) -> bytes:
    return gzip.compress(bomb_of(layers - 1)) if layers else BUNDLE


def page(link: Any, *resources: Any) -> dict[str, Any]:
    return searchset(*(resources or (NEW_PAIN,)), link=[{"relation": "next", "url": link}])


def next_is(url: str) -> Behaviour:
    """Give pages whose next page is always the same."""
    return lambda asked: asked.give(page(url.format(port=asked.server.port)))


def from_a_to_b(asked: Exchange) -> None:
    other = "A" if "_page=B" in asked.path else "B"
    asked.give(page(f"{asked.server.base}/Condition?patient=p&_page={other}"))


def thousand_pages(asked: Exchange) -> None:
    asked.give(page(f"{asked.server.base}/Condition?patient=p&_page={asked.number + 1}"))


def second_page(asked: Exchange) -> None:
    last = "_page=2" in asked.path
    asked.give(searchset(NEW_PAIN) if last else page("Condition?patient=p&_page=2", NEW_PAIN))


def dstu2_condition(code: str) -> dict[str, Any]:
    old = condition(code, id="old", dateRecorded=ago(10), onsetDateTime=ago(10))
    old["patient"] = old.pop("subject")
    return old | {"clinicalStatus": "active", "verificationStatus": "confirmed"}


def r5_condition(code: str) -> dict[str, Any]:
    actor = {"function": {"text": "author"}, "actor": {"reference": "Practitioner/1"}}
    active = {"coding": [{"code": "active"}]}
    return condition(
        code, id="new", recordedDate=ago(10), onsetDateTime=ago(10),
        clinicalStatus=active, participant=[actor],
    )  # fmt: skip


def one_of_fifty_malformed() -> dict[str, Any]:
    colds = [condition("J06.9", id=f"cold-{n}", recordedDate=ago(400)) for n in range(48)]
    return searchset(NEW_PAIN, *colds, {**NEW_PAIN, "id": "bad", "code": {"coding": "M54.50"}})


def contained_only() -> dict[str, Any]:
    holder = {"resourceType": "List", "id": "l", "status": "current", "mode": "working"}
    return searchset({**holder, "contained": [NEW_PAIN]})


def duplicate_members() -> bytes:
    active = json.dumps({"coding": [{"code": "active"}]})
    resolved = json.dumps({"coding": [{"code": "resolved"}]})
    twice = f'"clinicalStatus": {active}, "clinicalStatus": {resolved}, "code":'
    return BUNDLE.replace(b'"code":', twice.encode(), 1)


def outcome_entry() -> dict[str, Any]:
    found = searchset(NEW_PAIN)
    found["entry"].append({"resource": OUTCOME, "search": {"mode": "outcome"}})
    return found


STATUSES = (204, 206, 304, 400, 401, 403, 404, 405, 406, 410, 412, 422, 429, 431, 451, 500, 501,
            502, 503, 504, 507, 599, 600, 999)  # fmt: skip
RESPONSES: dict[str, Behaviour] = {
    **{f"http{code}": status(code) for code in STATUSES},
    "401-then-ok": first(status(401), gives(searchset(NEW_PAIN))),
    "404-patient": status(404),
    "410-gone": status(410),
    "retry-after-3600": status(503, Retry_After="3600"),
    "retry-after-bad": in_turn(
        *[status(503, Retry_After=text) for text in ("garbage", "-5", "9" * 400)]
    ),
}
NETWORK: dict[str, Behaviour] = {
    "net02": lambda asked: asked.rest() and None,
    "net03": dripping_headers,
    "net04": dripping_body,
    "net05": reset_in_body,
    "net06": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", BUNDLE),
    "net07": raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        f"{len(BUNDLE):x}\r\n".encode() + BUNDLE + b"\r\n",
    ),
    "net08": large,
    "net09": lambda asked: asked.answer(bomb(), Content_Encoding="gzip"),
    "net10": sends(bomb(10), Content_Encoding=", ".join(["gzip"] * 10)),
    "net11": in_turn(*[sends(BUNDLE, Content_Encoding=name) for name in ("br", "zstd", "unknown")]),
    "net12": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", BUNDLE),
    "net13": raw(b"HTTP/1.1 200 OK\r\nX-Long: ", MEGABYTE, PADDING),
    "net14": raw(b"HTTP/1.1 200 OK", *[b"\r\nX-%d: y" % n for n in range(10_000)], PADDING),
    "net15": raw(BUNDLE),
}
BODIES: dict[str, Behaviour] = {
    "body00": sends(b"<html><body>Please log in</body></html>", Content_Type="text/html"),
    "body01": sends(b'<Bundle xmlns="http://hl7.org/fhir"/>', Content_Type="application/fhir+xml"),
    "body02": sends(b""),
    "body03": sends(b"null"),
    "body04": sends(b"[]"),
    "body05": sends(BUNDLE[:-30]),
    "body06": sends(b"\xef\xbb\xbf" + BUNDLE),
    "body07": sends(BUNDLE.decode().encode("utf-16")),
    "body08": sends(BUNDLE.replace(b"Low back", b"Low\xff\xfeback")),
    "body09": sends(BUNDLE.replace(b'"entry"', b'"score": NaN, "entry"', 1)),
    "body10": sends(duplicate_members()),
    "body11": sends(b'{"resourceType": "Bundle", "entry": ' + b"[" * 100_000 + b"]" * 100_000),
    "body12": gives(OUTCOME),
    "body13": gives(outcome_entry()),
    "body14": gives({**searchset(NEW_PAIN), "type": "history"}),
    "body15": gives(NEW_PAIN),
    "body16": gives(searchset({**NEW_PAIN, "subject": OTHER})),
    "body17": gives(searchset(NEW_PAIN, {**NEW_PAIN, "id": "second"}, total=5)),
    "body18": lambda asked: asked.give(page(f"{asked.server.base}/{asked.path}")),
    "body19": from_a_to_b,
    "body20": thousand_pages,
    "body22": next_is("http://127.0.0.1:{port}/fhir/Condition?patient=p&_page=2"),
    "body23": second_page,
    "body24": in_turn(*[gives(searchset(NEW_PAIN, total=total)) for total in (-1, "many")]),
    "body25": gives(searchset(NEW_PAIN, {"resourceType": "Device", "id": "d"})),
    "body26": gives(searchset(NEW_PAIN, dstu2_condition("M54.50"))),
    "body27": gives(searchset(NEW_PAIN, r5_condition("M54.50"))),
    "body28": gives(one_of_fifty_malformed()),
    "body29": in_turn(
        *[gives(searchset(NEW_PAIN, {**NEW_PAIN, "id": "o", "code": odd})) for odd in ({}, 7)]
    ),
    "body30": gives(contained_only()),
}
ANSWERS: dict[str, Behaviour] = RESPONSES | NETWORK | BODIES
REDIRECTS = {f"redir{code}": code for code in (301, 302, 303, 307, 308)}


def redirecting(code: int, elsewhere: str, body: bytes = b"") -> Behaviour:
    return lambda asked: asked.answer(
        body, code, Location=f"{elsewhere}/{asked.path}", Content_Type="text/html"
    )
