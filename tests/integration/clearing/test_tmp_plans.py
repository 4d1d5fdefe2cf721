from __future__ import annotations
import time
import asyncpg, pytest
from services.clearing.disputes import store as ds, inquiry_store as iq
from services.clearing.notices import store as ns, bank_store as bs
pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

FILL = """
SET session_replication_role = replica;
SET search_path = clearing;
INSERT INTO position (insured_region_code, care_region_code, month, scheme_code, settlement_count, reversal_count)
SELECT a||'0000', b||'0000', '2025-'||lpad(m::text,2,'0'), s, 1, 0
  FROM unnest(array['11','12','13','14','15','21','22','23','31','32','33','34','35','36','37','41','42','43','44','45']) a,
       unnest(array['11','12','13','14','15','21','22','23','31','32','33','34','35','36','37','41','42','43','44','45']) b,
       generate_series(1,12) m, unnest(array['310','390']) s WHERE a<>b;
INSERT INTO block SELECT g, now()-interval '1 year'+g*interval '1 second', 1,1,1, sha256(g::text::bytea), sha256(g::text::bytea), sha256(g::text::bytea) FROM generate_series(1,5000) g;
CREATE TEMP TABLE st AS SELECT g, md5(g::text)::uuid AS id, (1+ (g::bigint*7919) % (SELECT count(*) FROM position))::bigint AS rn FROM generate_series(1,500000) g;
CREATE TEMP TABLE pp AS SELECT position_id, month, row_number() OVER (ORDER BY month, position_id) AS rn FROM position;
INSERT INTO booking (source_id, kind, step, position_id, event_time, block_id)
SELECT id,'SETTLED','DIRECT',position_id, now(), 1+(g/100)%5000 FROM st JOIN pp USING (rn);
INSERT INTO booking (source_id, kind, step, position_id, event_time, block_id)
SELECT id,'REVERSED','DIRECT', (CASE WHEN g%200=0 THEN (SELECT q.position_id FROM pp q WHERE q.rn = least(st.rn+760, 9120)) ELSE position_id END), now(), 1+(g/100)%5000 FROM st JOIN pp USING (rn) WHERE g%20=0;
INSERT INTO transfer (transfer_id, source_id, kind, step, position_id, fund_type_code, purpose, amount_fen, reverses_transfer_id)
SELECT gen_random_uuid(), source_id, kind, step, position_id, '310100', CASE WHEN kind='REVERSED' THEN 'ADJUSTMENT' ELSE 'CLEARING' END, CASE WHEN kind='REVERSED' THEN -5 ELSE 5 END, CASE WHEN kind='REVERSED' THEN gen_random_uuid() END FROM booking;
INSERT INTO deduction (deduction_id, decision_id, settlement_id, insured_region_code, care_region_code, scheme_code, is_by_fund, state, appeal_last_date, month, source_id, record_time)
SELECT gen_random_uuid(), gen_random_uuid(), id, '110000','130000','310',false,CASE WHEN g%100=3 THEN 'PENDING' ELSE 'UPHELD' END,'2026-12-01','2025-05',gen_random_uuid(),now() FROM st WHERE g%5=3;
INSERT INTO deduction_fund SELECT deduction_id,'310100',1 FROM deduction;
INSERT INTO deduction_change (deduction_id, state, change_time) SELECT deduction_id,'PENDING',now() FROM deduction;
UPDATE dispute_mark SET block_id = 4990;
ANALYZE;
"""

async def test_plans(dsn: str) -> None:
    raw = await asyncpg.connect(dsn)
    t=time.perf_counter()
    await raw.execute(FILL)
    print("fill", time.perf_counter()-t)
    await raw.execute("SET search_path=clearing")
    await raw.execute("SET session_replication_role = origin")
    import datetime as d
    async def explain(name, sql, *args):
        # prepared, run 7 times to reach the generic plan
        st = await raw.prepare(sql)
        times=[]
        for _ in range(8):
            t=time.perf_counter(); await st.fetch(*args); times.append(round((time.perf_counter()-t)*1000,1))
        print("\n==", name, times)
        rows = await raw.fetch("EXPLAIN (ANALYZE, BUFFERS OFF) "+sql, *args)
        for r in rows: print(r[0])
    await explain("is_due", ds._IS_DUE, 4990, d.date(2026,1,1))
    await explain("find_reversed", ds._FIND_REVERSED, 4990)
    await explain("mark", ds._MARK, 4990)
    await explain("adj all", ds._LIST_ADJUSTMENTS, '', '', '', None, 101)
    await explain("adj region", ds._LIST_ADJUSTMENTS, '110000', '', '', None, 101)
    await explain("adj month", ds._LIST_ADJUSTMENTS, '110000', '', '2025-12', None, 101)
    await explain("adj orig", ds._LIST_ADJUSTMENTS, '', '2025-01', '', None, 101)
    await explain("count_open", ds._COUNT_OPEN)
    await explain("list region", ds._LIST+" WHERE (d.insured_region_code = $1 OR d.care_region_code = $1) ORDER BY d.deduction_id LIMIT $2", '640000', 101)
    await explain("list month", ds._LIST+" WHERE (d.month = $1 OR d.return_month = $1) ORDER BY d.deduction_id LIMIT $2", '2025-07', 101)
    await explain("sum_standing", ds._SUM_STANDING, [r[0] for r in await raw.fetch("SELECT settlement_id FROM deduction LIMIT 500")], ds._STANDING)
    await explain("due", ds._FIND_DUE, d.date(2027,1,1), 200)
    await raw.close()
