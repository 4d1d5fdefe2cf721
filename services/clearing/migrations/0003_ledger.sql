-- One ledger for all money of clearing: purposes and phases, bookings in two steps, months that are
-- cut, and a chain of blocks over everything, so that a change of any row shows.

ALTER TABLE booking DISABLE TRIGGER booking_is_append_only;
ALTER TABLE transfer DISABLE TRIGGER transfer_is_append_only;
ALTER TABLE entry DISABLE TRIGGER entry_is_append_only;

-- Keys: what is booked need not be a settlement, and may be decided in a second step.

ALTER TABLE transfer DROP CONSTRAINT transfer_settlement_id_kind_fkey;
ALTER TABLE transfer DROP CONSTRAINT transfer_settlement_id_kind_fund_type_code_key;
ALTER TABLE transfer DROP CONSTRAINT transfer_check;
ALTER TABLE transfer DROP CONSTRAINT transfer_reverses_transfer_id_key;
ALTER TABLE booking DROP CONSTRAINT booking_pkey;
ALTER TABLE booking DROP CONSTRAINT booking_kind_check;
ALTER TABLE account DROP CONSTRAINT account_position_id_fund_type_code_side_key;
ALTER TABLE entry DROP CONSTRAINT entry_transfer_id_side_key;
ALTER TABLE entry DROP CONSTRAINT entry_account_id_fkey;
ALTER TABLE entry DROP CONSTRAINT entry_transfer_id_fkey;
DROP TRIGGER transfer_is_balanced ON transfer;
DROP FUNCTION require_balanced_transfer;
DROP INDEX entry_by_account;

ALTER TABLE booking RENAME COLUMN settlement_id TO source_id;
ALTER TABLE transfer RENAME COLUMN settlement_id TO source_id;

ALTER TABLE booking ADD COLUMN step text NOT NULL DEFAULT 'DIRECT';
ALTER TABLE booking ADD COLUMN block_id bigint;
ALTER TABLE booking ALTER COLUMN position_id DROP NOT NULL;
ALTER TABLE transfer ADD COLUMN step text NOT NULL DEFAULT 'DIRECT';
ALTER TABLE transfer ADD COLUMN position_id bigint;
ALTER TABLE transfer ADD COLUMN purpose text NOT NULL DEFAULT 'CLEARING';
ALTER TABLE transfer ADD COLUMN resolves_transfer_id uuid REFERENCES transfer;
ALTER TABLE account ADD COLUMN purpose text NOT NULL DEFAULT 'CLEARING';
ALTER TABLE account ADD COLUMN phase text NOT NULL DEFAULT 'POSTED';
ALTER TABLE entry ADD COLUMN phase text NOT NULL DEFAULT 'POSTED';
ALTER TABLE entry ADD COLUMN block_id bigint;

-- Blocks: what one transaction of the ledger wrote.

CREATE TABLE block (
    block_id        bigint      PRIMARY KEY CHECK (block_id > 0),
    create_time     timestamptz NOT NULL,
    booking_count   bigint      NOT NULL CHECK (booking_count > 0),
    transfer_count  bigint      NOT NULL CHECK (transfer_count >= 0),
    entry_count     bigint      NOT NULL CHECK (entry_count >= 0),
    content_digest  bytea       NOT NULL CHECK (length(content_digest) = 32),
    previous_digest bytea       NOT NULL CHECK (length(previous_digest) = 32),
    digest          bytea       NOT NULL CHECK (length(digest) = 32)
);
CREATE UNIQUE INDEX block_by_time ON block (create_time);
COMMENT ON TABLE block IS
    'One row per transaction of the ledger, gap-free: what makes a later change of any row show.';
COMMENT ON COLUMN block.create_time IS
    'Taken under the lock of the chain and later than that of the block before: balances of an instant are those of the blocks up to it.';
COMMENT ON COLUMN block.content_digest IS
    'SHA-256 of the lines of the block in byte order, with line feeds between them; see ledger_line.';
COMMENT ON COLUMN block.digest IS
    'SHA-256 of previous_digest, content_digest, block_id and create_time in microseconds (8 bytes each, big-endian).';

