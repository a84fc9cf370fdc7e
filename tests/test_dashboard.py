"""The dashboard: who may see it, what it is asked, and that it tells the report's figures."""

import csv
import io
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import make_ledger
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from ledgers import ISSUER, SmallLedger
from werkzeug.security import generate_password_hash

from service.app import create_app
from service.cli import main
from service.errors import BadSetting
from service.ledger.store import migrate
from service.pages.dashboard import shown
from service.pages.dashboard.asked import NotAsked, asked
from service.pages.dashboard.shown import SECTIONS
from service.settings import Settings

PASSWORD = "seven quiet storks"
HASH = generate_password_hash(PASSWORD, method="scrypt:1024:8:1")
TODAY = date(2026, 6, 30)
DAYS = "from=2026-03-01&to=2026-03-31"
PAGES = ["/dashboard", *(f"/dashboard/{section.id}" for section in SECTIONS)]
MOST_S = 1.0
LARGE = make_ledger.SITES[0].issuer
LOOPBACK = {"base_url": "http://127.0.0.1:8080"}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SmallLedger]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    made = SmallLedger.open(url)
    yield made
    made.engine.dispose()


def opened(ledger: SmallLedger, **given: object) -> FlaskClient:
    """A client of a service that has such a ledger, and ends without a trace."""
    app = create_app(Settings(ledger_url=str(ledger.engine.url), **given))
    app.extensions["ledger"].close()
    return app.test_client()


def production(ledger: SmallLedger, **given: object) -> FlaskClient:
    return opened(
        ledger, profile="production", tls_ends_at_proxy=True, card_key="k" * 32,
        public_url="https://cds.example.org", **given,
        issuers=({"profile": "generic", "iss": ISSUER, "jku": "https://ehr.example.org/jwks",
                  "algorithms": ["ES384"]},),
    )  # fmt: skip


@pytest.fixture
def reader(ledger: SmallLedger) -> FlaskClient:
    """Somebody at the machine of a sandbox."""
    return opened(ledger)


def read(reader: FlaskClient, path: str) -> str:
    answer = reader.get(path, **LOOPBACK)
    assert answer.status_code == 200, answer.text
    return answer.text


