"""The files of `cards/`: where they are, and how each is read and held against its schema."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from service.errors import BadContent


def content_folder() -> Path:
    """Find `cards/`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "cards"
    return inside if inside.is_dir() else package.parent / "cards"


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """One folder of content."""

    folder: Path

    @property
    def guideline(self) -> Path:
        """When a card is shown."""
        return self.folder / "guideline"

    @property
    def messages(self) -> Path:
        """What a card says."""
        return self.folder / "messages"

    def yaml(self, path: Path, schema: str) -> Any:
        """Read a YAML file that fits a schema of `schemas/`; raises BadContent."""
        try:
            content = yaml.load(text(path), Loader=_StrictLoader)  # noqa: S506 - a safe loader
        except yaml.YAMLError as problem:
            raise BadContent(path, "file", _where(problem)) from problem
        return _checked(content, path, self.folder / "schemas" / f"{schema}.json")

    def digest(self) -> str:
        """Name the content by every byte of it, so that any edit shows.

        Left out is `reference/`: it is made from the rest, and says nothing of its own.
        """
        found = hashlib.sha256()
        made = self.folder / "reference"
        for path in sorted(self.folder.rglob("*")):
            written = path.suffix in (".yaml", ".csv", ".json", ".md") and path.is_file()
            if written and made not in path.parents:
                found.update(path.relative_to(self.folder).as_posix().encode())
                found.update(path.read_bytes())
        return found.hexdigest()[:12]


class _StrictLoader(yaml.CSafeLoader):
    """Plain YAML in which a key that stands twice is an error, not a silent replacement."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Read one mapping."""
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands twice", key.start_mark
                )
            seen.add(name)
        return dict(super().construct_mapping(node, deep=deep))


def _where(problem: yaml.YAMLError) -> str:
    mark = getattr(problem, "problem_mark", None)
    line = f" in line {mark.line + 1}" if mark else ""
    return f"is not YAML{line}: {getattr(problem, 'problem', None) or 'unreadable'}"


def text(path: Path) -> str:
    """Read a file as UTF-8; raises BadContent."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadContent(path, "file", f"cannot be read ({type(problem).__name__})") from problem


def as_json(path: Path) -> Any:
    """Read a JSON file; raises BadContent."""
    try:
        return json.loads(text(path))
    except ValueError as problem:
        raise BadContent(path, "file", "is not JSON") from problem


def known(path: Path, key: str, field: str, used: Iterable[str], names: Iterable[str]) -> None:
    """Refuse a name that nothing bears."""
    there = set(names)
    for name in used:
        if name not in there:
            raise BadContent(path, key, f"{field} names {name!r}, which does not exist")


def none_unused(path: Path, unused: set[str]) -> None:
    """Refuse a thing that nothing uses: its owner believes that it does something."""
    if unused:
        raise BadContent(path, min(unused), "is used by nothing")


def _checked(content: Any, path: Path, schema_path: Path) -> Any:
    """Hold content against its schema; the most telling problem is named by its place."""
    validator = jsonschema.Draft202012Validator(as_json(schema_path))
    problem = jsonschema.exceptions.best_match(validator.iter_errors(content))
    if problem is None:
        return content
    place = list(problem.absolute_path)
    if place and isinstance(content, list) and isinstance(content[place[0]], dict):
        place[0] = content[place[0]].get("id", place[0])
    raise BadContent(path, "/".join(map(str, place)) or "file", problem.message)