CREATE TABLE chain (
    only_row       boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    block_id       bigint      NOT NULL,
    create_time    timestamptz NOT NULL,
    digest         bytea       NOT NULL,
    transaction_id xid8        NOT NULL,
    asked_time     timestamptz NOT NULL DEFAULT 'epoch'
);
COMMENT ON TABLE chain IS
    'The head of the chain. Whoever writes the ledger locks this row first, so that blocks have an order.';
COMMENT ON COLUMN chain.asked_time IS
    'The latest instant that a balance was asked of: no block to come is of it or before it.';
INSERT INTO chain (block_id, create_time, digest, transaction_id)
VALUES (0, 'epoch', decode(repeat('00', 32), 'hex'), pg_current_xact_id());

-- What each row of the ledger says, in natural keys: a line per booking and per entry. A transfer
-- without entries has a line, too, so that none can be added unseen.
CREATE FUNCTION ledger_line(first_block_id bigint, last_block_id bigint)
RETURNS TABLE (block_id bigint, line text, is_misplaced boolean) LANGUAGE sql STABLE AS $$
    SELECT b.block_id,
           concat('B|', b.source_id, '|', b.kind, '|', b.step, '|', p.insured_region_code, '|',
                  p.care_region_code, '|', p.month, '|', p.scheme_code, '|',
                  (extract(epoch FROM b.event_time) * 1000000)::bigint),
           false
      FROM booking b
      LEFT JOIN position p ON p.position_id = b.position_id
     WHERE b.block_id BETWEEN first_block_id AND last_block_id
    UNION ALL
    SELECT b.block_id,
           concat('E|', t.transfer_id, '|', t.source_id, '|', t.kind, '|', t.step, '|',
                  t.fund_type_code, '|', t.purpose, '|', t.amount_fen, '|',
                  t.reverses_transfer_id, '|', t.resolves_transfer_id, '|',
                  p.insured_region_code, '|', p.care_region_code, '|', p.month, '|',
                  p.scheme_code, '|', a.fund_type_code, '|', a.purpose, '|', a.phase, '|', a.side,
                  '|', e.amount_fen),
           e.block_id IS DISTINCT FROM b.block_id OR e.side IS DISTINCT FROM a.side
           OR e.phase IS DISTINCT FROM a.phase OR a.position_id IS DISTINCT FROM t.position_id
      FROM booking b
      JOIN transfer t ON t.source_id = b.source_id AND t.kind = b.kind AND t.step = b.step
      LEFT JOIN entry e ON e.transfer_id = t.transfer_id
      LEFT JOIN account a ON a.account_id = e.account_id
      LEFT JOIN position p ON p.position_id = a.position_id
     WHERE b.block_id BETWEEN first_block_id AND last_block_id
$$;

CREATE FUNCTION block_digest(previous bytea, content bytea, id bigint, made timestamptz)
RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(previous || content || int8send(id)
                  || int8send((extract(epoch FROM made) * 1000000)::bigint))
$$;

-- What is there already: a block for each transaction of the past, at its own instant.

UPDATE transfer t SET position_id = b.position_id
  FROM booking b WHERE b.source_id = t.source_id AND b.kind = t.kind;
UPDATE booking b SET block_id = n.block_id
  FROM (SELECT create_time, row_number() OVER (ORDER BY create_time) AS block_id
          FROM booking GROUP BY create_time) n
 WHERE n.create_time = b.create_time;
UPDATE entry e SET block_id = b.block_id
  FROM transfer t JOIN booking b ON b.source_id = t.source_id AND b.kind = t.kind
 WHERE t.transfer_id = e.transfer_id;

-- Constraints, now that every row is filled.

ALTER TABLE booking ALTER COLUMN step DROP DEFAULT;
ALTER TABLE booking ALTER COLUMN block_id SET NOT NULL;
ALTER TABLE booking ADD PRIMARY KEY (source_id, kind, step);
ALTER TABLE booking ADD CONSTRAINT booking_kind_check CHECK (
    kind IN ('SETTLED', 'REVERSED', 'DEDUCTION', 'PREPAYMENT', 'PAYMENT', 'PREPAYMENT_PAYMENT'));
ALTER TABLE booking ADD CONSTRAINT booking_step_check CHECK (
    step IN ('DIRECT', 'PENDING', 'POSTED', 'VOIDED'));
-- The feed's bookings count in a position and wait for nobody.
ALTER TABLE booking ADD CONSTRAINT booking_of_feed_check CHECK (
    CASE WHEN kind IN ('SETTLED', 'REVERSED') THEN position_id IS NOT NULL AND step = 'DIRECT'
         ELSE position_id IS NULL END);
