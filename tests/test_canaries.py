"""Canaries: emergencies that are heard whatever else changes, or the content does not start."""

import json
import re
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from conformance import hold
from losses import code_groups, folder_without, without
from test_content import with_change

from service.cli import main
from service.clinical.guideline import Guideline, Verdict
from service.content import content_folder, load
from service.content.canaries import FILE, Canary, canaries
from service.errors import BadContent
from service.settings import Settings
from service.web import hook
from service.web.answer import Desk, advices, answer
from service.web.arrangement import arrange
from service.web.canaries import call_of, is_heard, prove, told

ALL = canaries(content_folder())
TODAY = date(2026, 11, 26)
# Groups whose loss takes no emergency away, and why.
HARMLESS = {
    ("postprocedural-fever", "icd-10-cm"): "a lost code counts as its category, a fever",
    ("spinal-metastasis", "icd-10-cm"): "each of its codes is also one of an active malignancy",
    ("systemic-corticosteroid-ingredient", "rxnorm"): "a dose is told by the name of the drug",
}
ICD, SNOMED, WORDS = "icd-10-cm", "sct", "words"


def ids(canary: Canary) -> str:
    return canary.id


def desk_of(guideline: Guideline) -> Desk:
    settings = Settings()
    return Desk(settings=settings, anyone=arrange(settings.client, guideline, settings))


def cards_of(canary: Canary, desk: Desk, written: date, as_of: date, of_hook: str) -> list[Any]:
    body = msgspec.json.encode(call_of(canary, of_hook, written))
    return [card for advice in advices(body, desk, as_of) for card in advice.cards]


def silent(desk: Desk) -> list[str]:
    """Name the canaries that do not get their card."""
    return [
        canary.id
        for canary in ALL
        if not is_heard(canary, cards_of(canary, desk, TODAY, TODAY, "order-sign"))
    ]


@pytest.mark.parametrize("canary", ALL, ids=ids)
def test_a_canary_gets_its_card_at_both_hooks(canary: Canary, desk: Desk) -> None:
    for of_hook in hook.HOOKS:
        given = json.loads(
            answer(msgspec.json.encode(call_of(canary, of_hook, TODAY)), desk, TODAY)
        )
        hold(given, desk.guideline)
        assert is_heard(canary, given["cards"]), told(given["cards"])


@pytest.mark.parametrize("canary", ALL, ids=ids)
def test_a_canary_is_heard_in_the_day_of_any_time_zone(canary: Canary, desk: Desk) -> None:
    for days in (-1, 1):
        theirs = TODAY + timedelta(days=days)
        assert is_heard(canary, cards_of(canary, desk, TODAY, theirs, "order-sign"))


def test_canaries_are_heard_on_every_kind_of_day(desk: Desk) -> None:
    """Else a service would refuse to start on a leap day, or at the end of a year."""
    days = [date(2027, 1, 1), date(2027, 3, 1), date(2028, 2, 28), date(2028, 2, 29)]
    days += [date(2028, 3, 1), date(2027, 12, 31), date(2026, 11, 1), date(2031, 7, 14)]
    days += [TODAY + timedelta(days=37 * step) for step in range(40)]
    for day in days:
        for canary in ALL:
            heard = is_heard(canary, cards_of(canary, desk, day, day, "order-sign"))
            assert heard, (canary.id, day)


def test_every_emergency_row_has_a_canary_in_codes_and_one_in_words(desk: Desk) -> None:
    landed = defaultdict(set)
    for canary in ALL:
        body = msgspec.json.encode(call_of(canary, "order-sign", TODAY))
        (advice,) = advices(body, desk, TODAY)
        systems = {item["system"] for item in everything(canary) if "system" in item}
        landed[advice.assessment.row.id] |= {short(s) for s in systems} or {WORDS}
    wanted = {row.id for row in desk.guideline.indication if row.verdict is Verdict.EMERGENCY}
    assert set(landed) == wanted
    # Signs of the cord have no code in SNOMED CT here.
    few = {"R21": {ICD, WORDS}}
    for row, systems in landed.items():
        assert few.get(row, {ICD, SNOMED, WORDS}) <= systems, row


def everything(canary: Canary) -> list[Any]:
    return [item for items in canary.items.values() for item in items]


