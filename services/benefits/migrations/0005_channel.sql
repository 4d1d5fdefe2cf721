-- Bills that were paid in cash and are claimed at home (零星报销) are computed and booked like any other, but the
-- lists that are compared with the hub's journal tell them apart: nothing of them is cleared.
ALTER TABLE adjudication ADD COLUMN is_manual boolean NOT NULL DEFAULT false;