CREATE UNIQUE INDEX booking_begun_once ON booking (source_id, kind)
    WHERE step IN ('DIRECT', 'PENDING');
CREATE UNIQUE INDEX booking_resolved_once ON booking (source_id, kind)
    WHERE step IN ('POSTED', 'VOIDED');
CREATE INDEX booking_by_block ON booking (block_id);
COMMENT ON TABLE booking IS
    'One row per event or decision booked: what makes a repeated one a replay.';
COMMENT ON COLUMN booking.source_id IS
    'What is booked: a settlement (SETTLED, REVERSED), a deduction, a line of a notice, a payment.';
COMMENT ON COLUMN booking.position_id IS 'Where an event of the feed is counted; null: it is none.';
COMMENT ON COLUMN booking.step IS
    'DIRECT: posted at once. PENDING: waits for a decision, which is POSTED or VOIDED, once.';

ALTER TABLE transfer ALTER COLUMN step DROP DEFAULT;
ALTER TABLE transfer ALTER COLUMN purpose DROP DEFAULT;
ALTER TABLE transfer ALTER COLUMN position_id SET NOT NULL;
ALTER TABLE transfer
    ADD UNIQUE (source_id, kind, step, fund_type_code, position_id, purpose);
ALTER TABLE transfer ADD CONSTRAINT transfer_purpose_check CHECK (
    CASE kind WHEN 'SETTLED' THEN purpose = 'CLEARING'
              WHEN 'REVERSED' THEN purpose IN ('CLEARING', 'ADJUSTMENT')
              WHEN 'DEDUCTION' THEN purpose IN ('DEDUCTION', 'ADJUSTMENT')
              ELSE purpose = kind END);
-- A settlement makes the insured province owe more, a reversal takes one transfer back.
ALTER TABLE transfer ADD CONSTRAINT transfer_amount_check CHECK (
    CASE kind WHEN 'SETTLED' THEN amount_fen > 0 AND reverses_transfer_id IS NULL
              WHEN 'REVERSED' THEN amount_fen < 0 AND reverses_transfer_id IS NOT NULL
              ELSE amount_fen <> 0 AND reverses_transfer_id IS NULL END);
ALTER TABLE transfer ADD CONSTRAINT transfer_resolves_check CHECK (
    (step IN ('POSTED', 'VOIDED')) = (resolves_transfer_id IS NOT NULL));
CREATE UNIQUE INDEX transfer_reversed_once ON transfer (reverses_transfer_id)
    WHERE reverses_transfer_id IS NOT NULL;
CREATE UNIQUE INDEX transfer_resolved_once ON transfer (resolves_transfer_id)
    WHERE resolves_transfer_id IS NOT NULL;
COMMENT ON COLUMN transfer.amount_fen IS
    'More than zero: the insured province owes more. Of a VOIDED one: what it takes out of the pending accounts.';

ALTER TABLE account ALTER COLUMN purpose DROP DEFAULT;
ALTER TABLE account ALTER COLUMN phase DROP DEFAULT;
ALTER TABLE account ADD UNIQUE (position_id, fund_type_code, purpose, phase, side);
ALTER TABLE account ADD CONSTRAINT account_purpose_check CHECK (
    purpose IN ('CLEARING', 'ADJUSTMENT', 'DEDUCTION', 'PAYMENT', 'PREPAYMENT',
                'PREPAYMENT_PAYMENT'));
ALTER TABLE account ADD CONSTRAINT account_phase_check CHECK (phase IN ('POSTED', 'PENDING'));
COMMENT ON COLUMN account.phase IS
    'PENDING: what waits for a decision; it is in no table and on no notice.';

ALTER TABLE entry ALTER COLUMN phase DROP DEFAULT;
ALTER TABLE entry ALTER COLUMN block_id SET NOT NULL;
-- At most one entry a side and phase: with the trigger below, exactly what the step moves.
ALTER TABLE entry ADD UNIQUE (transfer_id, phase, side);
-- With its amount, so that a balance of the past reads the index alone.
CREATE INDEX entry_by_account ON entry (account_id, block_id) INCLUDE (amount_fen);
CREATE INDEX entry_by_block ON entry (block_id);

-- The chain over what is there already.

