-- What a tenant asks for itself: when it moved its window, and its wishes for a backup beside the plan.

ALTER TABLE tenant ADD COLUMN moved_at INTEGER;

-- Kept as long as they count against the limits.
CREATE TABLE wish (
    id      INTEGER PRIMARY KEY,
    tenant  TEXT NOT NULL,
    replica TEXT NOT NULL REFERENCES replica (id),
    author  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE INDEX wish_tenant ON wish (tenant, at);
