"""The changed forms of the code: made by mutmut, all beside one another in the module's text."""

import ast
import difflib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import mutmut.mutation.trampoline as trampolines
from mutmut.mutation.file_mutation import mutate_file_contents

ROOT = Path(__file__).parents[2]
PACKAGE = "service.clinical"
KEPT = ROOT / "var" / "mutants"


@dataclass(frozen=True)
class Place:
    """A function of the code, and what may stand in its stead."""

    name: str
    function: FunctionType
    mutants: dict[str, Any]  # by name; filled when its module was read

    def become(self, mutant: str) -> None:
        """Run a mutant's code from now on, wherever the function was imported."""
        given = self.mutants[mutant]
        given = getattr(given, "__func__", given)
        self.function.__code__ = given.__code__
        self.function.__defaults__ = given.__defaults__
        self.function.__kwdefaults__ = given.__kwdefaults__


PLACES: list[Place] = []


def remember(mutants: dict[str, Any], is_classmethod: bool = False) -> Callable[[Any], Any]:
    """Stand in for mutmut's trampoline: the function stays as it is, and costs what it costs."""

    def keep(function: FunctionType) -> FunctionType:
        name = f"{function.__module__}.{function.__qualname__}"
        PLACES.append(Place(name, function, mutants))
        return function

    return keep


class Loader(importlib.machinery.SourceFileLoader):
    """Reads a module together with all its mutants."""

    def get_code(self, fullname: str) -> CodeType:
        return compile(mutated(Path(self.path)), self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are changed."""

    def find_spec(
        self, fullname: str, path: Any, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not f"{fullname}.".startswith(f"{PACKAGE}."):
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path)
        if found is None or found.origin is None:
            return None
        return spec_from_file_location(
            fullname,
            found.origin,
            loader=Loader(fullname, found.origin),
            submodule_search_locations=found.submodule_search_locations,
        )


def mutated(path: Path) -> str:
    """Give a module's text with all its mutants; kept, since they take long to make."""
    text = path.read_text(encoding="utf-8")
    digest = sha256(f"{version('mutmut')} {path} {text}".encode()).hexdigest()
    kept = KEPT / f"{digest[:32]}.py"
    if not kept.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        kept.write_text(mutate_file_contents(str(path), text).code, encoding="utf-8")
    return kept.read_text(encoding="utf-8")


def install() -> None:
    """Let every module of the package be read with its mutants from now on."""
    trampolines.wrap_in_trampoline = remember
    sys.meta_path.insert(0, Finder())


@cache
def _bodies(path: Path) -> dict[str, list[str]]:
    """Give the lines of every function of a module, by name, mutants among them."""
    return {
        node.name: ast.unparse(node).splitlines()[1:]
        for node in ast.walk(ast.parse(mutated(path)))
        if isinstance(node, ast.FunctionDef)
    }


def source_of(mutant: str) -> Path:
    """Give the file that a mutant changes."""
    return ROOT / (mutant.rpartition(".")[0].replace(".", "/") + ".py")


def digest_of(mutant: str) -> str:
    """Tell a mutant from another that has its name after the function was rewritten."""
    lines = _bodies(source_of(mutant))[mutant.rpartition(".")[2]]
    return sha256("\n".join(lines).encode()).hexdigest()[:16]


def change(mutant: str) -> str:
    """Give the lines in which a mutant differs from the code."""
    bodies, name = _bodies(source_of(mutant)), mutant.rpartition(".")[2]
    was, is_ = bodies[name.rsplit("__mutmut_", 1)[0] + "__mutmut_orig"], bodies[name]
    lines = [line for line in difflib.ndiff(was, is_) if line[:2] in ("- ", "+ ")]
    return "\n".join(f"{line[:2]}{line[2:].strip()}" for line in lines)


def function_of(mutant: str) -> str:
    """Give the name of the function that a mutant changes: module, class, function."""
    module, _, name = mutant.rpartition(".")
    short = name.rsplit("__mutmut_", 1)[0].replace("xǁ", "").removeprefix("x_").replace("ǁ", ".")
    return f"{module}.{short}"
