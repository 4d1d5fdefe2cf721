-- Cards through their life: kinds, two more states, what happened and where, one active card of each kind.
-- Tokens are used once. The defaults stay: during an upgrade the release before writes without these columns.

ALTER TABLE card
    ADD COLUMN kind text NOT NULL DEFAULT 'SOCIAL_SECURITY'
        CHECK (kind IN ('SOCIAL_SECURITY', 'ELECTRONIC')),
    DROP CONSTRAINT card_state_check,
    ADD CONSTRAINT card_state_check
        CHECK (state IN ('ISSUED', 'ACTIVE', 'LOST', 'CANCELLED', 'REPLACED'));
COMMENT ON COLUMN card.record IS 'Encrypted: card number, recognition code. Bound to card_index.';

ALTER TABLE card_state_change
    ADD COLUMN change text NOT NULL DEFAULT 'REGISTER'
        CHECK (change IN ('ACTIVATE', 'REPORT_LOST', 'REPORT_FOUND', 'CANCEL', 'REPLACE', 'REGISTER')),
    ADD COLUMN agency_region_code text NOT NULL DEFAULT ''
        CHECK (agency_region_code ~ '^([1-6][0-9]{5})?$'),
    DROP CONSTRAINT card_state_change_state_check,
    ADD CONSTRAINT card_state_change_state_check
        CHECK (state IN ('ISSUED', 'ACTIVE', 'LOST', 'CANCELLED', 'REPLACED'));
COMMENT ON COLUMN card_state_change.agency_region_code IS
    'Where it was reported; empty: not stated, as in what an insured region registers.';

-- Of several active cards of a person the newest stays; that the others gave way is in the history.
WITH ranked AS (
    SELECT card_index,
           row_number() OVER (PARTITION BY person_id ORDER BY create_time DESC, card_index DESC)
               AS place
      FROM card WHERE state = 'ACTIVE'
), replaced AS (
    UPDATE card SET state = 'REPLACED', update_time = now()
      FROM ranked
     WHERE ranked.card_index = card.card_index AND ranked.place > 1
    RETURNING card.card_index
)
INSERT INTO card_state_change (card_index, change, state, change_time)
SELECT card_index, 'REPLACE', 'REPLACED', now() FROM replaced;

CREATE UNIQUE INDEX card_active_once ON card (person_id, kind) WHERE state = 'ACTIVE';
COMMENT ON INDEX card_active_once IS 'A person has at most one active card of each kind.';

ALTER TABLE credential_token
    ADD COLUMN use_id uuid,
    ADD COLUMN use_time timestamptz,
    ADD COLUMN institution_code text CHECK (institution_code <> ''),
    ADD COLUMN look_number integer NOT NULL DEFAULT 0 CHECK (look_number >= 0),
    ADD CONSTRAINT used_at_a_time CHECK ((use_id IS NULL) = (use_time IS NULL));
COMMENT ON COLUMN credential_token.use_id IS 'What it was used for; null: not used yet.';
COMMENT ON COLUMN credential_token.institution_code IS 'The first that saw it, and the only one that may.';
COMMENT ON COLUMN credential_token.look_number IS
    'How many look-ups it has let pass; only the last of them may give the token back.';
