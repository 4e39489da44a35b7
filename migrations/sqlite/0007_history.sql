-- What ended since when, without reading what ended before: the forecast learns from it with every round. Log applies (B1) are the most
-- of all intervals and are not asked for.
CREATE INDEX obligation_ended ON obligation (closed_at, replica, day) WHERE closed_at IS NOT NULL;
CREATE INDEX blocker_interval_ended ON blocker_interval (to_at, replica, code, from_at)
    WHERE to_at IS NOT NULL AND code <> 'B1';
