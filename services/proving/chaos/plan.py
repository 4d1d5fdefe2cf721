"""What a run will do, drawn from its seed: who is treated when and how, and what breaks meanwhile.

The same seed, length, number of people and rate give the same plan. What comes of it differs from
run to run, because processes and sockets take their own time.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

SERVICES: Final = (
    "identity",
    "filing",
    "catalogue",
    "benefits",
    "benefits-remote",
    "settlement-1",
    "settlement-2",
    "supervision",
    "clearing",
)
"""Processes of the run, in the order in which they are started."""
REPLICAS: Final = ("settlement-1", "settlement-2")
CLIENT: Final = "hospital"
_CALLEES: Final = ("identity", "filing", "catalogue", "supervision", "benefits", "benefits-remote")
LINKS: Final = (
    *((replica, callee) for replica in REPLICAS for callee in _CALLEES),
    *((CLIENT, replica) for replica in REPLICAS),
    *((replica, "clearing") for replica in REPLICAS),
    ("clearing", "settlement-1"),
    ("clearing", "benefits"),
    ("clearing", "benefits-remote"),
    ("supervision", "settlement-2"),
    ("supervision", "identity"),
    ("supervision", "filing"),
    ("supervision", "clearing"),
    ("supervision", "catalogue"),
    ("supervision", "benefits"),
    ("supervision", "benefits-remote"),
    ("filing", "identity"),
    ("filing", "settlement-1"),
)
"""Ways between processes that go through a proxy: caller and callee."""
_BUSY: Final = (*REPLICAS, "benefits", "benefits-remote")
_BUSY_WEIGHT: Final = 4
"""Where money is at stake it breaks more often."""


class FaultKind(Enum):
    """What can break."""

    KILL = "SIGKILL 杀进程"
    HANG = "SIGSTOP 进程挂起"
    DATABASE = "PostgreSQL 立即停机 immediate stop"
    DISK = "慢盘 commits delayed"
    CUT = "连接切断 connections cut"
    DELAY = "连接延迟 connections delayed"
    LOSE = "答复丢失 replies lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that breaks."""

    at_s: float
    kind: FaultKind
    target: str
    """A process, "caller → callee", or "disk"; empty: the database."""
    for_s: float
    delay_s: float = 0.0


class Course(Enum):
    """How a bill is handled by its hospital."""

    PLAIN = "settled"
    REPEATED = "settled, asked again later"
    TWICE = "sent twice at once"
    TAKEN_BACK = "settled, reversed by id, reversed again"
    UNDONE = "sent, reversed by request id twice at once"
    RACED = "sent and reversed by request id at once"
    VOIDED = "reversed by request id before it is sent"
    WATCHED = "quoted, sent, queried meanwhile"
    ALTERED = "settled, then the same id with another bill"
    ABANDONED = "sent with a short deadline, never asked for again"
    QUOTED = "quoted, settled by the quote, while the person settles elsewhere"
    RUSH = "four bills of one person at once, each its own"
    BATCHES = "visit: two batches and a refund, one batch taken back and settled again"
    STAY = "stay: settled in the middle and at its end, then perhaps undone step by step"
    RIVALS = "stay: settled under two ids at once"
    OVERLAP = "two stays registered at once"


