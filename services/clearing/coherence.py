"""Re-derives every sum that the ledger keeps. Reads all of it: for tests and the nightly check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from services.kit.db import Database

_FIND_INCOHERENCE: Final = """/* clearing.find_incoherence */
SELECT 'transfer ' || t.transfer_id AS problem
  FROM transfer t
  LEFT JOIN booking b ON b.source_id = t.source_id AND b.kind = t.kind AND b.step = t.step
  LEFT JOIN entry e ON e.transfer_id = t.transfer_id
  LEFT JOIN account a ON a.account_id = e.account_id
 GROUP BY t.transfer_id, b.source_id, b.block_id
HAVING b.source_id IS NULL
    OR count(e.entry_id) <> CASE t.step WHEN 'POSTED' THEN 4 ELSE 2 END
    OR coalesce(sum(e.amount_fen) FILTER (WHERE e.phase = 'POSTED'), 0) <> 0
    OR coalesce(sum(e.amount_fen) FILTER (WHERE e.phase = 'PENDING'), 0) <> 0
    OR coalesce(max(e.amount_fen) FILTER (WHERE e.phase = 'POSTED' AND e.side = 'RECEIVABLE'), 0)
       <> CASE WHEN t.step IN ('DIRECT', 'POSTED') THEN t.amount_fen ELSE 0 END
    OR coalesce(max(e.amount_fen) FILTER (WHERE e.phase = 'PENDING' AND e.side = 'RECEIVABLE'), 0)
       <> CASE t.step WHEN 'PENDING' THEN t.amount_fen WHEN 'DIRECT' THEN 0 ELSE -t.amount_fen END
    OR bool_or(a.position_id <> t.position_id OR a.fund_type_code <> t.fund_type_code
               OR a.purpose <> t.purpose OR a.phase <> e.phase OR a.side <> e.side
               OR e.block_id <> b.block_id)
UNION ALL
SELECT 'account ' || a.account_id
  FROM account a LEFT JOIN entry e ON e.account_id = a.account_id
 GROUP BY a.account_id
HAVING a.balance_fen <> coalesce(sum(e.amount_fen), 0) OR count(e.entry_id) = 0
UNION ALL
SELECT 'accounts of ' || a.purpose || ' ' || a.phase
  FROM account a GROUP BY a.purpose, a.phase
HAVING sum(a.balance_fen) <> 0
UNION ALL
SELECT 'position ' || p.position_id
  FROM position p LEFT JOIN booking b ON b.position_id = p.position_id
 GROUP BY p.position_id
HAVING p.settlement_count <> count(*) FILTER (WHERE b.kind = 'SETTLED')
    OR p.reversal_count <> count(*) FILTER (WHERE b.kind = 'REVERSED')
UNION ALL
SELECT 'reversal ' || t.transfer_id
  FROM transfer t
  JOIN transfer o ON o.transfer_id = t.reverses_transfer_id
 WHERE t.amount_fen <> -o.amount_fen OR t.source_id <> o.source_id
    OR t.fund_type_code <> o.fund_type_code
UNION ALL
SELECT 'resolution ' || b.source_id
  FROM booking b
  LEFT JOIN booking w ON w.source_id = b.source_id AND w.kind = b.kind AND w.step = 'PENDING'
 WHERE b.step IN ('POSTED', 'VOIDED')
   AND (w.source_id IS NULL
        OR (SELECT count(*) FROM transfer t
             WHERE t.source_id = b.source_id AND t.kind = b.kind AND t.step = 'PENDING')
           <> (SELECT count(*) FROM transfer t
                 JOIN transfer o ON o.transfer_id = t.resolves_transfer_id
                WHERE t.source_id = b.source_id AND t.kind = b.kind AND t.step = b.step
                  AND o.source_id = t.source_id AND o.kind = t.kind AND o.step = 'PENDING'
                  AND (o.position_id, o.fund_type_code, o.purpose, o.amount_fen)
                      = (t.position_id, t.fund_type_code, t.purpose, t.amount_fen)))
UNION ALL
SELECT 'month of ' || t.transfer_id
  FROM transfer t
  JOIN booking b ON b.source_id = t.source_id AND b.kind = t.kind AND b.step = t.step
  JOIN position p ON p.position_id = t.position_id
  JOIN month_cut c ON c.month = p.month
 WHERE t.step <> 'VOIDED'
   AND (t.purpose IN ('CLEARING', 'ADJUSTMENT') AND b.block_id > c.cut_block
        OR t.purpose = 'DEDUCTION' AND b.block_id > c.table_block)
UNION ALL
SELECT 'block ' || n.block_id
  FROM (SELECT b.*, lag(b.block_id, 1, 0::bigint) OVER w AS last_block_id,
               lag(b.create_time, 1, 'epoch'::timestamptz) OVER w AS last_create_time,
               lag(b.digest, 1, decode(repeat('00', 32), 'hex')) OVER w AS last_digest
          FROM block b WINDOW w AS (ORDER BY b.block_id)) n
  LEFT JOIN (SELECT block_id, count(*) AS n FROM booking GROUP BY block_id) k USING (block_id)
  LEFT JOIN (SELECT block_id, count(*) AS n, count(DISTINCT transfer_id) AS t
               FROM entry GROUP BY block_id) e USING (block_id)
 WHERE n.block_id <> n.last_block_id + 1 OR n.create_time <= n.last_create_time
    OR n.previous_digest <> n.last_digest
    OR n.digest <> block_digest(n.previous_digest, n.content_digest, n.block_id, n.create_time)
    OR n.booking_count IS DISTINCT FROM k.n OR n.entry_count <> coalesce(e.n, 0)
    OR n.transfer_count <> coalesce(e.t, 0)
UNION ALL
SELECT 'head of the chain'
  FROM chain c
  LEFT JOIN (SELECT block_id, create_time, digest FROM block
              ORDER BY block_id DESC LIMIT 1) b ON true
 WHERE c.block_id <> coalesce(b.block_id, 0) OR c.digest <> b.digest
    OR c.create_time <> b.create_time"""


async def find_incoherence(database: Database) -> list[str]:
    """Returns what in the ledger does not add up; empty is the only good answer."""
    return [row["problem"] for row in await database.fetch(_FIND_INCOHERENCE)]
