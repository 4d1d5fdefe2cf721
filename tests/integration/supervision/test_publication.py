"""Rule packs: published without a restart, at their instant, and never against what runs."""

from __future__ import annotations

import asyncio
import functools
import gzip
from collections.abc import AsyncIterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit import wire
from services.kit.crypto import BadKey
from services.kit.db import Database
from services.kit.errors import InvalidArgument, NotAllowed
from services.supervision import metrics
from services.supervision.domain.ruleset import RuleSet
from services.supervision.publication import store, usecases
from services.supervision.publication.current import Current
from services.supervision.publication.keys import key_line, parse_keys, trusted_keys
from services.supervision.publication.packs import read_pack
from services.supervision.rules_pack import contents_of, unpack
from tests.integration.supervision.packs_world import (
    CHECKER,
    KEY_ID,
    MAKER,
    SOON,
    TIMEOUT_S,
    World,
    archive_of,
    codes_of,
    packs_world,
    pb2,
    service_pb2,
    withdrawing,
)
from tests.integration.supervision.tickets_world import Agency
from tests.support.eventually import eventually
from tests.support.rpc import read_refusal, refused

pytestmark = pytest.mark.postgres

UPCOMING, RUNNING, PAST, WITHDRAWN, REFUSED = (
    pb2.RULE_PACK_STATE_UPCOMING,
    pb2.RULE_PACK_STATE_RUNNING,
    pb2.RULE_PACK_STATE_PAST,
    pb2.RULE_PACK_STATE_WITHDRAWN,
    pb2.RULE_PACK_STATE_REFUSED,
)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with packs_world(database, tmp_path) as made:
        yield made


async def runs(current: Current, version: str) -> None:
    assert current.ruleset().version == version


async def unchanged(world: World) -> None:
    """Nothing was kept, and the rules of the release run."""
    assert codes_of(world) == ["ITEM_SEX"]
    assert await world.packs_listed() == [(world.current.shipped.version, RUNNING)]
    assert await world.database.fetch("/* test.packs */ SELECT FROM rule_pack") == []


# --- publishing -----------------------------------------------------------------------------------


async def test_a_pack_runs_without_a_restart_in_every_process(world: World) -> None:
    other = world.make()
    await other.start()
    content = world.pack("DRUG_SEX")
    published = await world.publish(content)
    assert (published.state, published.key_id) == (RUNNING, KEY_ID)
    assert (published.maker_id, published.checker_id) == (MAKER, CHECKER)
    assert codes_of(world) == ["DRUG_SEX"]
    assert world.current.ruleset().version == published.version == unpack(content).version
    assert [rule.code for rule in other.ruleset().rules] == ["ITEM_SEX"]
    async with other.followed():
        await eventually(functools.partial(runs, other, published.version))
    # What starts later begins with it.
    late = world.make()
    await late.start()
    assert late.ruleset().version == published.version
    sample = metrics.RULESET_INFO.labels(published.version)._value.get()
    assert sample == 1


async def test_all_processes_change_over_at_the_instant(world: World) -> None:
    other = world.make()
    instant = world.clock.now() + SOON
    published = await world.publish(world.pack("DRUG_SEX"), at=instant)
    assert published.state == UPCOMING
    await other.look()
    world.clock.instant = instant - timedelta(microseconds=1)
    assert {one.ruleset().rules[0].code for one in (world.current, other)} == {"ITEM_SEX"}
    # No look in between: it was read ahead.
    world.clock.instant = instant
    assert {one.ruleset().rules[0].code for one in (world.current, other)} == {"DRUG_SEX"}
    assert await world.packs_listed() == [
        (published.version, RUNNING),
        (world.current.shipped.version, PAST),
    ]


async def test_what_is_far_ahead_waits_in_the_table(world: World) -> None:
    first = await world.publish(world.pack("DRUG_SEX"), at=world.clock.now() + timedelta(days=30))
    # Between now and the one that waits, another may run.
    second = await world.publish(world.pack("DRUG_SEX", "ITEM_SEX"))
    assert await world.packs_listed() == [
        (first.version, UPCOMING),
        (second.version, RUNNING),
        (world.current.shipped.version, PAST),
    ]
    world.clock.advance(days=31)
    await world.current.look()
    assert codes_of(world) == ["DRUG_SEX"]
    assert [state for _, state in await world.packs_listed()] == [RUNNING, PAST, PAST]


