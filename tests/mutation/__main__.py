"""Run by `make mutants`: judges the mutants, and tells which nothing noticed and none explains."""

import argparse
import json
import sys
from collections import Counter, defaultdict
from fnmatch import fnmatch

import pytest
import yaml

from mutation.changes import PLACES, ROOT, change, digest_of, function_of, install
from mutation.judging import Judging

RESULTS = ROOT / "var" / "mutants.json"
# Why nobody could notice: by the function, the lines that go, and those that come.
EXPLAINED = ROOT / "tests" / "data" / "mutants.yaml"
STRICT = ("service.clinical.findings.*", "service.clinical.dates.*")  # red flags and dates
LEAST_PERCENT = 90.0
TESTS = [
    "clinical", "test_cases.py", "test_guideline.py", "test_completeness.py", "test_ratings.py",
    "test_patient_reference.py", "test_prefetch_states.py",
]  # fmt: skip
TIMELESS = "not costs_twice and not fifty_kilobytes"  # a changed text reader may only be slower


def main() -> int:
    """Judge what is asked for; 1 where the score is too low or a strict module has a survivor."""
    asked = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    asked.add_argument("--only", nargs="*", default=["*"], help="patterns of mutants' names")
    asked.add_argument("--again", action="store_true", help="not those noticed before")
    asked.add_argument("--children", type=int, default=2, help="processes at a time")
    asked.add_argument("--tests", nargs="*", default=TESTS)
    options = asked.parse_args()
    last = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}

    def is_noticed(name: str) -> bool:
        known = last.get(name)
        return bool(known and known["by"] and known["digest"] == digest_of(name))

    def wanted(name: str) -> bool:
        is_asked_for = any(fnmatch(name, pattern) for pattern in options.only)
        return is_asked_for and not (options.again and is_noticed(name))

    install()
    judging = Judging(wanted, options.children)
    paths = [str(ROOT / "tests" / one) for one in options.tests]
    ended = pytest.main(["-s", "-m", "not timed", "-k", TIMELESS, *paths], plugins=[judging])
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(ended)
    known = {f"{place.function.__module__}.{m}" for place in PLACES for m in place.mutants}
    judged = {
        name: {"by": by, "digest": digest_of(name)} for name, by in judging.noticed_by.items()
    }
    kept = {name: told for name, told in last.items() if name in known} | judged
    RESULTS.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    asked_for = [n for n in kept if any(fnmatch(n, pattern) for pattern in options.only)]
    return report({name: kept[name]["by"] for name in asked_for})


def report(results: dict[str, str | None]) -> int:
    """Print, by module, how many were noticed, then those that were not."""
    explained = {
        (one["function"], one["change"].strip())
        for one in yaml.safe_load(EXPLAINED.read_text(encoding="utf-8"))
    }
    count: dict[str, Counter[str]] = defaultdict(Counter)
    left: dict[str, str] = {}
    for name, by in results.items():
        module = name.rpartition(".")[0]
        if by:
            count[module]["noticed"] += 1
            continue
        lines = change(name)
        is_explained = (function_of(name), lines) in explained
        count[module]["explained" if is_explained else "left"] += 1
        if not is_explained:
            left[name] = lines
    for module, of in sorted(count.items()):
        share = 100 * (of["noticed"] + of["explained"]) / of.total()
        print(f"{module:45} {of.total():5} {share:6.1f} %  {dict(of)}")
    for name, lines in sorted(left.items()):
        print(f"\n{name}\n{lines}")
    total = Counter[str]()
    for of in count.values():
        total.update(of)
    percent = 100 * total["noticed"] / max(1, total.total())
    strict = [name for name in left if any(fnmatch(name, pattern) for pattern in STRICT)]
    print(f"\n{total.total()} mutants: {percent:.1f} % noticed, {total['explained']} explained, "
          f"{total['left']} left, {len(strict)} of them among red flags and dates")  # fmt: skip
    return int(percent < LEAST_PERCENT or bool(strict))


if __name__ == "__main__":
    sys.exit(main())