INSERT INTO block (block_id, create_time, booking_count, transfer_count, entry_count,
                   content_digest, previous_digest, digest)
SELECT n.block_id, n.create_time, n.booking_count, n.transfer_count, n.entry_count,
       l.content_digest, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
  FROM (SELECT b.block_id, b.create_time, count(DISTINCT (b.source_id, b.kind)) AS booking_count,
               count(t.transfer_id) AS transfer_count, 2 * count(t.transfer_id) AS entry_count
          FROM booking b
          LEFT JOIN transfer t ON t.source_id = b.source_id AND t.kind = b.kind
         GROUP BY b.block_id, b.create_time) n
  JOIN (SELECT block_id,
               sha256(convert_to(string_agg(line, E'\n' ORDER BY line COLLATE "C"), 'UTF8'))
                   AS content_digest
          FROM ledger_line(1, 9223372036854775807) GROUP BY block_id) l
    ON l.block_id = n.block_id
 ORDER BY n.block_id;

DO $$
DECLARE
    head bytea := decode(repeat('00', 32), 'hex');
    one block;
BEGIN
    FOR one IN SELECT * FROM block ORDER BY block_id LOOP
        UPDATE block
           SET previous_digest = head,
               digest = block_digest(head, one.content_digest, one.block_id, one.create_time)
         WHERE block_id = one.block_id
        RETURNING digest INTO head;
    END LOOP;
    UPDATE chain SET (block_id, create_time, digest) =
        (SELECT b.block_id, b.create_time, b.digest FROM block b ORDER BY b.block_id DESC LIMIT 1)
     WHERE EXISTS (SELECT FROM block);
END $$;

ALTER TABLE booking ADD FOREIGN KEY (block_id) REFERENCES block;
-- The instant is the block's.
ALTER TABLE booking DROP COLUMN create_time;
ALTER TABLE entry DROP COLUMN create_time;

-- Months: up to which the feed has been taken into tables.