async def test_the_pack_before_can_be_published_again(world: World) -> None:
    first, second = world.pack("DRUG_SEX"), world.pack("DRUG_SEX", "ITEM_SEX")
    for content in (first, second, first):
        world.clock.advance(hours=1)
        await world.publish(content)
    assert codes_of(world) == ["DRUG_SEX"]
    assert [state for _, state in await world.packs_listed()] == [RUNNING, PAST, PAST, PAST]
    rows = await world.database.fetch("/* test.packs */ SELECT digest FROM rule_pack")
    assert len(rows) == 2


async def test_a_request_is_done_once(world: World) -> None:
    request = world.request(world.pack("DRUG_SEX"))
    first = await world.stub.PublishRulePack(request, timeout=TIMEOUT_S)
    assert await world.stub.PublishRulePack(request, timeout=TIMEOUT_S) == first
    request.maker_id = "another"
    assert (
        await refused(world.stub.PublishRulePack(request, timeout=TIMEOUT_S))
    ).reason == "REQUEST_ID_REUSED"


async def test_packs_are_kept_and_found_by_version(world: World) -> None:
    content = world.pack("DRUG_SEX")
    published = await world.publish(content)
    assert await store.find_pack(world.database, published.version) == content
    read = await read_pack(content)
    rules = await read.rules()
    assert (read.version, read.digest) == (rules.version, rules.digest)


# --- withdrawing ----------------------------------------------------------------------------------


async def test_what_has_not_begun_can_be_withdrawn(world: World) -> None:
    instant = world.clock.now() + SOON
    published = await world.publish(world.pack("DRUG_SEX"), at=instant)
    assert (await withdrawing(world, published.publication_id)).pack.state == WITHDRAWN
    again = await refused(withdrawing(world, published.publication_id))
    assert (again.reason, again.metadata["state"]) == ("RULE_PACK_STATE_FORBIDS", "WITHDRAWN")
    world.clock.instant = instant
    await world.current.look()
    assert codes_of(world) == ["ITEM_SEX"]
    # Its instant is free again.
    await world.publish(world.pack("DRUG_SEX", "ITEM_SEX"), at=instant)
    assert codes_of(world) == ["DRUG_SEX", "ITEM_SEX"]


async def test_what_was_withdrawn_does_not_come_back_by_its_own_signature(world: World) -> None:
    """Who can read a publication has its signature, and could send it once more."""
    instant = world.clock.now() + SOON
    content = world.pack("DRUG_SEX")
    published = await world.publish(content, at=instant)
    await withdrawing(world, published.publication_id)
    again = await refused(world.publishing(content, at=instant, signature=published.signature))
    assert (again.code, again.reason) == ("FAILED_PRECONDITION", "RULE_PACK_NOT_NEWER")
    world.clock.instant = instant
    await world.current.look()
    assert codes_of(world) == ["ITEM_SEX"]
    # Signed for another instant, or by other people, it is another publication.
    await world.publish(content, at=instant, maker_id="wang.3")
    assert codes_of(world) == ["DRUG_SEX"]


async def test_what_runs_cannot_be_withdrawn(world: World) -> None:
    published = await world.publish(world.pack("DRUG_SEX"))
    answer = await refused(withdrawing(world, published.publication_id))
    assert (answer.code, answer.reason) == ("FAILED_PRECONDITION", "RULE_PACK_STATE_FORBIDS")
    assert (await refused(withdrawing(world, str(UUID(int=1))))).reason == "RESOURCE_NOT_FOUND"
    same = await refused(withdrawing(world, published.publication_id, checker_id=MAKER))
    assert same.reason == "MAKER_IS_CHECKER"


async def test_a_process_that_missed_the_withdrawal_goes_back(world: World) -> None:
    other = world.make()
    instant = world.clock.now() + SOON
    published = await world.publish(world.pack("DRUG_SEX"), at=instant)
    await other.look()
    await withdrawing(world, published.publication_id)
    world.clock.instant = instant
    assert other.ruleset().version == published.version
    await other.look()
    assert other.ruleset().version == world.current.shipped.version


# --- bad input: refused with reason, and the running rules stay -----------------------------------


