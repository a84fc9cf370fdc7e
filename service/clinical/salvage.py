"""Reads a resource that does not fit its type field by field, so that only the misfit is lost."""

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

S = TypeVar("S", bound=Struct)
_DOES_NOT_FIT = (msgspec.MsgspecError, RecursionError, ValueError)


def salvage(value: object, kind: type[S]) -> S:
    """Read what can be read of a resource that does not fit, field by field.

    A field that does not fit stays empty; of a list, the items that fit are kept; a code given as
    a plain string becomes the text of that code, since an alarm may stand there.
    """
    if not isinstance(value, dict):
        return kind()
    kept = {}
    for part in msgspec.structs.fields(kind):
        if part.encode_name in value:
            kept[part.name] = _fitting(value[part.encode_name], part.type)
    return kind(**{name: found for name, found in kept.items() if found is not None})


def _fitting(value: object, kind: Any) -> Any:
    """Read one value as `kind`, or as much of it as fits, or None."""
    as_text = {"text": value} if isinstance(value, str) else value
    for attempt in (value, as_text, [value], [as_text]):
        try:
            return msgspec.convert(attempt, kind)
        except _DOES_NOT_FIT:
            continue
    if isinstance(value, list):
        return _fitting_items(value, kind)
    if isinstance(value, dict):
        return _fitting_struct(value, kind)
    return None


def _fitting_items(values: list[object], kind: Any) -> Any:
    """Keep the items of a list that fit, if the field is a list at all."""
    for listed in (a for a in getattr(kind, "__args__", ()) if hasattr(a, "__args__")):
        fitting = (_fitting(value, listed.__args__[0]) for value in values)
        kept = [found for found in fitting if found is not None]
        if kept:
            return listed.__origin__(kept)  # a list, or a tuple
    return None


def _fitting_struct(value: dict[str, object], kind: Any) -> Any:
    """Read an object as the first struct that the field may be."""
    for option in (kind, *getattr(kind, "__args__", ())):
        if isinstance(option, type) and issubclass(option, Struct):
            return salvage(value, option)
    return None
