"""Wrong content never starts the service: the file, the key and the problem are named."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from expand_icd_10_cm import rendered

from service.content import content_folder, load
from service.content.files import Content
from service.content.lexicon import lexicon
from service.content.vocabulary import value_sets
from service.errors import BadContent

CRITERIA = "guideline/criteria.yaml"
TABLE = "guideline/indication.csv"
RETENTION = "- id: urinary-retention\n"
LAST_ROW = re.compile(r"\nR67,R67,.*\n$")
# name: (file, what is replaced, by what, the key named, words of the problem)
WRONG = {
    "broken YAML": (CRITERIA, RETENTION, "- id: [\n", "file", "not YAML in line"),
    "a key twice": (CRITERIA, RETENTION, RETENTION + "  id: x\n", "file", "'id' stands twice"),
    "an unknown key": (CRITERIA, RETENTION, RETENTION + "  weight: 3\n", "urinary-retention", ""),
    "a yes that is no text": (CRITERIA, "says: urinary retention", "says: yes", "urinary", "str"),
    "an unknown kind": (CRITERIA, "kind: both-sides", "kind: all-sides", "both-legs", "both-sides"),
    "an unknown source": (CRITERIA, "[girft-ces-2023]", "[girft-2099]", "cauda", "girft-2099"),
    "no source": (CRITERIA, "sources: [girft-ces-2023]", "sources: []", "cauda", ""),
    "an unknown value set": (CRITERIA, "[urinary-retention]", "[urine]", "urinary", "'urine'"),
    "an unknown quantity": (CRITERIA, "quantity: crp", "quantity: crpp", "crp", "'crpp'"),
    "an unknown section": (CRITERIA, "[medicationRequests]", "[drugs]", "immuno", "drugs"),
    "a measure without a limit": (CRITERIA, "  at_least: 200\n", "", "post-void", ""),
    "a code without a source": (
        "guideline/value-sets/provenance.csv",
        re.compile(r"[^\n]*,G83\.4,[^\n]*\n"),
        "",
        "G83.4",
        "provenance",
    ),
    "a name without a source": (
        "guideline/names.yaml",
        "    sources: [girft-ces-2023, project]\n",
        "",
        "functions/",
        "sources",
    ),
    "a line without a source": (
        "messages/lines.yaml",
        "  sources: [acp-2011, va-dod-2022]\n",
        "",
        "weakness-mild",
        "sources",
    ),
    "a recommendation without a title": (
        "guideline/recommendations.yaml",
        re.compile(r"RecentMri: .*\n"),
        "",
        "recommendations",
        "'RecentMri'",
    ),
    "a title of no recommendation": (
        "guideline/recommendations.yaml",
        "RecentMri:",
        "NoMri: {title: None}\nRecentMri:",
        "NoMri",
        "used by nothing",
    ),
    "a card whose words have no source": (
        "messages/old-deficit/card.yaml",
        "sources:",
        "source:",
        "",
        "",
    ),
    "a look-back beyond what is read": (
        CRITERIA,
        "  within_days: 365\n  above: 10",
        "  within_days: 366\n  above: 10",
        "psa-high",
        "365",
    ),
    "a rule that no row bears": (CRITERIA, "[R21, R40,", "[R99, R40,", "whole-spine", "'R99'"),
    "a parameter of another kind": (
        CRITERIA,
        "  at_least: 200\n",
        "  extents: [some]\n",
        "post",
        "",
    ),
    "a part that does not exist": (
        CRITERIA,
        "    - saddle-numbness\n",
        "    - saddle\n",
        "",
        "saddle",
    ),
    "a criterion twice": (CRITERIA, "- id: saddle-numbness", RETENTION.strip(), "urinary", "twice"),
    "a criterion nobody asks": (
        CRITERIA,
        RETENTION,
        "- id: idle\n  asks: x\n  says: x\n  kind: record-complete\n"
        "  sources: [project]\n" + RETENTION,
        "idle",
        "used by nothing",
    ),
    "another header": (TABLE, "row,rule,verdict", "row,verdict,rule", "header", "must begin"),
    "an unknown column": (TABLE, "cauda-equina-sign,post", "cauda,post", "header", "'cauda'"),
    "an unknown cell": (
        TABLE,
        "acr-lbp-2021,met,",
        "acr-lbp-2021,maybe,",
        "R10/",
        "must be one of",
    ),
    "an emergency that something may remove": (
        TABLE,
        "acr-lbp-2021,met,",
        "acr-lbp-2021,not met,",
        "R10",
        "asks only for 'met'",
    ),
    "an unknown verdict": (TABLE, "R10,R10,emergency", "R10,R10,alarm", "R10/verdict", "must be"),
    "an unknown indicator": (TABLE, ",critical,4", ",hard-stop,4", "R10/indicator", "must be"),
    "an unknown source in a row": (TABLE, "girft-ces-2023 acr", "girft acr", "R10", "'girft'"),
    "a row without a source": (TABLE, "info,,,project,-", "info,,,,-", "R67b", "no source"),
    "a row twice": (TABLE, "\nR11,R11,", "\nR10,R11,", "R10", "stands twice"),
    "a row too long": (
        TABLE,
        "\nR11,R11,",
        "\nR11,R11,emergency,x,x,critical,,,project" + 70 * ",-" + "\nR11b,R11,",
        "R11",
        "too many cells",
    ),
    "no row that catches all": (TABLE, LAST_ROW, "\n", "last row", "catches everything"),
    "a card without words": (
        TABLE,
        ",cauda-equina-sign,CaudaEq",
        ",ces,CaudaEq",
        "file",
        "cannot be",
    ),
    "a summary too long": (
        "messages/old-deficit/en.md",
        re.compile("^"),
        "x" * 140 + " ",
        "line 1",
        "1 to 139",
    ),
    "no detail": (
        "messages/old-deficit/en.md",
        re.compile(r"\n.*", re.S),
        "\n",
        "detail",
        "missing",
    ),
    "a place that nothing fills": (
        "messages/defer-six-weeks/en.md",
        "{days}",
        "{dayz}",
        "line 1",
        "'dayz'",
    ),
    "an unknown suggestion": (
        "messages/defer-six-weeks/card.yaml",
        "remove-order",
        "remove",
        "defer-six-weeks",
        "'remove'",
    ),
    "unknown override reasons": (
        "messages/defer-six-weeks/card.yaml",
        "reasons: deferral",
        "reasons: none",
        "defer",
        "'none'",
    ),
    "a drug to be ordered": (
        "messages/suggestions.yaml",
        "      text: Blood cultures\n",
        "      text: Blood cultures\n    medicationCodeableConcept: {text: x}\n",
        "blood-cultures",
        "",
    ),
    "a study that does not exist": (
        "messages/suggestions.yaml",
        "study: without-contrast",
        "study: mri",
        "",
        "'mri'",
    ),
    "a frame with a place nobody fills": (
        "messages/frame.yaml",
        "{as_of}",
        "{today}",
        "footer",
        "'today'",
    ),
    "a pattern that is none": (
        "guideline/reading.yaml",
        "modality: '",
        "modality: '(",
        "trigger/modality",
        "not a pattern",
    ),
    "a value set that is not JSON": (
        "guideline/value-sets/fever.json",
        "{",
        "",
        "file",
        "not JSON",
    ),
    "a value set without codes": (
        "guideline/value-sets/obs-psa.json",
        re.compile(r'"include".*', re.S),
        '"include": []}}',
        "compose",
        "no code",
    ),
    "a value set of another shape": (
        "guideline/value-sets/obs-psa.json",
        '"compose"',
        '"content"',
        "compose",
        "not a FHIR",
    ),
    "a source that nothing cites": (
        "guideline/sources.yaml",
        re.compile("^"),
        "- {id: idle, label: x, year: 2020}\n",
        "idle",
        "used by nothing",
    ),
    "text that is not UTF-8": (
        "guideline/names.yaml",
        re.compile("^"),
        "\udcff",
        "file",
        "Unicode",
    ),
}


def with_change(tmp_path: Path, file: str, old: str | re.Pattern[str], new: str) -> Path:
    folder = tmp_path / "cards"
    shutil.copytree(content_folder(), folder)
    path = folder / file
    before = path.read_text(encoding="utf-8")
    pattern = old if isinstance(old, re.Pattern) else re.compile(re.escape(old))
    after = pattern.sub(lambda _: new, before, count=1)
    assert after != before
    path.write_bytes(after.encode("utf-8", "surrogateescape"))
    return folder


@pytest.mark.parametrize("name", WRONG)
def test_wrong_content_is_refused(name: str, tmp_path: Path) -> None:
    file, old, new, key, problem = WRONG[name]
    with pytest.raises(BadContent) as refused:
        load(with_change(tmp_path, file, old, new))
    assert refused.value.key.startswith(key)
    assert problem in refused.value.problem
    assert str(refused.value).startswith(str(refused.value.file))


def test_a_message_that_no_row_shows_is_refused(tmp_path: Path) -> None:
    folder = with_change(tmp_path, "guideline/guideline.yaml", "0.1.0", "0.1.1")
    shutil.copytree(folder / "messages" / "old-deficit", folder / "messages" / "spare")
    with pytest.raises(BadContent, match="spare: is used by nothing"):
        load(folder)


def test_any_edit_changes_the_content_version(tmp_path: Path) -> None:
    changed = with_change(tmp_path, "messages/old-deficit/en.md", re.compile(r"\s*$"), "\n\n")
    assert load(changed).version != load(content_folder()).version


def test_a_threshold_is_changed_in_one_place(tmp_path: Path) -> None:
    changed = with_change(tmp_path, CRITERIA, "at_least: 200", "at_least: 300")
    assert load(changed).criteria["post-void-residual-high"].at_least == 300


def test_every_message_is_read_in_full(tmp_path: Path) -> None:
    for message in load(content_folder()).messages.values():
        assert message.override_reasons
        assert message.rule_in_words.endswith(".")


def test_the_shipped_icd_10_cm_codes_are_those_of_the_filters() -> None:
    shipped = (ROOT / "cards" / "guideline" / "icd-10-cm.json").read_text(encoding="utf-8")
    assert shipped == rendered(), "run `make expansion`"


def test_every_list_read_newest_first_is_asked_for_far_enough_back() -> None:
    """A page cut off is complete only if no question looks further back than the horizon."""
    guideline = load(content_folder())
    for criterion in guideline.criteria.values():
        for group in criterion.groups:
            if criterion.within_days is not None and group in guideline.reading.look_back_days:
                assert criterion.within_days <= guideline.reading.look_back_days[group]


LEXICON_WRONG = {
    "a concept that nothing knows": (
        "names-other", "concept: osteopenia", "concept: osteo-x", "osteo-x"),
    "a source that is not there": ("names-other", "[acp-2011, project]", "[acp-2099]", "acp-2099"),
    "a set of words that is none": ("names-other", "<fracture>", "<fractur>", "<fractur>"),
    "a phrase that stands anywhere": ("names-other", "[osteopenia,", "[(osteopenia),", "nothing"),
    "a group that does not exist": ("cues", "only: care", "only: cares", "'cares'"),
    "an answer that says nothing": ("words", "['no', n, none, never,", "[nope, n,", "'nope'"),
    "a group of nothing": ("concepts", "[prior-lumbar-surgery,", "[surgery,", "'surgery'"),
    "no source": ("names-other", "sources: [project]", "sources: []", "[]"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEXICON_WRONG)
def test_a_wrong_lexicon_is_refused(name: str, tmp_path: Path) -> None:
    file, old, new, problem = LEXICON_WRONG[name]
    content = Content(folder=with_change(tmp_path, f"guideline/text/en/{file}.yaml", old, new))
    with pytest.raises(BadContent, match=re.escape(problem)):
        lexicon(content, value_sets(content), load(content.folder).sources)