def short(system: str) -> str:
    return system.rsplit("/", 1)[-1]


def test_every_code_system_of_orders_has_a_canary_and_words_have() -> None:
    assert {canary.order.get("system", WORDS) for canary in ALL} == {
        "http://www.ama-assn.org/go/cpt",
        "http://loinc.org",
        "http://radlex.org",
        "http://snomed.info/sct",
        WORDS,
    }


def test_no_canary_has_words_beside_a_code() -> None:
    for canary in ALL:
        call = call_of(canary, "order-sign", TODAY)
        assert not re.search(r'"display"', json.dumps(call))
        codes = [r["resource"]["code"] for r in call["prefetch"]["conditions"]["entry"]]
        assert all(len(code) == 1 for code in codes)


def test_a_lost_group_of_codes_is_noticed(desk: Desk) -> None:
    """Each value set of an emergency, in each code system: its loss silences a canary."""
    assert silent(desk) == []
    groups = code_groups(desk.guideline)
    assert len(groups) > 40
    unnoticed = {
        (name, short(system))
        for name, system in groups
        if not silent(desk_of(without(desk.guideline, name, system)))
    }
    assert unnoticed == set(HARMLESS)


def test_content_with_a_lost_group_is_refused_and_names_who_fell_silent(tmp_path: Path) -> None:
    folder = folder_without(tmp_path, "cauda-equina-syndrome")
    with pytest.raises(BadContent) as refused:
        prove(folder, load(folder))
    assert refused.value.file == folder / FILE
    assert refused.value.key == "cauda-equina-syndrome-in-icd-10-cm"
    assert refused.value.problem.startswith("expects CaudaEquinaEmergency, got ")


@pytest.mark.parametrize(
    ("old", "new", "canary"),
    [
        ("at_least: 38.0", "at_least: 39.0", "a-temperature-with-a-deficit-in-loinc"),
        ("at_least: 200", "at_least: 460", "a-residual-by-its-name"),
    ],
)
def test_a_threshold_that_grew_is_refused(old: str, new: str, canary: str, tmp_path: Path) -> None:
    folder = with_change(tmp_path, "guideline/criteria.yaml", old, new)
    with pytest.raises(BadContent, match=canary):
        prove(folder, load(folder))


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ("expects: MajorTrauma", "expects: MinorTrauma", "a-car-crash", "'MinorTrauma'"),
        ("expects: CordLevelUrgent", "expects: MajorTrauma", "an-ataxic-gait", "got CordLevel"),
        ("days: 2}", "days: 1}", "charts/0/conditions/0/days", "less than"),
        ("{system: snomed,", "{system: snomd,", "cauda-equina-syndrome-in-snomed", "'snomd'"),
        ("  icd-10-cm: http", "  icd: http", "cauda-equina-syndrome-in-icd-10-cm", "'icd-10-cm'"),
        ("id: foot-drop-in-words", "id: clonus-in-words", "clonus-in-words", "twice"),
        ('code: "72148"}', 'cod: "72148"}', "charts/0/order", ""),
    ],
)
def test_a_wrong_canary_is_named(
    old: str, new: str, key: str, problem: str, tmp_path: Path
) -> None:
    folder = with_change(tmp_path, FILE, old, new)
    with pytest.raises(BadContent) as refused:
        prove(folder, load(folder))
    assert refused.value.key.startswith(key)
    assert problem in refused.value.problem


def test_an_emergency_that_no_canary_expects_is_refused(tmp_path: Path) -> None:
    pattern = re.compile(r"# R50-deficit.*", re.DOTALL)
    folder = with_change(tmp_path, FILE, pattern, "")
    with pytest.raises(BadContent, match="MajorTrauma: is an emergency that no canary expects"):
        prove(folder, load(folder))


def test_check_content_says_how_many_were_heard_or_which_was_not(tmp_path: Path) -> None:
    good = CliRunner().invoke(main, ["check-content"])
    assert good.exit_code == 0
    assert f"{len(ALL)} canaries heard" in good.output
    folder = folder_without(tmp_path, "urinary-retention")
    bad = CliRunner().invoke(main, ["check-content", str(folder)])
    assert bad.exit_code == 1
    assert "urinary-retention-in-icd-10-cm: expects CaudaEquinaEmergency, got" in bad.output
