"""From the files of `cards/` to the Guideline: its questions, its tables, its words."""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from service.clinical.chart import Group
from service.clinical.guideline import (
    CareRule,
    Criterion,
    DurationRule,
    EpisodeRule,
    Guideline,
    Kind,
    RatingRule,
    Row,
    Screening,
    Source,
)
from service.clinical.words import Line
from service.content import vocabulary
from service.content.attributes import source_attributes
from service.content.criteria import criteria as read_criteria
from service.content.files import Content, known, none_unused
from service.content.lexicon import lexicon, text_concepts
from service.content.messages import frame, lines, messages
from service.content.tables import flags_named, table
from service.errors import BadContent

_LISTS_OF_WORDS = ("not_medicine",)


def load(folder: Path) -> Guideline:
    """Read all of `cards/`; raises BadContent naming the file, the key and the problem."""
    content = Content(folder=folder)
    settings = content.yaml(content.guideline / "guideline.yaml", "guideline")
    sources = _sources(content)
    sets = vocabulary.value_sets(content)
    concepts = {*sets, *vocabulary.named_only(content, sets), *text_concepts(content)}
    criteria = read_criteria(content, sources, concepts, vocabulary.quantities(content))
    tables = _tables(content, settings, criteria, sources)
    every_row = list(chain(*tables))
    added = lines(content, criteria, every_row, sources)
    said = messages(content, flags_named(every_row, criteria), criteria, sources)
    _checked(content, settings, concepts, criteria, every_row)
    _all_used(content, sources, criteria, every_row, (settings, added, said))
    return Guideline(
        version=f"{settings['version']}+{content.digest()}",
        topic_system=settings["topic_system"],
        titles=_titles(content, every_row),
        sources=sources,
        source_attributes=source_attributes(content, sources, criteria),
        criteria=criteria,
        quantities=vocabulary.quantities(content),
        indication=tables[0],
        modifiers=tuple(tables[1:]),
        priority=tuple(settings["modifiers"]["priority"]),
        most_modifiers=settings["modifiers"]["most"],
        messages=said,
        lines=added,
        frame=frame(content),
        reading=vocabulary.reading(content, sets, lexicon(content, concepts, sources)),
        needed=tuple(Group(name) for name in settings["needed"]),
        required=tuple(Group(name) for name in settings["required"]),
        helpful={Group(name): said for name, said in settings["helpful"].items()},
        episode=EpisodeRule(**_rule(settings["episode"])),
        duration=DurationRule(**_rule(settings["duration"])),
        care=CareRule(**_rule(settings["care"])),
        rating=RatingRule(**_rule(settings["rating"])),
        screening=_screening(settings["screening"]),
        studies=vocabulary.studies(content, sets, settings["studies"]),
    )


def _tables(
    content: Content,
    settings: Mapping[str, Any],
    criteria: Mapping[str, Criterion],
    sources: Mapping[str, Source],
) -> list[tuple[Row, ...]]:
    """Read the table of the indication, which catches everything, and those on the study."""
    names = ("indication", *settings["modifiers"]["tables"])
    return [
        table(content.guideline / f"{name}.csv", criteria, sources, catches_all=name == names[0])
        for name in names
    ]


def _rule(row: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the lists of a rule into tuples; its sources are for readers only."""
    kept = {name: value for name, value in row.items() if name != "sources"}
    found = {name: tuple(v) if isinstance(v, list) else v for name, v in kept.items()}
    return found | {name: frozenset(found[name]) for name in _LISTS_OF_WORDS if name in found}


def _screening(row: Mapping[str, Any]) -> Screening:
    items = tuple((item["name"], tuple(item["criteria"])) for item in row["items"])
    return Screening(items=items, general=row["general"])


def _sources(content: Content) -> dict[str, Source]:
    rows = content.yaml(content.guideline / "sources.yaml", "sources")
    return {row["id"]: Source(**row) for row in rows}


def _titles(content: Content, rows: Iterable[Row]) -> dict[str, str]:
    """Read what each recommendation of the tables is called where cards are counted."""
    path = content.guideline / "recommendations.yaml"
    found = content.yaml(path, "recommendations")
    given = {row.recommendation for row in rows}
    known(path, "recommendations", "a table", given, found)
    none_unused(path, set(found) - given)
    return {name: row["title"] for name, row in found.items()}


def _checked(
    content: Content,
    settings: Mapping[str, Any],
    concepts: set[str],
    criteria: Mapping[str, Criterion],
    rows: list[Row],
) -> None:
    """Refuse a name in the settings, or a rule in a question, that nothing bears."""
    path = content.guideline / "guideline.yaml"
    known(path, "screening", "it", _screened(settings), criteria)
    known(path, "episode", "it", settings["episode"]["symptoms"], concepts)
    care = settings["care"]
    lists = ("therapy", "general", "impossible", "injections", "medicine")
    named = [name for key in lists for name in care[key]]
    known(path, "care", "it", [*named, care["referral"]], concepts)
    known(path, "duration", "it", [settings["duration"]["onset_concept"]], concepts)
    rules = {row.rule for row in rows} | {row.id for row in rows}
    for criterion in criteria.values():
        known(content.guideline / "criteria.yaml", criterion.id, "rules", criterion.rules, rules)
    given = {(row.rule, row.recommendation) for row in rows}
    if len(given) > len({rule for rule, _ in given}):
        raise BadContent(path.parent, "rule", "gives two recommendations; a card tells its rule")
    modifying = {row.rule for row in rows if row.table in settings["modifiers"]["tables"]}
    known(path, "priority", "a table", modifying, settings["modifiers"]["priority"])
    ratings = {row.rating for row in rows if row.rating}
    known(path, "rating", "a table", ratings, settings["rating"]["codes"])


def _screened(settings: Mapping[str, Any]) -> list[str]:
    screening = settings["screening"]
    return [screening["general"], *(n for item in screening["items"] for n in item["criteria"])]


def _all_used(
    content: Content,
    sources: Mapping[str, Source],
    criteria: Mapping[str, Criterion],
    rows: Iterable[Row],
    others: tuple[Mapping[str, Any], Iterable[Line], Mapping[str, Any]],
) -> None:
    """Refuse a criterion that nothing asks, or a source that nothing cites."""
    settings, added, said = others
    asked = {criterion for row in rows for criterion, _ in row.cells}
    asked |= {part for c in criteria.values() for part in (*c.of, *c.but_not)}
    asked |= set(_screened(settings))
    asked |= {c for line in added for c in (*line.when, *line.unless)}
    offers = [offer for message in said.values() for offer in message.suggestions]
    asked |= {c for offer in offers for c in (*offer.when, *offer.unless)}
    # How long it has lasted is shown on every card.
    asked |= {c.id for c in criteria.values() if c.kind is Kind.SYMPTOM_DURATION}
    cited = {source for row in rows for source in row.sources}
    cited |= {source for criterion in criteria.values() for source in criterion.sources}
    rules = [rule for rule in settings.values() if isinstance(rule, dict)]
    cited |= {source for rule in rules for source in rule.get("sources", ())}
    known(content.guideline / "guideline.yaml", "sources", "a rule", cited, sources)
    none_unused(content.guideline / "criteria.yaml", set(criteria) - asked)
    none_unused(content.guideline / "sources.yaml", set(sources) - cited)
