"""Requests that were written to break, stall or mislead whoever reads them."""

import base64
import gzip
import json
import re
import resource
import sys
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from charts import DATA, back_pain, bundle, call, condition
from conformance import hold
from flask.testing import FlaskClient
from places import PLACES, SERVICE, full_call, put, strict

from service.web.answer import Desk

ROWS = [json.loads(line) for line in (DATA / "hostile_requests.jsonl").read_text().splitlines()]
OURS = {row["id"]: row for row in ROWS if "through" not in row}
# Bodies that never end, or lie about their length, are dealt with before the service.
OF_THE_PROXY = {"chunked-endless", "cl-lies-short", "cl-lies-long"}
# Where two statuses are right, ours; deploy/README.md says the same to operators.
DECIDED = {
    "nest-arr-1M": 400,
    "nest-in-prefetch-900": 400,
    "bigint-1M": 400,
    "keys-1M": 413,
    "hashcollide": 413,
    "gzip-bomb": 415,
    "prefetch-10k": 200,
    "redos-names": 200,
    "ct-charset": 415,
    "accept-xml": 200,
}
MOST_S = 1.0
MOST_MB = 100
GIGABYTE = 10**9
# Everything that a refusal may say: none of it comes from the request.
SAID = re.compile(
    r"(body|hook|hookInstance|context|context\.patientId|prefetch): expected [a-zA-Z8', -]+"
    r"|body: expected at most 1048576 bytes beside prefetch|too long"
    r"|prefetch: expected at most 256 keys"
    r"|Content-Type must be application/json in UTF-8|Content-Encoding must be identity"
)
JSON = {"Content-Type": "application/json"}
GOOD = json.dumps(call(back_pain())).encode()
Request = tuple[bytes, dict[str, str]]


def spliced(extra: bytes) -> bytes:
    """Put further members before those of a good call."""
    return b"{" + extra + b"," + GOOD[1:]


def nested(row: dict[str, Any]) -> bytes:
    kind, depth = row["gen"]["nest"], row["gen"]["n"]
    if kind == "fhir-extension":
        inner = b'{"url":"u","extension":[' * depth + b'{"url":"u"}' + b"]}" * depth
        return GOOD.replace(b'"id": "back-pain"', b'"id": "back-pain", "extension": [%s]' % inner)
    begins, ends = (b'{"a":', b"1" + b"}" * depth) if kind == "object" else (b"[", b"]" * depth)
    return begins * depth + (b"" if kind == "array-unclosed" else ends)


def many_keys(row: dict[str, Any]) -> bytes:
    name = "collide-%06d" if row["gen"].get("similar") else "k%d"
    return spliced(",".join(f'"{name % n}":1' for n in range(row["gen"]["keys"])).encode())


def many_entries(row: dict[str, Any]) -> bytes:
    crowded = call(back_pain())
    crowded["prefetch"]["conditions"] = bundle(*[back_pain()] * row["gen"]["bundle_entries"])
    return json.dumps(crowded).encode()


