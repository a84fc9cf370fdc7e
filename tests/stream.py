"""A site's orders over some weeks: charts by realistic shares, judged by the real line."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from charts import (
    TODAY,
    ago,
    back_pain,
    call,
    condition,
    observation,
    procedure,
    reading,
)
from promtool import series

from service.web.answer import Desk, advices

QUARTERS = 96  # of an hour, in a day
Chart = list[dict[str, Any]]
Counts = Mapping[str, int]  # recommendation -> how often in a day


def _therapy(random: Random, first: int, visits: int) -> Chart:
    days = sorted(random.sample(range(3, first), visits))
    return [procedure("97110", day) for day in days]


def _new_pain(random: Random) -> Chart:
    return [back_pain(onsetDateTime=ago(random.randint(1, 30)))]


def _no_care(random: Random) -> Chart:
    return [back_pain(onsetDateTime=ago(random.randint(60, 150)))]


def _care(random: Random) -> Chart:
    return [back_pain(onsetDateTime=ago(random.randint(60, 120))), *_therapy(random, 50, 12)]


def _cancer(random: Random) -> Chart:
    codes = ("C50.911", "C61", "C34.90", "C18.9")
    old = condition(random.choice(codes), onsetDateTime=ago(random.randint(400, 900)))
    return [*_new_pain(random), old]


def _trauma(random: Random) -> Chart:
    return [*_new_pain(random), condition("V43.52XA", onsetDateTime=ago(random.randint(1, 5)))]


def _infection(random: Random) -> Chart:
    code = random.choice(("M46.26", "M46.46", "G06.1"))
    return [*_new_pain(random), condition(code, onsetDateTime=ago(random.randint(2, 10)))]


def _motor(random: Random) -> Chart:
    code = random.choice(("M21.371", "M21.372"))
    return [*_new_pain(random), condition(code, onsetDateTime=ago(random.randint(1, 10)))]


def _retention(random: Random) -> Chart:
    code = random.choice(("R33.8", "R33.9"))
    day = ago(random.randint(1, 6))
    return [*_new_pain(random), condition(code, onsetDateTime=day, recordedDate=day)]


def _saddle(random: Random) -> Chart:
    day = ago(random.randint(1, 6))
    told = observation(None, "Saddle sensation", valueString="reduced", effectiveDateTime=day)
    return [*_new_pain(random), told]


def _residual(random: Random) -> Chart:
    return [*_new_pain(random), reading(None, "Post-void residual", 420, "mL", 2)]


# Kinds of charts, and how many of 1000 orders are of it: on a day of the week, and on a Sunday,
# when the emergency department orders most of them.
KINDS: dict[Callable[[Random], Chart], tuple[int, int]] = {
    _new_pain: (330, 150),
    _no_care: (190, 60),
    _care: (217, 50),
    _cancer: (90, 170),
    _trauma: (60, 250),
    _infection: (12, 40),
    _motor: (40, 110),
    _retention: (45, 110),
    _saddle: (5, 20),
    _residual: (3, 10),
}


@dataclass(frozen=True)
class Pool:
    """Some hundred charts, each with the recommendation that the service gave on its order."""

    advice: Mapping[Callable[[Random], Chart], tuple[str, ...]]

    def day(self, orders: int, random: Random, *, sunday: bool = False) -> Counts:
        """Draw a day's orders, as many as there are or a few more or less."""
        number = max(0, round(random.gauss(orders, orders**0.5)))
        weights = [shares[sunday] for shares in KINDS.values()]
        drawn = random.choices(list(KINDS), weights, k=number)
        return Counter(random.choice(self.advice[kind]) for kind in drawn)


def pool(desk: Desk, of_each: int = 30) -> Pool:
    """Write the same charts each time, and let the real line judge them."""
    advice = {}
    for kind in KINDS:
        random = Random(kind.__name__)
        calls = [call(*kind(random), hook="order-sign") for _ in range(of_each)]
        advice[kind] = tuple(_recommended(desk, one) for one in calls)
    return Pool(advice=advice)


def _recommended(desk: Desk, one: dict[str, Any]) -> str:
    (advice,) = advices(json.dumps(one).encode(), desk, TODAY)
    return advice.assessment.row.recommendation


def input_series(runs: Iterable[Iterable[Counts]], issuer: str, seed: int) -> list[dict[str, str]]:
    """Write days as counters of quarters of an hour; each run begins anew, as after a restart."""
    random, values = Random(seed), defaultdict(list)
    done = 0
    for run in runs:
        total: Counter[str] = Counter()
        for day in run:
            at = Counter(
                (recommendation, random.randrange(QUARTERS))
                for recommendation, count in day.items()
                for _ in range(count)
            )
            for quarter in range(QUARTERS):
                for name in day:
                    total[name] += at[name, quarter]
                for name, count in total.items():
                    told = values[name]
                    told += ["_"] * (done + quarter - len(told))
                    told.append(str(count))
            done += QUARTERS
    return [
        series(
            "advice_total", " ".join(told), issuer=issuer, hook="order-sign", mode="live",
            recommendation=name,
        )
        for name, told in values.items()
    ]  # fmt: skip
