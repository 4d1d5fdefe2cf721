"""What goes wrong, and how often: all chance of a run comes from here, and so from the seed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How likely each fault is at each occasion, 0..1."""

    request_lost: float = 0.0
    """A request never arrives, and nobody is told."""
    reply_lost: float = 0.0
    """The work is done and nobody learns it."""
    refused: float = 0.0
    """The connection is refused: nothing arrives, and the caller knows."""
    broken: float = 0.0
    """The connection breaks after the request arrived."""
    duplicated: float = 0.0
    """A request arrives twice, at different times."""
    slow: float = 0.0
    """A message takes up to some seconds, others overtake it."""
    wanders: float = 0.0
    """A message comes so late that its sender has been given up meanwhile."""
    crashed: float = 0.0
    """A process dies at one of its steps, with all that it holds in memory."""
    away: float = 0.0
    """What died stays away for up to a minute."""
    wrong_answer: float = 0.0
    """An insured region answers amounts that do not add up."""
    database_down: float = 0.0
    """A statement does not reach the database."""
    commit_unknown: float = 0.0
    """A statement or transaction is committed and the connection breaks before the answer."""
    commit_slow: float = 0.0
    """A commit takes up to two seconds, so that later transactions end before it."""
    unscreened: float = 0.0
    """Supervision does not answer in time."""
    neighbour_down: float = 0.0
    """Identity or filing do not answer."""
    blocked: float = 0.0
    """Supervision finds what keeps a bill from settling."""


_HEAVY = Rates(
    request_lost=0.02,
    reply_lost=0.03,
    refused=0.03,
    broken=0.03,
    duplicated=0.05,
    slow=0.03,
    wanders=0.003,
    crashed=0.004,
    away=0.1,
    wrong_answer=0.015,
    database_down=0.008,
    commit_unknown=0.015,
    commit_slow=0.12,
    unscreened=0.1,
    neighbour_down=0.02,
    blocked=0.02,
)
_STILL = Rates()
_SLOW_S = (0.05, 3.0)
_WANDERS_S = (5.0, 45.0)


class Faults:
    """Rolls the dice of one run."""

    def __init__(self, random: Random, rates: Rates | None = None) -> None:
        """Without rates the seed chooses: some runs are nearly calm, some lose one thing a lot."""
        self.random = random
        self.rates = rates or _chosen(random)
        self.counts: dict[str, int] = {}
        self._before = self.rates

    def hits(self, name: str) -> bool:
        """Tells whether a fault happens on this occasion."""
        rate: float = getattr(self.rates, name)
        if not rate or self.random.random() >= rate:
            return False
        self.counts[name] = self.counts.get(name, 0) + 1
        return True

    def delay(self, usual_s: float) -> float:
        """Returns how long a message takes, s."""
        if self.hits("slow"):
            return self.random.uniform(*_SLOW_S)
        if self.hits("wanders"):
            return self.random.uniform(*_WANDERS_S)
        return self.random.uniform(0.2, 1.8) * usual_s

    def stop(self) -> None:
        """From now on everything works."""
        self.rates = _STILL


def _chosen(random: Random) -> Rates:
    strength = random.choice((0.0, 0.3, 1.0, 1.0, 2.0))
    # Each kind on its own, so that some runs show one fault without the others that would hide it.
    return Rates(
        **{
            field.name: getattr(_HEAVY, field.name) * strength * random.choice((0.0, 1.0, 1.0, 2.5))
            for field in fields(Rates)
        }
    )