OF_VISITS: Final = frozenset({Course.BATCHES, Course.STAY, Course.RIVALS, Course.OVERLAP})
"""Courses of registered visits; the others are of bills sent whole."""
_COURSES: Final = {
    Course.PLAIN: 24,
    Course.REPEATED: 12,
    Course.TWICE: 14,
    Course.TAKEN_BACK: 16,
    Course.UNDONE: 9,
    Course.RACED: 8,
    Course.VOIDED: 3,
    Course.WATCHED: 7,
    Course.ALTERED: 2,
    Course.ABANDONED: 5,
    Course.RUSH: 7,
    Course.QUOTED: 6,
    Course.BATCHES: 6,
    Course.STAY: 6,
    Course.RIVALS: 4,
    Course.OVERLAP: 3,
}
_DEADLINES_S: Final = (0.05, 0.2, 0.5, 1.0, 1.0, 1.0, 3.0)
_FAULTS: Final = {
    FaultKind.KILL: 4,
    FaultKind.HANG: 3,
    FaultKind.DATABASE: 1,
    FaultKind.DISK: 3,
    FaultKind.CUT: 4,
    FaultKind.DELAY: 3,
    FaultKind.LOSE: 5,
}
_KILLED: Final = {
    "settlement-1": 4,
    "settlement-2": 4,
    "benefits": 4,
    "benefits-remote": 3,
    "clearing": 3,
    "supervision": 1,
    "identity": 1,
    "filing": 1,
    "catalogue": 1,
}
_FAULTS_PER_S: Final = 0.8
_QUIET_S: Final = 1.0
"""Nothing breaks at first: something must have been done before it can be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One bill of one person, and what becomes of it."""

    at_s: float
    person: int
    """Place in the list of people."""
    lines: tuple[int, ...]
    """Which lines of the person's bill."""
    course: Course
    request_id: UUID
    """Of its first request; those of all others are made from it."""
    replicas: tuple[str, ...]
    """Where each attempt goes, in turn."""
    deadlines_s: tuple[float, ...]
    """Of each attempt, in turn."""
    pause_s: float
    """Before the next step of its course."""
    use_account: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole run."""

    seed: int
    seconds: float
    people: int
    rate: float
    treatments: tuple[Treatment, ...]
    """By time."""
    faults: tuple[Fault, ...]
    """By time."""


def make_plan(seed: int, *, seconds: float, people: int, rate: float, bill_lines: int) -> Plan:
    """Draws a plan.

    Args:
        seed: of everything.
        seconds: length of traffic and faults.
        people: how many.
        rate: bills a second.
        bill_lines: lines of each person's bill, of which each treatment takes some.
    """
    return Plan(
        seed=seed,
        seconds=seconds,
        people=people,
        rate=rate,
        treatments=tuple(_treatments(seed, seconds, people, rate, bill_lines)),
        faults=tuple(_faults(seed, seconds)),
    )


def _treatments(
    seed: int, seconds: float, people: int, rate: float, bill_lines: int
) -> Sequence[Treatment]:
    # Streams of their own: a fault more does not change who is treated.
    drawn = random.Random(f"treatments {seed}")  # noqa: S311 - a plan, no secret
    found = []
    at = drawn.expovariate(rate)
    while at < seconds:
        course = drawn.choices([*_COURSES], [*_COURSES.values()])[0]
        # Squared: some people come often, so that bills of one person meet. Who comes in a rush
        # has mostly used up nothing yet.
        person = int(
            people * drawn.random() ** (1 if course in {Course.RUSH, Course.QUOTED} else 2)
        )
        lines = drawn.sample(range(bill_lines), drawn.randint(1, bill_lines))
        found.append(
            Treatment(
                at_s=at,
                person=person,
                lines=tuple(sorted(lines)),
                course=course,
                request_id=_uuid(drawn),
                replicas=tuple(drawn.choices(REPLICAS, k=8)),
                deadlines_s=tuple(drawn.choices(_DEADLINES_S, k=8)),
                pause_s=drawn.uniform(0.0, 2.0),
                use_account=drawn.random() < 0.8,  # noqa: PLR2004 - most do
            )
        )
        at += drawn.expovariate(rate)
    return found


def _faults(seed: int, seconds: float) -> Sequence[Fault]:
    drawn = random.Random(f"faults {seed}")  # noqa: S311 - a plan, no secret
    # Each kind once, in some order, then whatever comes.
    first = list(FaultKind)
    drawn.shuffle(first)
    found: list[Fault] = []
    at = _QUIET_S
    while at < seconds:
        kind = first.pop() if first else drawn.choices([*_FAULTS], [*_FAULTS.values()])[0]
        found.append(_fault(drawn, at, kind))
        at += drawn.expovariate(_FAULTS_PER_S)
    return found


def _fault(drawn: random.Random, at_s: float, kind: FaultKind) -> Fault:
    weights = [_BUSY_WEIGHT if callee in _BUSY else 1 for _, callee in LINKS]
    caller, callee = drawn.choices(LINKS, weights)[0]
    link = link_name(caller, callee)
    process = drawn.choices([*_KILLED], [*_KILLED.values()])[0]
    match kind:
        case FaultKind.DATABASE:
            return Fault(at_s=at_s, kind=kind, target="", for_s=drawn.uniform(0.0, 1.0))
        case FaultKind.DISK:
            return Fault(
                at_s=at_s,
                kind=kind,
                target="disk",
                for_s=drawn.uniform(1.0, 4.0),
                delay_s=drawn.choice((0.02, 0.05, 0.09)),
            )
        case FaultKind.KILL:
            return Fault(at_s=at_s, kind=kind, target=process, for_s=drawn.uniform(0.0, 1.5))
        case FaultKind.HANG:
            return Fault(at_s=at_s, kind=kind, target=process, for_s=drawn.uniform(0.3, 5.0))
        case FaultKind.DELAY:
            return Fault(
                at_s=at_s,
                kind=kind,
                target=link,
                for_s=drawn.uniform(0.5, 3.0),
                delay_s=drawn.choice((0.05, 0.2, 0.6, 1.2)),
            )
    return Fault(at_s=at_s, kind=kind, target=link, for_s=drawn.uniform(0.1, 2.0))


def link_name(caller: str, callee: str) -> str:
    """Names the way from a caller to a callee."""
    return f"{caller} → {callee}"


def _uuid(drawn: random.Random) -> UUID:
    return UUID(int=drawn.getrandbits(128), version=4)