class Words(HTMLParser):
    """What is told of a table: its cells, row by row."""

    def __init__(self, page: str, table: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(page[page.index(f'id="table-{table}"') :].split("</table>")[0])

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def test_it_tells_what_was_advised_and_what_became_of_it(
    ledger: SmallLedger, reader: FlaskClient
) -> None:
    ledger.call()
    ledger.say(ledger.card(), "overridden", reason_system="s", reason_code="early")
    ledger.say(ledger.card(), "accepted", suggestions=["remove-order"])
    ledger.card()
    page = read(reader, f"/dashboard/answers?{DAYS}")
    row = next(row for row in Words(page, "outcomes").rows if row[0] == "All")
    assert [cell for cell in row if cell][:7] == ["All", "3", "0", "3", "1", "1", "1"]
    assert "early" in page


@pytest.mark.parametrize("path", PAGES)
def test_every_page_tells_an_empty_ledger_too(reader: FlaskClient, path: str) -> None:
    assert "<h1>Lumbar MRI orders</h1>" in read(reader, path)


@pytest.mark.parametrize("path", PAGES)
def test_every_table_is_a_file_of_the_same_numbers(
    ledger: SmallLedger, reader: FlaskClient, path: str
) -> None:
    ledger.call(origins={"conditions": "ehr_timeout"}, status=400, reason="=1+1")
    ledger.say(ledger.card(), "overridden", reason_system="s", reason_code="=cmd|'/c calc'!A0")
    ledger.say("gone", "accepted")
    ledger.unmapped("@X1")
    ledger.unmapped("\ufeff=1+1")
    page = read(reader, f"{path}?{DAYS}")
    files = re.findall(r'href="([^"]+\.csv\?[^"]+)"', page)
    assert files
    assert len(files) == len(re.findall(r'<table id="table-', page))
    for file in files:
        answer = reader.get(file.replace("&amp;", "&"), **LOOPBACK)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["Content-Disposition"]
        lines = list(csv.reader(io.StringIO(answer.text)))
        name = file.split("/")[-1].split(".csv")[0]
        assert len(lines) == len([row for row in Words(page, name).rows if row])
        assert not [c for line in lines for c in line if re.match(r"[\s\ufeff]*[=@+]", c)]
        assert not re.search(r",[^\",]*;", answer.text), "words stand in quotes"


def test_a_table_that_is_not_there_is_not_found(reader: FlaskClient) -> None:
    assert reader.get("/dashboard/advice/nothing.csv", **LOOPBACK).status_code == 404
    assert reader.get("/dashboard/nothing", **LOOPBACK).status_code == 404


def test_each_filter_narrows_what_is_told(ledger: SmallLedger, reader: FlaskClient) -> None:
    ledger.card()
    ledger.card(issuer="https://other.example.org/", tenant=None)
    ledger.card(tenant="south", mode="silent", shown=False)
    ledger.card(recommendation="MriAppropriate", rule="R64", day=date(2026, 3, 20))
    for query, orders in {
        "": 4, "&mode=silent": 1, "&recommendation=MriAppropriate": 1,
        f"&issuer={ISSUER}": 3, f"&issuer={ISSUER}&tenant=south": 1,
    }.items():  # fmt: skip
        rows = Words(read(reader, f"/dashboard?{DAYS}{query}"), "recommendations").rows
        assert next(row for row in rows if row[0] == "All")[3] == str(orders), query
    rows = Words(read(reader, "/dashboard?from=2026-03-01&to=2026-03-15"), "recommendations").rows
    assert next(row for row in rows if row[0] == "All")[3] == "3"


def test_who_called_can_be_chosen(ledger: SmallLedger, reader: FlaskClient) -> None:
    ledger.call()
    ledger.call(issuer="https://other.example.org/", tenant="<b>east</b>")
    page = read(reader, f"/dashboard?{DAYS}&issuer=https://other.example.org/")
    assert f"<option>{ISSUER}</option>" in page
    assert "<option selected>https://other.example.org/</option>" in page
    assert "<option>&lt;b&gt;east&lt;/b&gt;</option>" in page
    assert "<b>east" not in page


@pytest.mark.parametrize(("query", "words"), [
    ("from=yesterday", "written like"), ("from=2026-03-02&to=2026-03-01", "before the first"),
    ("from=1999-12-31&to=2000-01-05", "can be asked"), ("to=0001-01-01", "can be asked"),
    ("from=2010-01-01&to=2026-01-01", "ten years"),
    ("from=9999-12-01&to=9999-12-31", "can be asked"),
    ("mode=canary", "mode"), (f"issuer={'x' * 600}", "too long"),
])  # fmt: skip
def test_what_cannot_be_asked_is_said(reader: FlaskClient, query: str, words: str) -> None:
    answer = reader.get(f"/dashboard?{query}", **LOOPBACK)
    assert answer.status_code == 400
    assert words in answer.text


def test_without_days_it_is_the_last_four_weeks() -> None:
    period = asked({}, TODAY).period
    assert (period.last, period.days) == (TODAY, 28)
    assert asked({"to": "2026-05-31"}, TODAY).period.first == date(2026, 5, 4)
    assert asked({"tenant": "north"}, TODAY).scope.tenant is None


def test_small_counts_are_hidden_in_every_page(ledger: SmallLedger) -> None:
    for clinician in ("anne", "bert", "carl"):
        ledger.card(clinician=clinician)
    reader = opened(ledger, smallest_cell=5)
    for path in PAGES:
        page = read(reader, f"{path}?{DAYS}")
        assert "&lt; 5" in page
        assert "anne" not in page


def test_a_page_lets_nothing_else_in(reader: FlaskClient) -> None:
    for path in (*PAGES, "/dashboard/static/figures.css", "/dashboard/advice/main.csv"):
        answer = reader.get(path, **LOOPBACK)
        answer.close()
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy
        assert "unsafe" not in policy
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_another_name_for_this_machine_is_refused(reader: FlaskClient) -> None:
    for name in ("evil.example", "127.0.0.1.evil.example", "[::2]"):
        assert reader.get("/dashboard", base_url=f"http://{name}:8080").status_code == 403
    for name in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert reader.get("/dashboard", base_url=f"http://{name}").status_code == 200


def test_a_sandbox_that_others_reach_has_none_without_a_password(ledger: SmallLedger) -> None:
    remote = {"host": "192.0.2.7", "allow_remote_sandbox": True}
    for path in (*PAGES, "/dashboard/login"):
        assert opened(ledger, **remote).get(path).status_code == 404
    assert (
        opened(ledger, **remote, dashboard_password_hash=HASH).get("/dashboard").status_code == 303
    )


def test_production_has_none_without_a_password(ledger: SmallLedger) -> None:
    for path in (*PAGES, "/dashboard/login", "/dashboard/advice/main.csv"):
        assert production(ledger).get(path).status_code == 404


HTTPS = {"base_url": "https://cds.example.org"}


def log_in(reader: FlaskClient, password: str = PASSWORD) -> int:
    form = reader.get("/dashboard/login", **HTTPS).text
    token = re.search(r'name="token" value="([^"]+)"', form)[1]
    told = {"token": token, "password": password}
    return reader.post("/dashboard/login", data=told, **HTTPS).status_code


def test_nobody_sees_anything_before_the_password(ledger: SmallLedger) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    for path in (*PAGES, "/dashboard/advice/main.csv"):
        answer = reader.get(path, **HTTPS)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/login")
        assert "Orders judged" not in answer.text
    assert log_in(reader, "wrong") == 403
    assert reader.get("/dashboard", **HTTPS).status_code == 303
    assert log_in(reader) == 303
    for path in PAGES:
        assert reader.get(path, **HTTPS).status_code == 200


def test_the_cookie_goes_nowhere_else(ledger: SmallLedger) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    cookie = reader.get("/dashboard/login", **HTTPS).headers["Set-Cookie"]
    for attribute in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/dashboard"):
        assert attribute in cookie
    log_in(reader)
    for path in ("/health/ready", "/metrics", "/source-attributes"):
        assert "Set-Cookie" not in reader.get(path, **HTTPS).headers


def test_a_form_from_elsewhere_is_refused(ledger: SmallLedger) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    other = production(ledger, dashboard_password_hash=HASH)
    theirs = re.search(r'value="([^"]+)"', other.get("/dashboard/login", **HTTPS).text)[1]
    reader.get("/dashboard/login", **HTTPS)
    for token in ({}, {"token": ""}, {"token": theirs}):
        told = {"password": PASSWORD} | token
        assert reader.post("/dashboard/login", data=told, **HTTPS).status_code == 400
    assert log_in(reader) == 303
    assert reader.post("/dashboard/logout", **HTTPS).status_code == 400
    assert reader.get("/dashboard", **HTTPS).status_code == 200


def test_who_logs_out_is_out(ledger: SmallLedger) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    log_in(reader)
    page = reader.get("/dashboard", **HTTPS).text
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    assert reader.post("/dashboard/logout", data={"token": token}, **HTTPS).status_code == 303
    assert reader.get("/dashboard", **HTTPS).status_code == 303


def test_another_password_ends_all_sessions(ledger: SmallLedger) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    log_in(reader)
    cookie = reader.get_cookie("lumbar-mri-cds-dashboard", "cds.example.org", "/dashboard")
    for hashed, status in ((HASH, 200), (generate_password_hash("another one here"), 303)):
        later = production(ledger, dashboard_password_hash=hashed)
        later.set_cookie(
            cookie.key, cookie.value, domain="cds.example.org", path="/dashboard", secure=True
        )
        assert later.get("/dashboard", **HTTPS).status_code == status


def test_passwords_cannot_be_guessed_one_after_the_other(ledger: SmallLedger) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    given = [log_in(reader, f"guess {number}") for number in range(11)]
    assert given == [403] * 10 + [429]
    form = reader.get("/dashboard/login", **HTTPS).text
    token = re.search(r'name="token" value="([^"]+)"', form)[1]
    answer = reader.post("/dashboard/login", data={"token": token, "password": PASSWORD}, **HTTPS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_neither_the_password_nor_its_hash_is_logged(
    ledger: SmallLedger, capfd: pytest.CaptureFixture[str]
) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    log_in(reader, "a wrong one nobody else has")
    log_in(reader)
    said = "".join(capfd.readouterr())
    assert not [word for word in (PASSWORD, HASH, "a wrong one") if word in said]


def test_the_command_makes_a_hash_that_lets_in(ledger: SmallLedger) -> None:
    told = CliRunner().invoke(main, ["hash-password"], input=f"{PASSWORD}\n{PASSWORD}\n")
    made = told.output.splitlines()[-1]
    assert PASSWORD not in told.output
    assert log_in(production(ledger, dashboard_password_hash=made)) == 303
    assert CliRunner().invoke(main, ["hash-password", "--password", "short"]).exit_code == 1


@pytest.mark.parametrize(
    "told",
    [
        "",
        PASSWORD,
        "scrypt:1:2:3$salt",
        "md5$a$b",
        "scrypt:3:8:1$a$00",
        "scrypt:2:8:9999999999$a$00",
    ],
)
def test_a_setting_that_is_no_hash_is_refused(told: str) -> None:
    with pytest.raises((BadSetting, ValueError), match="hash-password"):
        Settings(dashboard_password_hash=told)


def test_a_ledger_that_is_not_there_is_told(tmp_path: Path) -> None:
    for url in (None, f"sqlite:///{tmp_path}/none/ledger.sqlite"):
        app = create_app(Settings(ledger_url=url))
        if url:
            app.extensions["ledger"].close()
            (tmp_path / "none" / "ledger.sqlite").unlink(missing_ok=True)
        answer = app.test_client().get("/dashboard", **LOOPBACK)
        assert answer.status_code == 503
        assert "cannot be read now" in answer.text


class Slow:
    """What a page is made of, and takes until it is told to go on."""

    def __init__(self) -> None:
        self.inside, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *_given: object) -> None:
        self.inside.set()
        self.go_on.wait(10)
        raise NotAsked("enough")


def test_one_page_is_made_at_a_time(ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = opened(ledger)
    slow = Slow()
    monkeypatch.setattr(shown, "figures", slow)
    monkeypatch.setattr(shown, "_WAITS_S", 0.05)
    first = threading.Thread(target=lambda: reader.get("/dashboard", **LOOPBACK))
    first.start()
    slow.inside.wait(10)
    answer = reader.application.test_client().get("/dashboard", **LOOPBACK)
    slow.go_on.set()
    first.join()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


def test_what_is_asked_stands_in_every_address(reader: FlaskClient) -> None:
    query = urlencode({"from": "2026-03-01", "to": "2026-03-31", "issuer": ISSUER, "mode": "live"})
    page = read(reader, f"/dashboard?{query}")
    for section in SECTIONS:
        assert f'href="/dashboard/{section.id}?{query.replace("&", "&amp;")}"' in page


@pytest.mark.xdist_group("large_ledger")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scope", [{}, {"issuer": LARGE, "mode": "live"}], ids=["all", "one"])
def test_a_page_of_a_dashboard_of_a_large_ledger_is_there_in_a_second(
    large_ledger: str, path: str, scope: dict[str, str]
) -> None:
    """Seconds of computing, the best of three: other tests may be using the machine."""
    app = create_app(Settings(ledger_url=large_ledger))
    app.extensions["ledger"].close()
    days = {"from": "2025-11-01", "to": "2026-10-31"}
    took = []
    for _ in range(3):
        begun = time.process_time()
        answer = app.test_client().get(path, query_string=days | scope, **LOOPBACK)
        took.append(time.process_time() - begun)
    print(f"{path} {scope or ''}: {min(took):.2f} s of computing")
    assert answer.status_code == 200
    assert min(took) < MOST_S


def test_few_pages_wait_so_that_calls_find_a_thread(
    ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = opened(ledger)
    slow = Slow()
    monkeypatch.setattr(shown, "callers", slow)
    monkeypatch.setattr(shown, "_WAITS_S", 8)

    def ask() -> int:
        client = reader.application.test_client()
        return client.get("/dashboard", **LOOPBACK).status_code

    with ThreadPoolExecutor(2) as others:
        waiting = [others.submit(ask)]
        slow.inside.wait(10)
        waiting.append(others.submit(ask))
        time.sleep(0.2)  # until it waits for its turn
        begun = time.monotonic()
        assert [ask() for _ in range(5)] == [503] * 5
        assert time.monotonic() - begun < 4
        slow.go_on.set()
    assert {one.result() for one in waiting} == {400}


def test_eight_hours_begin_with_the_login(
    ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = production(ledger, dashboard_password_hash=HASH)
    log_in(reader)
    reader.get("/dashboard", **HTTPS)  # the first page puts the token of its form into the cookie
    began = int(time.time())
    for hours, status in ((4, 200), (7, 200), (7.9, 200), (8.1, 303)):
        monkeypatch.setattr(
            TimestampSigner, "get_timestamp", lambda _, h=hours: began + int(h * 3600)
        )
        answer = reader.get("/dashboard", **HTTPS)
        assert answer.status_code == status
        if status == 200:
            assert "Set-Cookie" not in answer.headers


def test_a_fault_of_ours_is_told_as_one(
    ledger: SmallLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_given: object) -> None:
        raise ValueError("a word of the ledger")

    monkeypatch.setattr(shown, "figures", faulty)
    answer = opened(ledger).get("/dashboard", **LOOPBACK)
    assert answer.status_code == 500
    assert "a word of the ledger" not in answer.text


def test_a_file_is_named_by_what_it_holds(reader: FlaskClient) -> None:
    query = f"{DAYS}&issuer={ISSUER}&recommendation=DeferSixWeeks&mode=live"
    named = reader.get(f"/dashboard/advice/main.csv?{query}", **LOOPBACK)
    assert named.status_code == 404
    named = reader.get(f"/dashboard/advice/main-numbers.csv?{query}", **LOOPBACK)
    assert named.headers["Content-Disposition"] == (
        "attachment; filename=main-numbers-https-ehr-example-org--DeferSixWeeks-live"
        "-2026-03-01-2026-03-31.csv"
    )
