"""What the house asks of its own code: small, captioned, without medicine in Python."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from service.content import content_folder, load
from service.content.files import Content
from service.content.vocabulary import value_sets

SERVICE = sorted((ROOT / "service").rglob("*.py"))
PYTHON = sorted([*SERVICE, *(ROOT / "tests").rglob("*.py")])
MOST_LINES_A_FUNCTION = 40
MOST_LINES_A_FILE = 300
FILE_REASON = "# More than 300 lines because "
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def project_files() -> Iterator[Path]:
    """Give the files of the project, not what its tools leave beside them."""
    left_by_tools = re.compile(r"__pycache__|\.egg-info$|^\.(?!ci$)|^(var|dist|build)$")
    folders = [ROOT]
    while folders:
        for path in folders.pop().iterdir():
            if path.is_file():
                yield path
            elif not left_by_tools.search(path.name):
                folders.append(path)


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SERVICE, ids=name_of)
def test_no_function_is_long_and_no_file(path: Path) -> None:
    for node in nodes(path):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MOST_LINES_A_FUNCTION, node.name
    content = path.read_text(encoding="utf-8")
    assert len(content.splitlines()) <= MOST_LINES_A_FILE or FILE_REASON in content


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_every_module_begins_with_a_caption_of_one_line(path: Path) -> None:
    caption = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert caption
    assert len(caption.splitlines()[0]) < 100


@pytest.mark.parametrize("path", SERVICE, ids=name_of)
def test_what_is_public_says_what_it_does(path: Path) -> None:
    for node in nodes(path):
        if isinstance(node, DEFINITIONS) and not node.name.startswith("_"):
            inner = path.name in ("app.py", "refusals.py") and isinstance(node, ast.FunctionDef)
            assert ast.get_docstring(node) or inner, node.name


@pytest.mark.parametrize("path", SERVICE, ids=name_of)
def test_a_function_takes_few_parameters(path: Path) -> None:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef):
            given = [a for a in node.args.args if a.arg not in ("self", "cls")]
            assert len(given) <= 5, node.name


def test_no_clinical_code_stands_in_python() -> None:
    codes = {code for members in value_sets(Content(folder=content_folder())).values()
             for _, code, _ in members if len(code) >= 4}  # fmt: skip
    for path in SERVICE:
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in codes, f"{name_of(path)}: {node.value}"


def test_no_word_of_a_card_stands_in_python() -> None:
    """Every sentence that a clinician reads comes from `cards/`."""
    guideline = load(content_folder())
    sentences = {m.summary for m in guideline.messages.values()} | {
        c.says for c in guideline.criteria.values() if " " in c.says
    }
    for path in SERVICE:
        content = path.read_text(encoding="utf-8")
        assert not [s for s in sentences if f'"{s}"' in content], name_of(path)


def test_no_test_is_left_out() -> None:
    hides = re.compile(r"pytest\.(mark\.)?(skip|xfail|importorskip)\w*")
    for path in (ROOT / "tests").rglob("*.py"):
        assert not hides.findall(path.read_text(encoding="utf-8").replace(hides.pattern, ""))


def test_nothing_tells_of_a_machine_or_of_how_this_was_made() -> None:
    told = re.compile(r"(?<![\w.])/(?:root|home|Users|work|tmp/\w)[/\w]*\b|\bTODO\b|\bFIXME\b")
    for path in project_files():
        if path.suffix in (".py", ".md", ".yaml", ".csv", ".toml", ""):
            content = path.read_text(encoding="utf-8", errors="replace").replace(told.pattern, "")
            assert not told.findall(content), name_of(path)


def test_the_words_that_are_never_used_are_not_used() -> None:
    never = re.compile(r"\b(cleared|must not|do not order|clinically validated)\b", re.IGNORECASE)
    for path in (ROOT / "cards" / "messages").rglob("*"):
        if path.is_file():
            assert not never.search(path.read_text(encoding="utf-8")), path.name
            assert not re.search(r"\bsafe\b", path.read_text(encoding="utf-8"), re.IGNORECASE)


def test_only_the_clock_of_the_door_is_read() -> None:
    """Deadlines towards other servers and databases are counted by a clock that tells no date."""
    clock = {"today", "now", "utcnow", "time"}
    for path in SERVICE:
        if "web" in path.parts or path.name == "cli.py":
            continue
        counts_time = {"ehr", "ledger"} & set(path.parts)
        clock = clock - {"monotonic"} if counts_time else clock | {"monotonic"}
        calls = [n for n in nodes(path) if isinstance(n, ast.Call)]
        named = [n.func for n in calls if isinstance(n.func, ast.Attribute)]
        assert not [n.attr for n in named if n.attr in clock], name_of(path)


def test_the_lock_names_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    locked = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    for wanted in needed:
        name = re.split(r"[<>=!~;\[]", wanted)[0]
        pinned = rf"^{name.replace('.', '[.-]')}(\[\w+\])?=="
        assert re.search(pinned, locked, re.MULTILINE), name
    serving = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "pytest" not in serving


A_PROPERTY_THAT_FAILS = """
import schemathesis.engine
from hypothesis import given, settings, strategies

@settings(database=None)
@given(strategies.lists(strategies.integers(), min_size=2))
def test_it(numbers):
    assert len(numbers) < 2
"""


def test_a_property_that_fails_tells_what_was_drawn(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(A_PROPERTY_THAT_FAILS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-c", ROOT / "pyproject.toml"]
    told = subprocess.run([*command, tmp_path], capture_output=True, text=True, cwd=ROOT)
    assert "numbers=[0, 0]" in told.stdout


@pytest.mark.xdist_group("this one")
def test_groups_of_tests_are_known_to_those_who_share_them_out(
    request: pytest.FixtureRequest,
) -> None:
    """Else servers are begun on each worker, and what is timed runs beside other tests."""
    is_grouped = request.config.getoption("loadgroup", default=False)
    assert request.node.nodeid.endswith("@this one") is is_grouped
