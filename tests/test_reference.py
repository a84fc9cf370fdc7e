"""The reference for content owners is what `cards/` says, and moves nothing that is served."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT
from reference import FOLDER, PAGES
from test_documents import LINK, anchor

from service.content import content_folder, load
from service.web.answer import Desk


def read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(content_folder(), tmp_path / "cards"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    assert read(name) == PAGES[name](content_folder()), "run `make reference`"


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    headings = {page: re.findall(r"^#+ (.*)$", read(page), re.MULTILINE) for page in PAGES}
    anchors = {page: {anchor(heading) for heading in some} for page, some in headings.items()}
    for target, place in set(LINK.findall(read(name))):
        assert (FOLDER / target).exists()
        assert not place or place in anchors[target or name]


def test_every_row_and_question_is_told(desk: Desk) -> None:
    told = read("rules.md")
    for row in desk.guideline.indication:
        (line,) = re.findall(rf"^\| {re.escape(row.id)} \| .*$", told, re.MULTILINE)
        assert line.count("](#") == len(row.cells)
        assert f"| {' '.join(row.sources)} |" in line
    for criterion in desk.guideline.criteria.values():
        assert f"\n### {criterion.id}\n\n{criterion.asks} " in told


def test_a_row_is_told_in_plain_words(desk: Desk) -> None:
    (line,) = re.findall(r"^\| R51-bone-unknown \|.*$", read("rules.md"), re.MULTILINE)
    cells = {criterion: status for row in desk.guideline.indication if row.id in line.split()
             for criterion, status in row.cells}  # fmt: skip
    for criterion, status in cells.items():
        said = f"[{desk.guideline.criteria[criterion].says}](#{criterion})"
        assert {"met": said, "unknown": f"**not known whether** {said}"}[status] in line


def test_every_code_is_told() -> None:
    told = read("codes.md")
    for path in (content_folder() / "guideline" / "value-sets").glob("*.json"):
        (section,) = re.findall(rf"\n## {path.stem}\n(.*?)(?=\n## |\Z)", told, re.DOTALL)
        content = json.loads(path.read_text(encoding="utf-8"))
        assert content["title"] in section
        for statement in content["compose"]["include"]:
            for concept in statement.get("concept", ()):
                assert f" | {concept['code']} | {concept['display']} | " in section
            for condition in statement.get("filter", ()):
                assert re.search(rf"\| {condition['value']} and below \([1-9]\d* codes\)", section)
        exceptions = content["compose"].get("exclude", ())
        assert section.count("**not** ") == len(exceptions)


def test_every_table_is_told() -> None:
    told = read("rules.md")
    for path in (content_folder() / "guideline").glob("*.csv"):
        assert f"\n## {path.name}\n" in told


def test_the_reference_does_not_change_the_content_version(copied: Path) -> None:
    before = load(copied).version
    (copied / "reference" / "rules.md").write_text("another", encoding="utf-8")
    assert load(copied).version == before
    shutil.rmtree(copied / "reference")
    assert load(copied).version == before == load(content_folder()).version


def test_all_of_the_content_is_shipped_and_the_reference_is_not() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    there = {f"cards/{path.name}" for path in (ROOT / "cards").iterdir()}
    assert set(shipped) == there - {"cards/reference"}
    assert all(target == f"service/{source}" for source, target in shipped.items())
