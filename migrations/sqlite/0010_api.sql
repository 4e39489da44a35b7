-- Writes of the API that carried a key: done once, however often they are sent.

CREATE TABLE once (
    person  TEXT NOT NULL REFERENCES person (id),
    -- Empty where a session asked.
    token   TEXT NOT NULL,
    key     TEXT NOT NULL,
    -- Of method, path and body, under a key of the server's: bodies hold passwords.
    request BLOB NOT NULL CHECK (length(request) = 32),
    begun   INTEGER NOT NULL,
    -- Counts up each time that it is begun again.
    run     INTEGER NOT NULL CHECK (run > 0),
    -- Whoever runs it has ended by then, or was broken off.
    lease   INTEGER NOT NULL,
    status  INTEGER,
    -- Sealed by the server: answers hold tokens.
    answer  BLOB,
    PRIMARY KEY (person, token, key),
    CHECK ((status IS NULL) = (answer IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX once_begun ON once (begun);
CREATE INDEX once_of ON once (person, token, begun);
