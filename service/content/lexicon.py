"""The lexicon of the text reader: the words of `cards/guideline/text/`, of one language."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from service.clinical.chart import Assertion, Side
from service.clinical.text.lexicon import (
    Context,
    Cue,
    Form,
    Lexicon,
    Name,
    Reach,
    Role,
    Times,
    Unit,
    Units,
)
from service.content.files import Content, known
from service.content.phrases import Net, Phrase, Phrases, needed_words, variants

_GROUPS = ("urgent", "always_past", "never_past", "never_long_standing", "headings")
_LISTS = ("carry_on", "options", "fillers", "exceptions", "lessened")  # plain lists of words
_FORMS = {"names": Form.PLAIN, "worse": Form.PLAIN, "capitals": Form.PLAIN, "normal": Form.NORMAL,
          "maybe": Form.MAYBE, "label": Form.LABEL, "number": Form.NUMBER}  # fmt: skip


def lexicon(content: Content, concepts: Iterable[str], sources: Iterable[str]) -> Lexicon:
    """Read the lexicon of one language; raises BadContent for a concept nothing else knows.

    A concept is a value set, or is declared in `concepts.yaml` as one that only a text can name.
    """
    folder = content.guideline / "text" / "en"
    row = content.yaml(folder / "words.yaml", "text-words")
    cues = content.yaml(folder / "cues.yaml", "text-cues")
    own = content.yaml(folder / "concepts.yaml", "text-concepts")
    there = {*concepts, *own["only_in_text"]}
    strokes = sorted(row["joined"], key=lambda word: (-len(word), word))
    joined = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, strokes))})(?!\w)")
    phrases = Phrases(folder, joined, {**row["sets"], **cues["sets"]})
    answers = [word for some in row["answers"].values() for word in some]
    known(folder / "words.yaml", "bare_answers", "it", row["bare_answers"], answers)
    for path in (folder / "words.yaml", folder / "cues.yaml", folder / "concepts.yaml"):
        listed = {"words": row, "cues": cues, "concepts": own}[path.stem]["sources"]
        known(path, "sources", "it", listed, sources)
    names = list(_names(content, folder, phrases, there, set(sources)))
    groups = {name: frozenset(some) for name, some in own["groups"].items()}
    for name, some in groups.items():
        known(folder / "concepts.yaml", name, "it", some, there)
    cues_read = list(_cues(folder, cues, phrases, groups))
    return _built((row, own), phrases, (names, cues_read), groups)


def _built(
    rows: tuple[Mapping[str, Any], Mapping[str, Any]],
    phrases: Phrases,
    read: tuple[list[Phrase], list[Phrase]],
    groups: Mapping[str, frozenset[str]],
) -> Lexicon:
    """Put the words, and the net of phrases, together."""
    row, own = rows
    names, cues = read
    # "f/c" is read as one word, and sought by the first of its letters.
    everyday = _flat([*row["everyday"], *row["fillers"], *row["sets"]["*"]], phrases)
    needed = needed_words((steps for steps, _ in names), everyday)
    openers = {word.partition("_")[0] for word in needed}
    misspelled = {wrong: meant for meant, some in row["spellings"].items() for wrong in some}
    openers.update(wrong for wrong, meant in misspelled.items() if meant in openers)
    return Lexicon(
        root=Net([*names, *cues]).root,
        openers=frozenset(openers),
        counted=frozenset(row["contexts"]["strength"]) | frozenset(row["contexts"]["pain"]),
        joined=phrases.joined,
        spellings=misspelled,
        abbreviations=frozenset(row["abbreviations"]),
        **{name: _flat(row[name], phrases) for name in _LISTS},
        answers={w: Assertion(kind) for kind, some in row["answers"].items() for w in some},
        bare_answers=frozenset(row["bare_answers"]),
        unanswered=_by_first_word(row["unanswered"], phrases),
        times=_times(row["times"], phrases),
        measures=_measures(row, phrases),
        sides={w: Side(side) for side, some in row["sides"].items() for w in _flat(some, phrases)},
        contexts=_contexts(row["contexts"], phrases),
        grade_of=frozenset(row["grade_of"]),
        out_of=frozenset(row["out_of"]),
        strength=own["strength"],
        weakness=own["weakness"],
        score=own["score"],
        **{name: groups[name] for name in _GROUPS},
    )


def text_concepts(content: Content) -> frozenset[str]:
    """List the concepts that only a text can name."""
    path = content.guideline / "text" / "en" / "concepts.yaml"
    return frozenset(content.yaml(path, "text-concepts")["only_in_text"])


def _flat(words: Iterable[str], phrases: Phrases) -> frozenset[str]:
    return frozenset(token for word in words for token in phrases.words(word))


def _by_first_word(some: Iterable[str], phrases: Phrases) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for words in sorted(map(phrases.words, some), key=len, reverse=True):
        found[words[0]] = (*found.get(words[0], ()), words)
    return found


def _contexts(row: Mapping[str, list[str]], phrases: Phrases) -> dict[str, frozenset[Context]]:
    found: dict[str, frozenset[Context]] = {}
    for kind, words in row.items():
        for word in _flat(words, phrases):
            found[word] = found.get(word, frozenset()) | {Context(kind)}
    return found


def _times(row: Mapping[str, Any], phrases: Phrases) -> Times:
    """Read the words for days and durations."""
    ago: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for phrase, days in row["days_ago"].items():
        words = phrases.words(phrase)
        ago.setdefault(words[0], []).append((words, days))
    dated, counted = (*row["since"], *row["months"]), (*row["during"], *row["numbers"])
    days = _flat(dated, phrases) | frozenset(ago)
    lists = ("since", "during", "ago", "opens", "more", "less", "to", "skipped", "other_words")
    beside = ("not_before", "not_after", "visits")
    read = {name: _flat(row[name], phrases) for name in (*lists, *beside)}
    follow = {*row["units"], *row["numbers"], *read["to"], *read["skipped"]}
    return Times(
        **read,
        after_a_number=frozenset(follow),
        days=days,
        lengths=_flat(counted, phrases) - days,
        numbers={word: (low, high) for word, (low, high) in row["numbers"].items()},
        units=row["units"],
        plural=tuple(row["plural"]),
        months=row["months"],
        weekdays=row["weekdays"],
        days_ago={word: tuple(sorted(some, key=_longest)) for word, some in ago.items()},
        parts=row["parts"],
        earliest_year=row["earliest_year"],
        longest_days=row["longest_days"],
        long_ago_days=row["long_ago_days"],
        long_standing_days=row["long_standing_days"],
    )


def _longest(phrase: tuple[tuple[str, ...], int]) -> int:
    return -len(phrase[0])


def _measures(row: Mapping[str, Any], phrases: Phrases) -> dict[str, Units]:
    others: Mapping[str, list[str]] = row["other_units"]
    return {
        kind: Units(
            known=_units(units, phrases),
            others=_flat(others[kind], phrases) if kind in others else None,
        )
        for kind, units in row["measures"].items()
    }


def _units(rows: Iterable[Mapping[str, Any]], phrases: Phrases) -> tuple[Unit, ...]:
    return tuple(
        Unit(
            names=tuple(phrases.words(name) for name in row["names"]),
            unit=row.get("unit"),
            lowest=float(row["lowest"]),
            highest=float(row["highest"]),
        )
        for row in rows
    )


def _names(
    content: Content, folder: Path, phrases: Phrases, concepts: set[str], sources: set[str]
) -> Iterator[Phrase]:
    """Read the names of concepts, in whatever files they stand."""
    for path in sorted(folder.glob("names-*.yaml")):
        for row in content.yaml(path, "text-names"):
            concept = row["concept"]
            known(path, concept, "concept", [concept], concepts)
            known(path, concept, "sources", row["sources"], sources)
            known(path, concept, "absent_as", filter(None, [row.get("absent_as")]), concepts)
            known(path, concept, "measured_as", filter(None, [row.get("measured_as")]), concepts)
            for key, form in _FORMS.items():
                name, plurals = _name(row, key, form), key != "capitals"
                for phrase in row.get(key, ()):
                    for variant in variants(phrase):
                        yield phrases.steps(variant, plurals=plurals), name


def _name(row: Mapping[str, Any], key: str, form: Form) -> Name:
    return Name(
        concept=row["concept"],
        form=form,
        capitals=key == "capitals",
        worse=key == "worse",
        measure=row.get("measure"),
        measured_as=row.get("measured_as"),
        needs=Context(row["needs"]) if "needs" in row else None,
        unless=Context(row["unless"]) if "unless" in row else None,
        absent_as=row.get("absent_as"),
    )


def _cues(
    folder: Path,
    rows: Mapping[str, Any],
    phrases: Phrases,
    groups: Mapping[str, frozenset[str]],
) -> Iterator[Phrase]:
    """Read the cues, and the decoys that take a cue for themselves."""
    for phrase in rows["decoys"]:
        yield phrases.steps(phrase, plurals=False), Name(concept="")
    for row in rows["cues"]:
        known(folder / "cues.yaml", "only", "it", filter(None, [row.get("only")]), groups)
        cue = Cue(
            role=Role(row.get("role", Role.TURN)),
            turns=Assertion(row["turns"]) if "turns" in row else None,
            reach=Reach(row.get("reach", Reach.SENTENCE)),
            only=groups[row["only"]] if "only" in row else None,
            urgent=Assertion(row["urgent"]) if "urgent" in row else None,
            resets=row.get("resets", False),
            sets_aside=row.get("sets_aside", False),
        )
        for phrase in row["phrases"]:
            for variant in variants(phrase):
                yield phrases.steps(variant, plurals=False), cue