async def test_a_pack_signed_by_nobody_is_refused(world: World) -> None:
    answer = await refused(world.publishing(world.pack("DRUG_SEX"), signature=b""))
    assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "RULE_PACK_SIGNATURE")
    assert (answer.fields, answer.metadata["keyId"]) == (["signature"], KEY_ID)
    assert "现行规则不变" in answer.zh
    await unchanged(world)


async def test_a_signature_is_for_one_pack_instant_and_two_people(world: World) -> None:
    now, content = world.clock.now(), world.pack("DRUG_SEX")
    stranger = Ed25519PrivateKey.generate()
    signatures = {
        "another key": world.sign(content, at=now, key=stranger),
        "another instant": world.sign(content, at=now + SOON),
        "another pack": world.sign(world.pack("DRUG_SEX", "ITEM_SEX"), at=now),
        "another maker": world.sign(content, at=now, maker_id="wang.3"),
        "another checker": world.sign(content, at=now, checker_id="wang.3"),
        "rubbish": b"\x00" * 64,
        "too short": b"\x01" * 63,
    }
    for what, signature in signatures.items():
        answer = await refused(world.publishing(content, signature=signature))
        assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "RULE_PACK_SIGNATURE"), what
    await unchanged(world)
    await world.publish(content, signature=world.sign(content, at=now))


async def test_a_key_that_is_not_trusted_signs_nothing(world: World) -> None:
    content = world.pack("DRUG_SEX")
    answer = await refused(world.publishing(content, key_id="somebody"))
    assert (answer.reason, answer.fields) == ("RULE_KEY_UNKNOWN", ["key_id"])
    # A key ceases to be trusted without a restart, and so does a file that cannot be read.
    line = world.keys_file.read_text()
    for text in ("", "not a key"):
        world.keys_file.write_text(text)
        assert (await refused(world.publishing(content))).reason == "RULE_KEY_UNKNOWN"
    world.keys_file.unlink()
    assert (await refused(world.publishing(content))).reason == "RULE_KEY_UNKNOWN"
    await unchanged(world)
    world.keys_file.write_text(line)
    await world.publish(content)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"checker_id": MAKER}, "MAKER_IS_CHECKER"),
        ({"checker_id": MAKER.upper()}, "MAKER_IS_CHECKER"),
        ({"maker_id": "64010419800101123X"}, "FIELD_INVALID"),
        ({"maker_id": ""}, "FIELD_INVALID"),
        ({"pack": b""}, "FIELD_INVALID"),
        ({"pack": b"x" * (3 * 2**20 + 1)}, "FIELD_INVALID"),
        ({"signature": b"x" * 65}, "FIELD_INVALID"),
    ],
)
async def test_a_publication_that_is_wrong_in_itself(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    assert (await refused(world.publishing(world.pack("DRUG_SEX"), **changes))).reason == reason
    await unchanged(world)


@pytest.mark.parametrize(
    "shift",
    [timedelta(minutes=-11), timedelta(days=367), timedelta(milliseconds=500)],
)
async def test_an_instant_must_make_sense(world: World, shift: timedelta) -> None:
    answer = await refused(world.publishing(world.pack("DRUG_SEX"), at=world.clock.now() + shift))
    assert (answer.reason, answer.fields) == ("RULE_PACK_TIME", ["valid_from_time"])
    await unchanged(world)


async def test_a_pack_that_would_never_run_is_refused(world: World) -> None:
    now = world.clock.now()
    await world.publish(world.pack("DRUG_SEX"), at=now)
    for instant in (now, now - timedelta(minutes=5)):
        answer = await refused(world.publishing(world.pack("DRUG_SEX", "ITEM_SEX"), at=instant))
        assert (answer.code, answer.reason) == ("FAILED_PRECONDITION", "RULE_PACK_NOT_NEWER")
        assert answer.metadata["validFromTime"] == "2026-03-31T04:00:00Z"
    assert codes_of(world) == ["DRUG_SEX"]


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("a field that nobody knows", "severity: MEDIUM", "severity: MEDIUM\ngravity: 3",
         "RULE_PACK_FIELD_UNKNOWN"),
        ("a step that nobody knows", "kind: sex", "kind: eval", "RULE_PACK_FIELD_UNKNOWN"),
        ("a class that nobody knows", "result_class: VIOLATION\nsev", "result_class: X\nsev",
         "RULE_PACK_VALUE_INVALID"),
        ("an anchor", "severity: MEDIUM", "severity: &a MEDIUM", "RULE_PACK_MALFORMED"),
        ("a tag", "severity: MEDIUM", "severity: !!python/object:os.system {}",
         "RULE_PACK_MALFORMED"),
        ("an unbounded regex", "severity: MEDIUM", 'severity: MEDIUM\npattern: "(a+)+$"',
         "RULE_PACK_PATTERN_FORBIDDEN"),
        ("no examples", "examples:", "notes:", ""),
        ("an example that fails", "amount_fen: 1000", "amount_fen: 1001",
         "RULE_PACK_EXAMPLE_FAILS"),
    ],
)  # fmt: skip
async def test_a_rule_that_the_loader_refuses_is_refused_with_its_place(
    world: World, name: str, old: str, new: str, reason: str
) -> None:
    answer = await refused(world.publishing(world.pack("DRUG_SEX", drug_sex=(old, new))))
    assert answer.code == "INVALID_ARGUMENT", name
    assert answer.reason.startswith(reason or "RULE_PACK_"), name
    assert answer.metadata["file"] == "drug_sex.yaml"
    assert int(answer.metadata["line"]) >= 1
    await unchanged(world)


