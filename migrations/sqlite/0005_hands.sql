-- Requests of people to stop an attempt, and the attempts whose end is not noted with their day yet.

CREATE TABLE cancel_request (
    attempt TEXT NOT NULL PRIMARY KEY REFERENCES attempt (id),
    at      INTEGER NOT NULL,
    author  TEXT NOT NULL,
    reason  TEXT NOT NULL
) STRICT;

CREATE INDEX obligation_attempt_unended ON obligation_attempt (began, attempt) WHERE kind = 'running';
