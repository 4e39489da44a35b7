-- What the alarm remembers: the newest sign of life of each watcher, and what kept an obligation when it became due unmet.

CREATE TABLE watcher_sign (
    watcher TEXT NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE breach (
    replica   TEXT NOT NULL,
    day       INTEGER NOT NULL,
    tenant    TEXT NOT NULL,
    due_at    INTEGER NOT NULL,
    -- The key of the cause and its kind; both NULL when nothing is known to have kept it.
    cause     TEXT,
    kind_json TEXT,
    PRIMARY KEY (replica, day),
    FOREIGN KEY (replica, day) REFERENCES obligation (replica, day)
) STRICT;

CREATE INDEX breach_due ON breach (due_at, replica, day);
CREATE TRIGGER breach_stays BEFORE UPDATE ON breach
BEGIN SELECT RAISE(ABORT, 'what kept an obligation is not rewritten'); END;