async def test_a_rule_that_divides_by_zero_is_refused(world: World) -> None:
    content = world.pack("IDLE_STAY", idle_stay=('share_min: "1/2"', 'share_min: "4/0"'))
    answer = await refused(world.publishing(content))
    assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "RULE_PACK_DIVIDES_BY_ZERO")
    assert answer.metadata["file"] == "idle_stay.yaml"
    await unchanged(world)


async def test_two_at_once_do_not_take_one_instant(world: World) -> None:
    answers = await asyncio.gather(
        *(world.publishing(world.pack(*codes)) for codes in (("DRUG_SEX",), ("DRUG_AGE",))),
        return_exceptions=True,
    )
    refusals = [read_refusal(one) for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert [one.reason for one in refusals] == ["RULE_PACK_NOT_NEWER"]
    assert len(await world.packs_listed()) == 2


async def test_what_is_no_pack_is_refused(world: World) -> None:
    good = contents_of(world.pack("DRUG_SEX"))
    bomb = gzip.compress(b"\0" * (64 * 2**20), mtime=0)
    for content in (
        b"PK\x03\x04 not a pack",
        gzip.compress(b"not an archive", mtime=0),
        world.pack("DRUG_SEX")[:-9],
        bomb,
        archive_of({**good, "../../etc/passwd": b"x"}),
        archive_of({**good, "extra.csv": b"x"}),
        archive_of({}),
    ):
        answer = await refused(world.publishing(content))
        assert (answer.code, answer.reason[:10]) == ("INVALID_ARGUMENT", "RULE_PACK_")
    await unchanged(world)


async def test_files_of_trusted_keys(tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    line = key_line("a", key)
    assert set(parse_keys(f"# note\n\n{line}\n{key_line('b', key)}\n")) == {"a", "b"}
    for text in ("a", "a:", "a:!!!!", "A:" + line[2:], line[:-4], f"{line}\n{line}"):
        with pytest.raises(BadKey):
            parse_keys(text)
    with pytest.raises(BadKey):
        trusted_keys(str(tmp_path / "none"))
    (tmp_path / "huge").write_text("#" * 70_000)
    with pytest.raises(BadKey):
        trusted_keys(str(tmp_path / "huge"))
    trusted_keys("")


# --- reading --------------------------------------------------------------------------------------


async def test_rules_are_listed_by_pages(world: World) -> None:
    published = await world.publish(world.pack("DRUG_SEX", "ITEM_SEX"))
    first = await world.stub.ListRules(service_pb2.ListRulesRequest(page_size=1), timeout=9)
    assert [one.code for one in first.rules] == ["DRUG_SEX"]
    rest = await world.stub.ListRules(
        service_pb2.ListRulesRequest(page_size=1, page_token=first.next_page_token), timeout=9
    )
    assert ([one.code for one in rest.rules], rest.next_page_token) == (["ITEM_SEX"], "")
    assert first.version == rest.version == published.version
    rule = first.rules[0]
    assert (rule.name_zh, rule.kind, rule.family) == ("限性别用药", "sex", "POLICY")
    assert (rule.point_count, rule.moments) == (6472, ["AUDIT", "REMINDER", "SCREENING"])
    assert rule.effective_from_date.year == 2021
    assert not rule.HasField("effective_until_date")
    # A version that ran before, and one that never did.
    shipped = service_pb2.ListRulesRequest(version=world.current.shipped.version)
    assert [one.code for one in (await world.stub.ListRules(shipped, timeout=9)).rules] == [
        "ITEM_SEX"
    ]
    nothing = service_pb2.ListRulesRequest(version="0" * 16)
    assert (await refused(world.stub.ListRules(nothing, timeout=9))).reason == "RESOURCE_NOT_FOUND"


async def test_a_pack_of_the_past_is_read_once_and_not_for_every_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = await world.publish(world.pack("DRUG_SEX", "ITEM_SEX"))
    world.clock.advance(hours=1)
    await world.publish(world.pack("DRUG_SEX"))
    read: list[str] = []
    reading = usecases.past_rules

    async def counted(database: Database, version: str) -> RuleSet:
        read.append(version)
        return await reading(database, version)

    monkeypatch.setattr(usecases, "past_rules", counted)

    async def page(token: str = "") -> Any:
        request = service_pb2.ListRulesRequest(page_size=1, page_token=token, version=past.version)
        return await world.stub.ListRules(request, timeout=TIMEOUT_S)

    answers = await asyncio.gather(*(page() for _ in range(5)))
    found = [*answers[0].rules, *(await page(answers[0].next_page_token)).rules]
    assert [one.code for one in found] == ["DRUG_SEX", "ITEM_SEX"]
    assert read == [past.version]
    # What runs is in memory, and nobody waits for it.
    await world.stub.ListRules(service_pb2.ListRulesRequest(), timeout=TIMEOUT_S)
    assert read == [past.version]


class Hub:
    """A call on a connection without TLS."""

    def auth_context(self) -> dict[str, list[bytes]]:
        return {}


@pytest.mark.parametrize("year", [1, 1999, 3000, 9999])
async def test_days_of_other_times_are_refused(world: World, year: int) -> None:
    """Not every date is an instant in every zone."""
    day = wire.write_date(date(year, 12, 31) if year > 2000 else date(year, 1, 1))
    for request in (
        service_pb2.GetRuleRatesRequest(open_date_min=day),
        service_pb2.GetRuleRatesRequest(open_date_max=day),
    ):
        answer = await refused(world.stub.GetRuleRates(request, timeout=TIMEOUT_S))
        assert answer.reason == "FIELD_INVALID"
    request = service_pb2.DryRunRulePackRequest(pack=b"x", settle_date_min=day)
    with pytest.raises(InvalidArgument):
        await anext(world.servicer.DryRunRulePack(request, Hub()))


async def test_publications_are_listed_by_pages(world: World) -> None:
    versions = []
    for codes in (("DRUG_SEX",), ("ITEM_SEX", "DRUG_SEX"), ("DRUG_SEX",)):
        world.clock.advance(hours=1)
        versions.insert(0, (await world.publish(world.pack(*codes))).version)
    versions.append(world.current.shipped.version)
    found, token = [], ""
    for _ in range(4):
        request = service_pb2.ListRulePacksRequest(page_size=1, page_token=token)
        answer = await world.stub.ListRulePacks(request, timeout=9)
        found += answer.packs
        token = answer.next_page_token
        if not token:
            break
    assert [one.version for one in found] == versions
    assert [one.shipped for one in found] == [False, False, False, True]
    assert found[0].valid_from_time.ToDatetime(UTC) == world.clock.now()


async def test_only_the_hub_publishes_and_tries(world: World) -> None:
    agency = Agency("640000")
    content = world.pack("DRUG_SEX")
    calls = (
        world.servicer.PublishRulePack(world.request(content), agency),
        world.servicer.WithdrawRulePack(
            service_pb2.WithdrawRulePackRequest(publication_id=str(UUID(int=1))), agency
        ),
        world.servicer.GetRuleRates(service_pb2.GetRuleRatesRequest(), agency),
        anext(world.servicer.DryRunRulePack(service_pb2.DryRunRulePackRequest(), agency)),
    )
    for call in calls:
        with pytest.raises(NotAllowed):
            await call
    listed = await world.servicer.ListRulePacks(service_pb2.ListRulePacksRequest(), agency)
    assert len(listed.packs) == 1
    rules = await world.servicer.ListRules(service_pb2.ListRulesRequest(), agency)
    assert len(rules.rules) == 1
