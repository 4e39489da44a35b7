-- Policies, obligations, holds, pauses and notices.
--
-- A `day` is a date of the tenant's calendar as whole days since 1970-01-01: date(day * 86400, 'unixepoch') shows it.
-- What was promised and what it came to is never rewritten, whoever writes: triggers refuse it.

CREATE TABLE policy_version (
    policy     TEXT NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    terms_json TEXT NOT NULL,
    author     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (policy, version)
) STRICT;

CREATE TRIGGER policy_version_stays BEFORE UPDATE ON policy_version
BEGIN SELECT RAISE(ABORT, 'a policy version is never changed'); END;
CREATE TRIGGER policy_version_remains BEFORE DELETE ON policy_version
BEGIN SELECT RAISE(ABORT, 'a policy version is never removed'); END;

-- The newest line of (kind, who) is what holds.
CREATE TABLE policy_assignment (
    id     INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL CHECK (kind IN ('site', 'tenant', 'replica')),
    -- The tenant or the replica; '' for the site.
    who    TEXT NOT NULL,
    -- NULL: the assignment was taken away.
    policy TEXT,
    author TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE INDEX policy_assignment_newest ON policy_assignment (kind, who, id);
CREATE TRIGGER policy_assignment_stays BEFORE UPDATE ON policy_assignment
BEGIN SELECT RAISE(ABORT, 'an assignment is never changed'); END;
CREATE TRIGGER policy_assignment_remains BEFORE DELETE ON policy_assignment
BEGIN SELECT RAISE(ABORT, 'an assignment is never removed'); END;

-- The terms that obligations were opened under, each once: they are frozen with the day, and 10,000 replicas share a few.
CREATE TABLE obligation_terms (
    id         INTEGER PRIMARY KEY,
    terms_json TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER obligation_terms_stay BEFORE UPDATE ON obligation_terms
BEGIN SELECT RAISE(ABORT, 'the terms of a day are frozen'); END;

CREATE TABLE obligation (
    replica         TEXT NOT NULL REFERENCES replica (id),
    day             INTEGER NOT NULL,
    tenant          TEXT NOT NULL,
    zone            TEXT NOT NULL,
    policy          TEXT NOT NULL,
    policy_version  INTEGER NOT NULL,
    terms           INTEGER NOT NULL REFERENCES obligation_terms (id),
    -- Out of the terms, so that a figure needs no document.
    target_bp       INTEGER NOT NULL,
    open_at         INTEGER NOT NULL,
    due_at          INTEGER NOT NULL,
    next_open_at    INTEGER NOT NULL,
    opened_at       INTEGER NOT NULL,
    excluded_json   TEXT,
    -- What it was closed as; stays when it is corrected.
    kind            TEXT NOT NULL DEFAULT 'open'
                    CHECK (kind IN ('open', 'met', 'met-late', 'missed', 'excused', 'excluded')),
    outcome_json    TEXT NOT NULL,
    closed_at       INTEGER,
    -- When the checkpoint that met it was accepted, also too late.
    taken           INTEGER,
    -- What it counts as with its corrections, and whose that was: kept by the transactions that close and correct.
    counts_as       TEXT NOT NULL DEFAULT 'open'
                    CHECK (counts_as IN ('open', 'met', 'met-late', 'missed', 'excused', 'excluded')),
    counts_owner    TEXT CHECK (counts_owner IN ('provider', 'tenant', 'external')),
    corrections     INTEGER NOT NULL DEFAULT 0,
    -- The sums of obligation_attempt, kept by the transactions that write there.
    attempts        INTEGER NOT NULL DEFAULT 0,
    deferrals       INTEGER NOT NULL DEFAULT 0,
    apply_deferrals INTEGER NOT NULL DEFAULT 0,
    failures        INTEGER NOT NULL DEFAULT 0,
    newest_attempt  TEXT,
    PRIMARY KEY (replica, day)
) STRICT;

CREATE INDEX obligation_live ON obligation (due_at, replica, day) WHERE kind = 'open';
CREATE INDEX obligation_day ON obligation (day, replica);
CREATE INDEX obligation_tenant ON obligation (tenant, day, replica);

CREATE TRIGGER obligation_frozen BEFORE UPDATE OF replica, day, tenant, zone, policy, policy_version, terms, target_bp,
    open_at, due_at, next_open_at, opened_at, excluded_json ON obligation
BEGIN SELECT RAISE(ABORT, 'an obligation is frozen when its day opens'); END;
CREATE TRIGGER obligation_closed BEFORE UPDATE OF kind, outcome_json, closed_at, taken ON obligation WHEN OLD.kind <> 'open'
BEGIN SELECT RAISE(ABORT, 'closed days stay closed'); END;
CREATE TRIGGER obligation_remains BEFORE DELETE ON obligation
BEGIN SELECT RAISE(ABORT, 'an obligation is never removed'); END;

CREATE TABLE obligation_attempt (
    -- An attempt is for one obligation.
    attempt  TEXT NOT NULL PRIMARY KEY,
    replica  TEXT NOT NULL,
    day      INTEGER NOT NULL,
    -- 1, 2, 3... per obligation, in the order they began.
    seq      INTEGER NOT NULL,
    began    INTEGER NOT NULL,
    kind     TEXT NOT NULL DEFAULT 'running' CHECK (kind IN ('running', 'deferred', 'failed', 'sealed')),
    end_json TEXT,
    UNIQUE (replica, day, seq),
    FOREIGN KEY (replica, day) REFERENCES obligation (replica, day)
) STRICT;

CREATE TABLE correction (
    replica     TEXT NOT NULL,
    day         INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    tenant      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    author      TEXT NOT NULL,
    reason      TEXT NOT NULL,
    change_json TEXT NOT NULL,
    PRIMARY KEY (replica, day, seq),
    FOREIGN KEY (replica, day) REFERENCES obligation (replica, day)
) STRICT;

CREATE INDEX correction_tenant ON correction (tenant, day);
CREATE INDEX correction_day ON correction (day);
CREATE TRIGGER correction_stays BEFORE UPDATE ON correction
BEGIN SELECT RAISE(ABORT, 'a correction is never changed'); END;
CREATE TRIGGER correction_remains BEFORE DELETE ON correction
BEGIN SELECT RAISE(ABORT, 'a correction is never removed'); END;

CREATE TABLE hold (
    id        INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL CHECK (kind IN ('host', 'tenant', 'replica')),
    who       TEXT NOT NULL,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    author    TEXT NOT NULL,
    lifted_at INTEGER,
    lifted_by TEXT
) STRICT;

CREATE INDEX hold_until ON hold (until_at);

-- The newest line of a cause is what holds.
CREATE TABLE acknowledgement (
    id       INTEGER PRIMARY KEY,
    cause    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    note     TEXT NOT NULL,
    author   TEXT NOT NULL
) STRICT;

CREATE INDEX acknowledgement_cause ON acknowledgement (cause, id);
CREATE INDEX acknowledgement_until ON acknowledgement (until_at);

CREATE TABLE pause (
    attempt      TEXT NOT NULL PRIMARY KEY,
    replica      TEXT NOT NULL REFERENCES replica (id),
    tenant       TEXT NOT NULL,
    vm           TEXT NOT NULL,
    -- The primary's key in the configuration.
    primary_key  TEXT NOT NULL,
    intended     INTEGER NOT NULL,
    until_at     INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('intended', 'paused', 'resuming', 'resumed')),
    paused       INTEGER,
    resumed      INTEGER,
    trouble      TEXT
) STRICT;

-- At most one pause of a replica is not resumed, whatever the callers do.
CREATE UNIQUE INDEX pause_unresumed ON pause (replica) WHERE state <> 'resumed';
CREATE INDEX pause_replica ON pause (replica, intended);
CREATE INDEX pause_tenant ON pause (tenant, intended);

CREATE TABLE notice (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    body_json  TEXT NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    -- NULL once delivered.
    next_at    INTEGER,
    delivered  INTEGER,
    last_error TEXT
) STRICT;

CREATE INDEX notice_due ON notice (next_at) WHERE next_at IS NOT NULL;
