-- registry.db: who and what. `event` is the journal; everything below "derived" is made from it.
-- Derived rows are appended; the only update closes their validity (superseded_seq, superseded_ms).
-- valid_from is the civil date from which a statement holds; of two statements about the same thing
-- and date the later one supersedes the earlier.

CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    shard INTEGER NOT NULL,
    session INTEGER NOT NULL,
    prev_seq INTEGER NOT NULL,
    type INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;

CREATE TABLE leaf (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    salt BLOB,
    leaf BLOB NOT NULL
) STRICT;

-- Derived.

CREATE TABLE unit (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    parent TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_to TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX unit_in_force ON unit (code, valid_from) WHERE superseded_seq IS NULL;

CREATE TABLE person (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    category TEXT NOT NULL,
    status INTEGER NOT NULL,
    valid_from TEXT NOT NULL,
    post TEXT NOT NULL,
    appointed TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX person_in_force ON person (number, valid_from) WHERE superseded_seq IS NULL;

CREATE TABLE roster_import (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    digest BLOB NOT NULL,
    people INTEGER NOT NULL,
    added INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE role (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    person TEXT NOT NULL,
    role TEXT NOT NULL,
    unit TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX role_in_force ON role (person, role, unit) WHERE superseded_seq IS NULL;

CREATE TABLE "release" (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    digest BLOB NOT NULL,
    name TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX release_in_force ON "release" (digest) WHERE superseded_seq IS NULL;

CREATE TABLE exam (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    exam BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    year INTEGER NOT NULL,
    window_start_ms INTEGER NOT NULL,
    window_end_ms INTEGER NOT NULL,
    cutoff TEXT NOT NULL,
    "release" BLOB NOT NULL,
    definition BLOB NOT NULL,
    recorded_ms INTEGER NOT NULL
) STRICT;

-- state: 1 created, 2 opened, 3 closed. master: digest of the draw's master, once opened.
CREATE TABLE exam_state (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    exam BLOB NOT NULL,
    state INTEGER NOT NULL,
    master BLOB,
    sealed BLOB,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX exam_state_in_force ON exam_state (exam) WHERE superseded_seq IS NULL;

-- stage: 1 committed (value: digest), 2 revealed (value: sealed share).
CREATE TABLE share (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    exam BLOB NOT NULL,
    which INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    value BLOB NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX share_in_force ON share (exam, which, stage) WHERE superseded_seq IS NULL;

CREATE TABLE withdrawal (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    exam BLOB NOT NULL,
    item TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX withdrawal_in_force ON withdrawal (exam, item) WHERE superseded_seq IS NULL;

CREATE TABLE exemption (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    exam BLOB NOT NULL,
    person TEXT NOT NULL,
    kind INTEGER NOT NULL,
    reason TEXT NOT NULL,
    document TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX exemption_in_force ON exemption (exam, person) WHERE superseded_seq IS NULL;

-- kind: 1 activation (digest: keyed digest of the code), 2 password (hash: encoded text).
CREATE TABLE credential (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    person TEXT NOT NULL,
    kind INTEGER NOT NULL,
    digest BLOB,
    hash TEXT,
    expires_ms INTEGER,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX credential_in_force ON credential (person, kind) WHERE superseded_seq IS NULL;

CREATE TABLE login_revocation (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    person TEXT NOT NULL,
    recorded_ms INTEGER NOT NULL
) STRICT;
