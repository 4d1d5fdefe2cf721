import time
from collections.abc import AsyncIterator
import pytest
from services.kit.db import Database, DatabaseConfig
from services.supervision.statistics import rate_store, facts_store, upload_store
from tests.integration.supervision.test_statistics import *  # noqa
from tests.integration.supervision.statistics_world import statistics_world
from services.supervision.statistics import making
from services.kit import codes
PROV = sorted(codes.PROVINCES)[:31]
SEED = """
INSERT INTO audited_bill (bill_key, channel, person_id, care_region_code, insured_region_code, institution_code, medical_type_code, scheme_code, begin_date, end_date, settle_time, total_fen, in_scope_fen, fund_fen, round_trip_ms, region_ms, visit_id, is_screened, ruleset_version, detail)
SELECT gen_random_uuid(), CASE WHEN i % 40 = 0 THEN 'MANUAL' ELSE 'DIRECT' END, md5('p' || (i % 90000))::uuid,
  p[1 + h % 31] , p[1 + (h + 7 + i % 11) % 31], 'H' || p[1 + h % 31] || lpad(h::text, 5, '0'),
  CASE WHEN i % 20 < 2 THEN '21' WHEN i % 20 < 14 THEN '11' ELSE '41' END, '310',
  d - CASE WHEN i % 20 < 2 THEN (i % 9 + 1)::int ELSE 0 END, d, d + interval '10 hours', 10000 + i % 90000, 0, 0, 100 + i % 900, 50 + i % 300,
  CASE WHEN i % 60 = 1 THEN md5('v' || i % 90000)::uuid END, true, 't', decode(repeat('00', 900), 'hex')
FROM (SELECT i, (i::bigint * 7919 % 3000)::int AS h, date '2026-03-01' + (i % 31)::int AS d FROM generate_series(1, $1) i) s, (SELECT $2::text[] AS p) q"""
@pytest.mark.timeout(600)
async def test_scale(world):
    db = world.database
    t = time.time()
    async def timed(name, aw):
        t = time.time(); r = await aw; print(f"{name}: {time.time()-t:.2f}s"); return r
    await db.execute(SEED, 200000, PROV)
    await db.execute("""INSERT INTO reversal (settlement_id, event_time) SELECT bill_key, now() FROM audited_bill WHERE get_byte(uuid_send(bill_key), 0) < 3""")
    await db.execute("""INSERT INTO self_paid_case (case_id, version, is_withdrawn, person_id, institution_code, care_region_code, insured_region_code, medical_type_code, begin_date, end_date, total_fen, reason, is_emergency, eligibility, content_hash, create_time)
      SELECT gen_random_uuid(), 1, false, person_id, institution_code, care_region_code, insured_region_code, medical_type_code, begin_date, end_date, total_fen + (get_byte(uuid_send(bill_key), 2) % 3) * 10, 'OTHER', false, 'ELIGIBLE', decode(repeat('00',32),'hex'), now() FROM audited_bill WHERE get_byte(uuid_send(bill_key), 1) < 16""")
    await db.execute("ANALYZE")
    print("seed", time.time() - t)
    r = await timed("inpatient by institution", rate_store.tallies(db, "2026-03", "2026-03", by_institution=True, inpatient_only=True))
    print(len(r))
    s = await timed("find_suspects", asyncio.to_thread(making.find_suspects, r)); print(len(s))
    await timed("13 months", rate_store.tallies(db, "2025-03", "2026-03", by_institution=False, inpatient_only=True))
    await timed("all by institution", rate_store.tallies(db, "2026-03", "2026-03", by_institution=True))
    await timed("times care", facts_store.response_times(db, "2026-03", insured=False))
    await timed("times insured", facts_store.response_times(db, "2026-03", insured=True))
    await timed("findings", facts_store.findings(db, "2026-03"))
    await timed("self paid", upload_store.self_paid_of_month(db, "2026-03"))
    await timed("visitors", facts_store.visitors(db, world.servicer._sources.audit, "2026-03", grouped=frozenset()))
    rows = await timed("visitor keys page", db.fetch(facts_store._VISITOR_KEYS, date(2026,3,1), date(2026,3,31), sorted({p.institution_code for p in r}), None, 500, rate_store.INPATIENT_TYPES))
    n = sum(t.cases for t in r.values()); print("inpatient cases", n)
    await timed("draft", making.draft(world.servicer._sources, month="2026-03", edition=1, note="", now=NOW))
    for row in await db.fetch("EXPLAIN (ANALYZE, BUFFERS OFF) " + rate_store._TALLIES, date(2026,3,9), True, rate_store.INPATIENT_TYPES): print(row[0])
