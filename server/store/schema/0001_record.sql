-- record.db: what happened. `event` is the journal; everything below "derived" is made from it.
-- Derived rows are appended; the only update closes their validity (superseded_seq, superseded_ms).

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

CREATE TABLE secret (
    session INTEGER PRIMARY KEY,
    secret BLOB NOT NULL
) STRICT;

-- Derived.

CREATE TABLE session (
    session INTEGER PRIMARY KEY,
    uuid BLOB NOT NULL UNIQUE,
    exam BLOB NOT NULL,
    pseudonym BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    first_seq INTEGER NOT NULL REFERENCES event (seq),
    started_ms INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL
) STRICT;

-- Events by which a closed or resting session is found again without reading the journal: all but
-- responses, and responses that came after the session was closed.
CREATE TABLE mark (
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

-- Handed in (or timed out): when, by the received time or the deadline.
CREATE TABLE handin (
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

-- A stretch during which the session is graded or voided; superseded by reopening.
CREATE TABLE closure (
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE score (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    session INTEGER NOT NULL,
    exam BLOB NOT NULL,
    pseudonym BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    points INTEGER NOT NULL,
    points_max INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    band INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    voided INTEGER NOT NULL,
    graded_ms INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX score_session ON score (session, seq);
CREATE INDEX score_exam ON score (exam, session);

CREATE TABLE attendance (
    seq INTEGER PRIMARY KEY REFERENCES event (seq),
    pseudonym BLOB NOT NULL,
    hearing TEXT NOT NULL,
    date TEXT NOT NULL,
    mode INTEGER NOT NULL,
    recorded_ms INTEGER NOT NULL,
    superseded_seq INTEGER,
    superseded_ms INTEGER
) STRICT;
CREATE INDEX attendance_in_force ON attendance (pseudonym, hearing) WHERE superseded_seq IS NULL;
CREATE INDEX attendance_date ON attendance (date, seq);