@cache
def bomb() -> bytes:
    """Give a gigabyte of spaces, packed by the thousand pieces into less than 1.5 MB."""
    piece = gzip.compress(b" " * (GIGABYTE // 1000))
    assert len(gzip.decompress(piece * 2)) == 2 * (GIGABYTE // 1000)
    return piece * 1000


def packed(row: dict[str, Any]) -> Request:
    how = row["gen"]["content_encoding"]
    body = {"gzip": gzip.compress, "deflate": zlib.compress}[how](GOOD)
    return bomb() if "bomb" in row["gen"] else body, {**JSON, "Content-Encoding": how}


MADE: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "nest": nested,
    "digits": lambda row: spliced(b'"x":' + b"1" * row["gen"]["digits"]),
    "string_len": lambda row: json.dumps(
        {**call(back_pain()), "hookInstance": "a" * row["gen"]["string_len"]}
    ).encode(),
    "keys": many_keys,
    "size": lambda _: b'{"x":"' + b"a" * (16 * 1024 * 1024 + 1 - 8) + b'"}',
    "bundle_entries": many_entries,
    "string": lambda row: json.dumps(
        put(full_call(), "condition text", row["gen"]["string"])
    ).encode(),
}


def request_of(row: dict[str, Any]) -> Request:
    """Write the body and the headers of a row."""
    if "body_b64" in row:
        return base64.b64decode(row["body_b64"]), JSON
    if "headers" in row:
        headers = {name: text for name, text in {**JSON, **row["headers"]}.items() if text}
        return GOOD, headers
    if "content_encoding" in row["gen"]:
        return packed(row)
    (kind,) = set(row["gen"]) & set(MADE)
    return MADE[kind](row), JSON


def sent(client: FlaskClient, request: Request) -> Any:
    """Send a request; whatever is answered comes in time and is JSON that has one meaning."""
    body, headers = request
    begun = time.process_time()
    answer = client.post(SERVICE, data=body, headers=headers)
    assert time.process_time() - begun < MOST_S
    assert answer.mimetype == "application/json"
    assert strict(answer.data) == answer.json
    return answer


def held(answer: Any, status: int, desk: Desk) -> None:
    """Hold an answer against its contract: cards, or an outcome that repeats nothing."""
    assert answer.status_code == status
    if status == 200:
        hold(answer.json, desk.guideline)
        return
    assert answer.json["resourceType"] == "OperationOutcome"
    (issue,) = answer.json["issue"]
    assert set(issue) <= {"severity", "code", "details", "expression"}
    assert SAID.fullmatch(issue["details"]["text"])
    assert issue.get("expression", []) == issue["details"]["text"].split(":")[:1] * (
        "expression" in issue
    )


def test_the_rows_are_all_there_and_some_are_for_the_proxy() -> None:
    assert len(ROWS) == 57
    assert {row["id"] for row in ROWS} - set(OURS) == OF_THE_PROXY
    several = {row["id"] for row in OURS.values() if len(row["expect_status"]) > 1}
    assert set(DECIDED) == several
    assert all(status in OURS[name]["expect_status"] for name, status in DECIDED.items())


@pytest.mark.parametrize("name", OURS)
def test_a_hostile_request_gets_its_status(name: str, client: FlaskClient, desk: Desk) -> None:
    row = OURS[name]
    status = DECIDED.get(name, row["expect_status"][0])
    held(sent(client, request_of(row)), status, desk)


def test_the_bomb_is_one() -> None:
    body, headers = request_of(OURS["gzip-bomb"])
    assert len(body) < 1_500_000
    assert headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("place", PLACES)
def test_no_field_makes_anything_search_for_long(place: str, client: FlaskClient) -> None:
    for unit in (OURS["redos-names"]["gen"]["string"], "no " * 40_000, "1." * 50_000, "{" * 99_999):
        answer = sent(client, (json.dumps(put(full_call(), place, unit)).encode(), JSON))
        assert answer.status_code in (200, 400)


def peak_mb(*, anew: bool = False) -> float:
    """Give the most memory that this process held: since it began, or where it can be, from now."""
    forget = Path("/proc/self/clear_refs")
    if anew and forget.exists():
        forget.write_text("5")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1024**2


def test_all_of_them_together_take_little_memory(client: FlaskClient) -> None:
    """What each takes at its peak, without the request itself, and what is left in the end."""
    client.post(SERVICE, data=GOOD, headers=JSON)
    bomb()
    begun = peak_mb(anew=True)
    for row in OURS.values():
        request = request_of(row)
        before = peak_mb(anew=True)
        sent(client, request)
        assert peak_mb() - before < MOST_MB, row["id"]
    assert peak_mb(anew=True) - begun < MOST_MB


def test_no_refusal_outlives_its_call() -> None:
    """An error that is made once and raised again keeps every call that it refused in memory."""
    kept = {
        f"{module}.{name}"
        for module, there in sys.modules.items()
        for name, value in vars(there).items()
        if module.startswith("service.") and isinstance(value, BaseException)
    }
    assert not kept


FLAG = json.dumps(bundle(condition("G83.4", "Cauda equina syndrome", note=[{"text": "x" * 99}])))
NONE = json.dumps(bundle())


def twice(inside: str, members: str) -> bytes:
    """Put further members at the beginning of one object of a good call."""
    assert GOOD.count(inside.encode()) == 1
    return GOOD.replace(inside.encode(), (inside + members).encode())


AMBIGUOUS = {
    "the patient": twice('"context": {', '"patientId": "other", '),
    "an escaped name": twice('"context": {', '"p\\u0061tientId": "other", '),
    "the drafts": twice('"context": {', '"draftOrders": {"entry": []}, '),
    "a member of the drafts": twice('"draftOrders": {', '"entry": [], '),
    "a draft's own member": twice('"resource": {"resourceType": "ServiceRequest", ', '"id": "x", '),
    "a list of prefetch that hides a flag": twice('"prefetch": {', f'"conditions": {FLAG}, '),
    "a flag that is hidden by a list": spliced(f'"prefetch": {{"conditions": {FLAG}}}'.encode()),
    "an empty list before a flag": json.dumps(call())
    .replace('"prefetch": {', f'"prefetch": {{"conditions": {NONE}, "conditions": {FLAG}, ')
    .encode(),
    "an unknown list of prefetch": twice('"prefetch": {', f'"x": {NONE}, "x": {FLAG}, '),
    "a null of prefetch": twice('"prefetch": {', '"conditions": null, '),
    "the hook": spliced(b'"hook": "patient-view"'),
    "an unknown member": spliced(b'"extension": {"a": 1, "a": 2}'),
    "depth over 64": spliced(b'"extension": ' + b"[" * 64 + b"]" * 64),
    "no number": spliced(b'"extension": [NaN]'),
    "a number too large": spliced(b'"extension": [1e999]'),
}  # fmt: skip


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_two_readers_would_read_differently_is_refused(
    name: str, client: FlaskClient, desk: Desk
) -> None:
    held(sent(client, (AMBIGUOUS[name], JSON)), 400, desk)


def test_as_deep_as_may_be_is_read(client: FlaskClient) -> None:
    answer = sent(client, (spliced(b'"extension": ' + b"[" * 63 + b"]" * 63), JSON))
    assert answer.status_code == 200


@pytest.mark.parametrize("size", [10, 100, 1000])
def test_ever_so_many_lists_cost_no_more_than_their_length(
    size: int, client: FlaskClient, desk: Desk
) -> None:
    crowded = call(back_pain())
    some = {"resourceType": "Basic", "id": "x" * size}
    crowded["prefetch"] |= {f"k{n}": some for n in range(4_000_000 // (size + 60))}
    held(sent(client, (json.dumps(crowded).encode(), JSON)), 413, desk)


@pytest.mark.parametrize(("keys", "status"), [(256, 200), (257, 413)])
def test_a_call_has_so_many_lists_at_most(
    keys: int, status: int, client: FlaskClient, desk: Desk
) -> None:
    crowded = call(back_pain())
    more = keys - len(crowded["prefetch"])
    crowded["prefetch"] |= {f"k{n}": {"resourceType": "Basic"} for n in range(more)}
    held(sent(client, (json.dumps(crowded).encode(), JSON)), status, desk)


def test_what_looks_like_a_list_for_long_is_soon_told_from_it(
    client: FlaskClient, desk: Desk
) -> None:
    quotes = b'\\"' * 400_000
    like = spliced(b'"extension": "%s"' % quotes)
    held(sent(client, (like, JSON)), 200, desk)
    body = like.replace(b'"prefetch": {', b'"prefetch": {"x": "\\"%s%sy", ' % (quotes, quotes))
    held(sent(client, (body, JSON)), 200, desk)


@pytest.mark.parametrize("where", ["before", "behind"])
def test_a_draft_that_was_also_sent_along_is_read_twice(
    where: str, client: FlaskClient, desk: Desk
) -> None:
    both = call(back_pain(note=[{"text": "x" * 99}]))
    both["prefetch"]["serviceRequests"] = both["context"]["draftOrders"]
    if where == "behind":
        both = {name: both[name] for name in reversed(both)}
    held(sent(client, (json.dumps(both).encode(), JSON)), 200, desk)


@pytest.mark.parametrize("levels", [30, 200, 400])
def test_what_is_nested_deeply_hides_no_red_flag(
    levels: int, client: FlaskClient, desk: Desk
) -> None:
    body, _ = request_of({"gen": {"nest": "fhir-extension", "n": levels}})
    flag = json.dumps({"resource": condition("G83.4")}).encode()
    begins = b'"conditions": {"resourceType": "Bundle", "type": "searchset", "entry": ['
    assert body.count(begins) == 1
    answer = sent(client, (body.replace(begins, begins + flag + b", "), JSON))
    held(answer, 200, desk)
    assert [card["indicator"] for card in answer.json["cards"]] == ["critical"]
