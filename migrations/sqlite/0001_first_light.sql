-- Times are whole microseconds since 1970-01-01 UTC (world clock) unless the column says _unix_ms (machine clock).
-- Ids are lower-case hyphenated UUIDs or slugs. Columns ending in _json hold one JSON document.

CREATE TABLE replica (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant        TEXT NOT NULL,
    vm            TEXT NOT NULL,
    name          TEXT NOT NULL,
    host          TEXT NOT NULL,
    primary_host  TEXT,
    interval_secs INTEGER NOT NULL,
    disks_json    TEXT NOT NULL,
    first_seen    INTEGER NOT NULL,
    last_seen     INTEGER NOT NULL,
    -- The highest fencing token ever handed out. Lives here, not in the lease, so it survives a released lease.
    token_last    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, vm)
) STRICT;

CREATE TABLE replica_status (
    replica          TEXT NOT NULL PRIMARY KEY REFERENCES replica (id),
    observation_json TEXT NOT NULL,
    verdict_json     TEXT NOT NULL,
    -- What the verdict names, without its numbers: two looks that say the same thing have the same key.
    verdict_key      TEXT NOT NULL,
    since            INTEGER NOT NULL,
    memory_json      TEXT NOT NULL,
    cadence_json     TEXT NOT NULL
) STRICT;

CREATE TABLE blocker_interval (
    replica     TEXT NOT NULL REFERENCES replica (id),
    code        TEXT NOT NULL,
    from_at     INTEGER NOT NULL,
    to_at       INTEGER,
    detail_json TEXT,
    PRIMARY KEY (replica, code, from_at)
) STRICT;

-- At most one interval per replica and code is open.
CREATE UNIQUE INDEX blocker_interval_open ON blocker_interval (replica, code) WHERE to_at IS NULL;
CREATE INDEX blocker_interval_time ON blocker_interval (replica, from_at);

CREATE TABLE finding (
    key       TEXT NOT NULL PRIMARY KEY,
    kind      TEXT NOT NULL,
    host      TEXT,
    replica   TEXT REFERENCES replica (id),
    text      TEXT NOT NULL,
    since     INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    resolved  INTEGER
) STRICT;

CREATE TABLE host_status (
    host          TEXT NOT NULL PRIMARY KEY,
    build         TEXT,
    trust_json    TEXT,
    last_survey   INTEGER,
    last_error    TEXT,
    last_error_at INTEGER,
    requests      INTEGER NOT NULL
) STRICT;

CREATE TABLE attempt (
    id         TEXT NOT NULL PRIMARY KEY,
    replica    TEXT NOT NULL REFERENCES replica (id),
    tenant     TEXT NOT NULL,
    host       TEXT NOT NULL,
    -- The token of the claim. A rescuer's later token stands in the lease and beside each journal line.
    token      INTEGER NOT NULL,
    started    INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('running', 'deferred', 'failed', 'sealed')),
    state_json TEXT NOT NULL,
    UNIQUE (replica, token)
) STRICT;

CREATE INDEX attempt_replica ON attempt (replica, started DESC);
CREATE INDEX attempt_tenant ON attempt (tenant, started DESC);
CREATE INDEX attempt_started ON attempt (started DESC);
CREATE INDEX attempt_running ON attempt (started) WHERE state = 'running';

CREATE TABLE lease (
    replica         TEXT NOT NULL PRIMARY KEY REFERENCES replica (id),
    owner           TEXT NOT NULL,
    attempt         TEXT NOT NULL REFERENCES attempt (id),
    token           INTEGER NOT NULL,
    expires_unix_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE journal (
    attempt      TEXT NOT NULL REFERENCES attempt (id),
    seq          INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    token        INTEGER NOT NULL,
    step         TEXT NOT NULL,
    phase        TEXT NOT NULL CHECK (phase IN ('intent', 'done', 'undone')),
    payload_json TEXT NOT NULL,
    PRIMARY KEY (attempt, seq)
) STRICT;

CREATE TABLE point (
    id            TEXT NOT NULL PRIMARY KEY,
    -- At most one point per attempt, whatever the callers do.
    attempt       TEXT NOT NULL UNIQUE REFERENCES attempt (id),
    replica       TEXT NOT NULL REFERENCES replica (id),
    tenant        TEXT NOT NULL,
    name          TEXT NOT NULL,
    host          TEXT NOT NULL,
    taken         INTEGER NOT NULL,
    sealed        INTEGER NOT NULL,
    snapshot      TEXT NOT NULL,
    disks_json    TEXT NOT NULL,
    read_bytes    INTEGER NOT NULL,
    added_bytes   INTEGER NOT NULL,
    evidence_json TEXT NOT NULL,
    seal_json     TEXT NOT NULL,
    UNIQUE (tenant, snapshot)
) STRICT;

CREATE INDEX point_replica ON point (replica, taken DESC);
CREATE INDEX point_tenant ON point (tenant, taken DESC);

-- AUTOINCREMENT: a number is never used twice, also after old events were removed.
CREATE TABLE event (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    tenant       TEXT,
    subject      TEXT NOT NULL,
    payload_json TEXT NOT NULL
) STRICT;

CREATE INDEX event_tenant ON event (tenant, seq);

-- tenant is '' for the site's own secrets: a tenant id is never empty, and a primary key has no NULL.
CREATE TABLE secret (
    tenant TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  BLOB NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
