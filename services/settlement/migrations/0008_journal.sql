-- What happened on a day, for whoever keeps books of the journal: the ledger of clearing is compared with it daily.
--
-- The partitions go by the settlement's id, and what is taken back today may have been settled months ago, so a day is
-- found by change_time in every partition. Rows are only ever appended, in the order of change_time but for what runs
-- at the same moment: a block range index finds a day, is a few kilobytes a month, and costs a settlement nothing that
-- can be measured, where a tree would take an insertion. It is built by one look through the rows that there are.
CREATE INDEX state_change_by_time ON settlement_state_change
    USING brin (change_time) WITH (pages_per_range = 32, autosummarize = on);