CREATE TABLE month_cut (
    month       text        PRIMARY KEY CHECK (month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'),
    cut_time    timestamptz NOT NULL,
    feed_cursor text        NOT NULL,
    cut_block   bigint      NOT NULL,
    table_time  timestamptz,
    table_block bigint,
    CHECK ((table_time IS NULL) = (table_block IS NULL))
);
COMMENT ON TABLE month_cut IS
    'Months into which nothing more is booked from the feed, and since when their tables are made.';
COMMENT ON COLUMN month_cut.feed_cursor IS
    'Up to where the feed was booked at the cut: what comes after it belongs to a later month.';
COMMENT ON COLUMN month_cut.cut_block IS 'Last block before the cut.';
COMMENT ON COLUMN month_cut.table_block IS 'Last block that the tables hold.';

CREATE FUNCTION keep_month_cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.month <= (SELECT max(month) FROM month_cut) THEN
            RAISE EXCEPTION 'months are cut in order' USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF TG_OP <> 'UPDATE' OR OLD.table_time IS NOT NULL
       OR (OLD.month, OLD.cut_time, OLD.feed_cursor, OLD.cut_block)
          IS DISTINCT FROM (NEW.month, NEW.cut_time, NEW.feed_cursor, NEW.cut_block)
       OR EXISTS (SELECT FROM month_cut WHERE month < NEW.month AND table_time IS NULL) THEN
        RAISE EXCEPTION 'a cut month stays cut' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER month_cut_is_kept
    BEFORE INSERT OR UPDATE OR DELETE ON month_cut
    FOR EACH ROW EXECUTE FUNCTION keep_month_cut();
CREATE TRIGGER month_cut_is_not_emptied
    BEFORE TRUNCATE ON month_cut
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What is done with a month is digested with the block that comes next, so that it is part of the
-- chain, too.
CREATE FUNCTION month_line(first_block_id bigint, last_block_id bigint)
RETURNS TABLE (block_id bigint, line text) LANGUAGE sql STABLE AS $$
    SELECT m.cut_block + 1,
           concat('M|', m.month, '|', m.feed_cursor, '|',
                  (extract(epoch FROM m.cut_time) * 1000000)::bigint)
      FROM month_cut m
     WHERE m.cut_block + 1 BETWEEN first_block_id AND last_block_id
    UNION ALL
    SELECT m.table_block + 1,
           concat('T|', m.month, '|', (extract(epoch FROM m.table_time) * 1000000)::bigint)
      FROM month_cut m
     WHERE m.table_block + 1 BETWEEN first_block_id AND last_block_id
$$;

-- What the database holds to, whoever writes. The checks are of whole statements, because one of
-- each row costs more than the row: they say all that foreign keys from transfer and entry would, and
-- more. Nothing that they rest on is ever deleted.

-- Rows join the block that their own transaction makes: none is added to one of the past.
CREATE FUNCTION own_block() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT block_id FROM chain WHERE transaction_id = pg_current_xact_id()
$$;

CREATE FUNCTION require_own_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own bigint := own_block();
BEGIN
    IF EXISTS (SELECT FROM added n WHERE n.block_id IS DISTINCT FROM own) THEN
        RAISE EXCEPTION 'rows of % join the block of their own transaction', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER booking_joins_its_block
    AFTER INSERT ON booking REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_own_block();

-- A transfer is of a booking of its own transaction, resolves what was pending, and belongs to a
-- month that still takes it.
CREATE FUNCTION require_sound_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own bigint := own_block();
    cut_month text := (SELECT coalesce(max(month), '') FROM month_cut);
    table_month text := (SELECT coalesce(max(month), '') FROM month_cut
                          WHERE table_time IS NOT NULL);
BEGIN
    IF EXISTS (
        SELECT FROM added n
          LEFT JOIN booking b ON b.source_id = n.source_id AND b.kind = n.kind AND b.step = n.step
         WHERE b.block_id IS DISTINCT FROM own) THEN
        RAISE EXCEPTION 'a transfer joins a booking of its own transaction'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF cut_month <> '' AND EXISTS (
        SELECT FROM added n JOIN position p ON p.position_id = n.position_id
         WHERE n.step <> 'VOIDED'
           AND (n.purpose IN ('CLEARING', 'ADJUSTMENT') AND p.month <= cut_month
                OR n.purpose = 'DEDUCTION' AND p.month <= table_month)) THEN
        RAISE EXCEPTION 'nothing is booked into a month that is cut or whose tables are made'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_month_is_open';
    END IF;
    IF EXISTS (
        SELECT FROM added n
         WHERE n.resolves_transfer_id IS NOT NULL
           AND NOT EXISTS (
               SELECT FROM transfer t
                WHERE t.transfer_id = n.resolves_transfer_id AND t.step = 'PENDING'
                  AND (t.source_id, t.kind, t.position_id, t.fund_type_code, t.purpose,
                       t.amount_fen)
                      = (n.source_id, n.kind, n.position_id, n.fund_type_code, n.purpose,
                         n.amount_fen))) THEN
        RAISE EXCEPTION 'a transfer resolves another one than was pending'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER transfer_is_sound
    AFTER INSERT ON transfer REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_sound_transfers();

-- The entries of a transfer come in one statement, and are exactly those that its step moves: every
-- phase balances, and both sides are accounts of its own position, fund and purpose. Whatever came
-- later would have to be as whole by itself, and is refused by the unique key.
CREATE FUNCTION require_balanced_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bad uuid;
BEGIN
    SELECT n.transfer_id INTO bad
      FROM (SELECT e.transfer_id, count(*) AS sides, min(e.block_id) AS first_block,
                   max(e.block_id) AS last_block,
                   sum(e.amount_fen) FILTER (WHERE e.phase = 'POSTED') AS posted_sum,
                   sum(e.amount_fen) FILTER (WHERE e.phase = 'PENDING') AS pending_sum,
                   max(e.amount_fen) FILTER (WHERE e.phase = 'POSTED' AND e.side = 'RECEIVABLE')
                       AS posted,
                   max(e.amount_fen) FILTER (WHERE e.phase = 'PENDING' AND e.side = 'RECEIVABLE')
                       AS pending,
                   bool_and(a.phase = e.phase AND a.side = e.side) IS TRUE
                   AND count(a.account_id) = count(*) AS is_placed,
                   min(a.position_id) AS first_position, max(a.position_id) AS last_position,
                   min(a.fund_type_code) AS first_fund, max(a.fund_type_code) AS last_fund,
                   min(a.purpose) AS first_purpose, max(a.purpose) AS last_purpose
              FROM added e LEFT JOIN account a ON a.account_id = e.account_id
             GROUP BY e.transfer_id) n
      LEFT JOIN transfer t ON t.transfer_id = n.transfer_id
     WHERE t.transfer_id IS NULL OR NOT n.is_placed OR n.first_block <> n.last_block
        OR n.sides <> CASE t.step WHEN 'POSTED' THEN 4 ELSE 2 END
        OR coalesce(n.posted_sum, 0) <> 0 OR coalesce(n.pending_sum, 0) <> 0
        OR n.posted IS DISTINCT FROM
           CASE WHEN t.step IN ('DIRECT', 'POSTED') THEN t.amount_fen END
        OR n.pending IS DISTINCT FROM
           CASE t.step WHEN 'PENDING' THEN t.amount_fen WHEN 'POSTED' THEN -t.amount_fen
                       WHEN 'VOIDED' THEN -t.amount_fen END
        OR (t.position_id, t.position_id) <> (n.first_position, n.last_position)
        OR (t.fund_type_code, t.fund_type_code) <> (n.first_fund, n.last_fund)
        OR (t.purpose, t.purpose) <> (n.first_purpose, n.last_purpose)
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % is not balanced', bad USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_joins_its_block
    AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_own_block();
CREATE TRIGGER entry_is_balanced
    AFTER INSERT ON entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_balanced_entries();

-- At the commit a block holds what it says: no transfer is without entries.
CREATE FUNCTION require_whole_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    booked bigint := (SELECT count(*) FROM booking b WHERE b.block_id = NEW.block_id);
    moved record;
    entered record;
BEGIN
    SELECT count(*) AS n, coalesce(sum(CASE t.step WHEN 'POSTED' THEN 4 ELSE 2 END), 0) AS sides
      INTO moved
      FROM booking b
      JOIN transfer t ON t.source_id = b.source_id AND t.kind = b.kind AND t.step = b.step
     WHERE b.block_id = NEW.block_id;
    SELECT count(*) AS n, count(DISTINCT e.transfer_id) AS transfers INTO entered
      FROM entry e WHERE e.block_id = NEW.block_id;
    IF (booked, moved.n, moved.sides, entered.n, entered.transfers) IS DISTINCT FROM
       (NEW.booking_count, NEW.transfer_count, NEW.entry_count, NEW.entry_count,
        NEW.transfer_count) THEN
        RAISE EXCEPTION 'block % does not hold what it says: a transfer is not balanced, or missing',
            NEW.block_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
-- Deferred, because a block stands before its rows do.
CREATE CONSTRAINT TRIGGER block_is_whole
    AFTER INSERT ON block DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION require_whole_block();

CREATE TRIGGER account_is_never_deleted
    BEFORE DELETE OR TRUNCATE ON account
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER position_is_never_deleted
    BEFORE DELETE OR TRUNCATE ON position
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Of positions and accounts only the sums move. Looked at where a statement names another column: what
-- is booked costs nothing more.
CREATE TRIGGER position_keeps_its_key
    BEFORE UPDATE OF position_id, insured_region_code, care_region_code, month, scheme_code
    ON position FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER account_keeps_its_key
    BEFORE UPDATE OF account_id, position_id, fund_type_code, purpose, phase, side
    ON account FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chain_is_never_deleted
    BEFORE DELETE OR TRUNCATE ON chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A block follows the one before, in number, time and digest.
CREATE FUNCTION require_next_block() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head record;
BEGIN
    SELECT b.block_id, b.create_time, b.digest INTO head
      FROM block b ORDER BY b.block_id DESC LIMIT 1;
    IF NEW.block_id <> coalesce(head.block_id, 0) + 1
       OR NEW.create_time <= head.create_time
       OR NEW.previous_digest <> coalesce(head.digest, decode(repeat('00', 32), 'hex'))
       OR NEW.digest <> block_digest(NEW.previous_digest, NEW.content_digest, NEW.block_id,
                                     NEW.create_time) THEN
        RAISE EXCEPTION 'block % does not follow the chain', NEW.block_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER block_follows
    BEFORE INSERT ON block FOR EACH ROW EXECUTE FUNCTION require_next_block();
CREATE TRIGGER block_is_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON block
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE booking ENABLE TRIGGER booking_is_append_only;
ALTER TABLE transfer ENABLE TRIGGER transfer_is_append_only;
ALTER TABLE entry ENABLE TRIGGER entry_is_append_only;
