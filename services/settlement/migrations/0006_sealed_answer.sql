-- What an insured region answers is encrypted like the bill: the steps of a calculation and the words of a
-- refusal name the chronic disease (门诊慢特病) that a bill is for. Rows from before stay as they are; none of
-- them was computed from a disease.

ALTER TABLE settlement_state_change
    -- True: failure and adjudication are encrypted.
    ADD COLUMN sealed boolean NOT NULL DEFAULT false;
