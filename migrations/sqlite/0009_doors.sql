-- Tenants, people, their sessions and tokens, invitations, tries to log in, and who did what.
--
-- Of every random secret only its hash is here (32 bytes). Passwords are PHC strings; authenticators' secrets are sealed by the server.
-- A row's tenant is NULL at the hoster's. A person never changes it, so rows that belong to a person repeat it: the scope is in each
-- statement without a join.

CREATE TABLE tenant (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    zone       TEXT NOT NULL,
    created    INTEGER NOT NULL,
    -- Where the tenant may move its window; NULL: nowhere.
    frame_json TEXT,
    window_json TEXT,
    brand_name TEXT,
    accent     TEXT,
    logo       BLOB
) STRICT;

CREATE TABLE mapping_rule (
    tenant TEXT NOT NULL REFERENCES tenant (id),
    kind   TEXT NOT NULL CHECK (kind IN ('trust-group', 'primary', 'storage-path')),
    text   TEXT NOT NULL,
    author TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, text)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    id          TEXT NOT NULL PRIMARY KEY,
    login       TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    tenant      TEXT REFERENCES tenant (id),
    role        TEXT NOT NULL,
    password    TEXT NOT NULL,
    created     INTEGER NOT NULL,
    disabled    INTEGER,
    -- Sealed; the step is that of the last code used, NULL until the first proves that the person has it.
    totp_sealed BLOB,
    totp_step   INTEGER,
    CHECK ((tenant IS NULL AND role IN ('owner', 'operator', 'auditor'))
        OR (tenant IS NOT NULL AND role IN ('admin', 'viewer'))),
    CHECK (totp_step IS NULL OR totp_sealed IS NOT NULL)
) STRICT;

CREATE INDEX person_tenant ON person (tenant, login);
CREATE INDEX person_owner ON person (id) WHERE role = 'owner' AND disabled IS NULL;
CREATE TRIGGER person_stays_where_they_are BEFORE UPDATE OF id, tenant, login ON person
    WHEN OLD.id <> NEW.id OR OLD.tenant IS NOT NEW.tenant OR OLD.login <> NEW.login
BEGIN SELECT RAISE(ABORT, 'a person never moves to another tenant'); END;
CREATE TRIGGER person_remains BEFORE DELETE ON person
BEGIN SELECT RAISE(ABORT, 'a person is put out, never removed'); END;

CREATE TABLE recovery_code (
    person TEXT NOT NULL REFERENCES person (id),
    hash   BLOB NOT NULL CHECK (length(hash) = 32),
    used   INTEGER,
    PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE known_device (
    person TEXT NOT NULL REFERENCES person (id),
    hash   BLOB NOT NULL CHECK (length(hash) = 32),
    seen   INTEGER NOT NULL,
    PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    id        TEXT NOT NULL PRIMARY KEY,
    hash      BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    person    TEXT NOT NULL REFERENCES person (id),
    tenant    TEXT,
    stage     TEXT NOT NULL CHECK (stage IN ('second-factor', 'open')),
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    -- Where it was opened from, and with what.
    from_addr TEXT NOT NULL,
    agent     TEXT NOT NULL
) STRICT;

CREATE INDEX session_person ON session (person, last_seen DESC, id DESC);
CREATE INDEX session_created ON session (created);

CREATE TABLE token (
    id          TEXT NOT NULL PRIMARY KEY,
    hash        BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    person      TEXT NOT NULL REFERENCES person (id),
    tenant      TEXT,
    name        TEXT NOT NULL,
    scopes_json TEXT NOT NULL,
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    last_used   INTEGER,
    revoked     INTEGER
) STRICT;

CREATE INDEX token_site ON token (created DESC, id DESC);
CREATE INDEX token_tenant ON token (tenant, created DESC, id DESC);
CREATE INDEX token_person ON token (person) WHERE revoked IS NULL;

CREATE TABLE invitation (
    id      TEXT NOT NULL PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    tenant  TEXT REFERENCES tenant (id),
    role    TEXT NOT NULL,
    author  TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used    INTEGER,
    person  TEXT REFERENCES person (id),
    revoked INTEGER,
    CHECK ((tenant IS NULL AND role IN ('owner', 'operator', 'auditor'))
        OR (tenant IS NOT NULL AND role IN ('admin', 'viewer'))),
    CHECK ((used IS NULL) = (person IS NULL)),
    CHECK (used IS NULL OR revoked IS NULL)
) STRICT;

CREATE INDEX invitation_site ON invitation (created DESC, id DESC);
CREATE INDEX invitation_tenant ON invitation (tenant, created DESC, id DESC);

-- Names that belong to nobody are counted like all others.
CREATE TABLE log_in_tally (
    kind     TEXT NOT NULL CHECK (kind IN ('account', 'address', 'device')),
    key      TEXT NOT NULL,
    failures INTEGER NOT NULL CHECK (failures > 0),
    last     INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX log_in_tally_last ON log_in_tally (last);

CREATE TABLE audit (
    -- 1, 2, 3... without a gap: given by the transaction that appends.
    seq          INTEGER NOT NULL PRIMARY KEY,
    at           INTEGER NOT NULL,
    who_json     TEXT NOT NULL,
    from_addr    TEXT,
    deed         TEXT NOT NULL,
    object       TEXT NOT NULL,
    tenant       TEXT,
    outcome      TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    details_json TEXT NOT NULL,
    hash         BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX audit_tenant ON audit (tenant, seq);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'what was done is not rewritten'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'what was done is not removed'); END;
-- `INSERT OR REPLACE` removes without asking the trigger above.
CREATE TRIGGER audit_is_appended BEFORE INSERT ON audit
    WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'an entry follows the newest'); END;
