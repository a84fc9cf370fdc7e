"""The types of `cards/messages/`: what a card says and offers, and how its places are filled."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestionTemplate:
    """One thing that a card offers to do, in words and in kind."""

    id: str
    label: str
    description: str
    action: str
    resource: Mapping[str, object] | None = None
    due: str | None = None
    study: str | None = None
    when: tuple[str, ...] = ()  # criteria of which one must be met for the offer
    unless: tuple[str, ...] = ()  # criteria of which any takes the offer back


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a card says."""

    id: str
    summary: str
    detail: str
    rule_in_words: str
    suggestions: tuple[SuggestionTemplate, ...]
    override_reasons: tuple[Mapping[str, str], ...]
    shows_not_documented: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One sentence that a finding adds to the detail of some cards."""

    id: str
    says: str
    rules: frozenset[str]  # of the first card; empty for every one
    when: tuple[str, ...]  # criteria that are all met
    unless: tuple[str, ...]  # criteria of which none is met


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """One study that may be offered: its value set, and a code of it in each code system."""

    value_set: str
    codes: Mapping[str, tuple[str, str]]  # system -> (code, display)


def fill(template: str, facts: Mapping[str, str]) -> str:
    """Put facts into the places that a template names in braces."""
    if "{" not in template:
        return template
    for name, value in facts.items():
        template = template.replace("{" + name + "}", value)
    return template
