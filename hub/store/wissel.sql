-- wissel.db: the log and the bookkeeping. The truth; back it up together with sleutels.db.
CREATE TABLE IF NOT EXISTS meta (naam TEXT PRIMARY KEY, waarde TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS partitie (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    nummer INTEGER NOT NULL,
    kop INTEGER NOT NULL DEFAULT 0,      -- offset that the next event gets
    UNIQUE (topic, nummer)
);

-- A stream is (topic, key) under an integer id: text keys cost half the speed. Its sequence is the last one in the log, read
-- from the index that each new event touches anyway; keeping it in this row made put a third slower (measured, tests/bench).
-- verwijderd_tot holds the last sequence that retention took away, so that numbering goes on when a stream is emptied.
CREATE TABLE IF NOT EXISTS stroom (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    sleutel TEXT NOT NULL,
    gemeente TEXT NOT NULL,
    partitie INTEGER NOT NULL,
    verwijderd_tot INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, sleutel)
);

CREATE TABLE IF NOT EXISTS bron (id INTEGER PRIMARY KEY, naam TEXT NOT NULL UNIQUE);

-- The log. plaats = partitie.id << 40 | offset, so that one integer key orders each partition.
CREATE TABLE IF NOT EXISTS gebeurtenis (
    plaats INTEGER PRIMARY KEY,
    stroom INTEGER NOT NULL,
    volgnummer INTEGER NOT NULL,
    id BLOB NOT NULL,
    schema INTEGER NOT NULL,
    bron INTEGER NOT NULL,
    tijd INTEGER NOT NULL,               -- microseconds since 1970 UTC
    oorzaak BLOB,
    correlatie TEXT,
    traceparent TEXT,
    dataref TEXT,
    waarde BLOB NOT NULL
);
-- Not unique over ids (measured: six times slower at a million rows); what keeps an event from being put twice is the
-- state row written, or the sequence checked, in the same transaction.
CREATE INDEX IF NOT EXISTS gebeurtenis_per_stroom ON gebeurtenis (stroom, volgnummer);

CREATE TABLE IF NOT EXISTS sleutel_stroom (
    key_id TEXT NOT NULL, stroom INTEGER NOT NULL, PRIMARY KEY (key_id, stroom)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sleutel_vernietigd (key_id TEXT PRIMARY KEY, sinds INTEGER NOT NULL, klaar INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS controlepunt (
    lid TEXT NOT NULL, partitie INTEGER NOT NULL, plaats INTEGER NOT NULL, epoch INTEGER NOT NULL, gebeurtenis BLOB,
    log_id TEXT NOT NULL, PRIMARY KEY (lid, partitie)
) WITHOUT ROWID;

-- What is to be done at other systems: the executors' only work list.
CREATE TABLE IF NOT EXISTS opdracht (
    id TEXT PRIMARY KEY,
    gemeente TEXT NOT NULL,
    zaak TEXT NOT NULL,
    connector TEXT NOT NULL,
    soort TEXT NOT NULL,
    gebeurtenis TEXT NOT NULL,
    waarde BLOB NOT NULL,                -- its uit-te-voeren event as logged: the personal part sealed
    toestand TEXT NOT NULL DEFAULT 'open',
    poging INTEGER NOT NULL DEFAULT 0,
    gegeven INTEGER NOT NULL,
    vanaf INTEGER NOT NULL,
    lease_tot INTEGER NOT NULL DEFAULT 0,
    lease TEXT,
    schrijft INTEGER NOT NULL DEFAULT 0, -- 1: the lease was confirmed for a write, which may still arrive until lease_tot
    fout TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS opdracht_te_doen ON opdracht (vanaf) WHERE toestand = 'open';
CREATE INDEX IF NOT EXISTS opdracht_per_zaak ON opdracht (zaak);

CREATE TABLE IF NOT EXISTS termijn (
    flow TEXT NOT NULL,
    stroom INTEGER NOT NULL,
    naam TEXT NOT NULL,
    id TEXT NOT NULL,
    vervalt INTEGER NOT NULL,
    wacht_op_bron INTEGER NOT NULL,
    oorzaak TEXT NOT NULL,
    PRIMARY KEY (flow, stroom, naam)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS termijn_vervalt ON termijn (vervalt);

-- A skip or retry is written here first, then done in the member's own file (R13).
CREATE TABLE IF NOT EXISTS parkeerbesluit (
    id INTEGER PRIMARY KEY,
    lid TEXT NOT NULL, stroom INTEGER NOT NULL, gebeurtenis TEXT NOT NULL,
    besluit TEXT NOT NULL, reden TEXT NOT NULL, door TEXT NOT NULL, op INTEGER NOT NULL, gedaan INTEGER NOT NULL DEFAULT 0
);

-- Proof of destruction: whose keys (by pseudonym), how many, why and by whom; kept after the keys are gone.
CREATE TABLE IF NOT EXISTS vernietiging (
    id INTEGER PRIMARY KEY,
    op INTEGER NOT NULL, gemeente TEXT NOT NULL, subject TEXT NOT NULL, klasse TEXT NOT NULL,
    reden TEXT NOT NULL, door TEXT NOT NULL, tweede_persoon TEXT NOT NULL,
    stromen INTEGER NOT NULL DEFAULT 0, gebeurtenissen INTEGER NOT NULL DEFAULT 0, gedaan INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS vernietigde_sleutel (
    vernietiging INTEGER NOT NULL, key_id TEXT NOT NULL, PRIMARY KEY (vernietiging, key_id)
) WITHOUT ROWID;

-- How each source was met by the process that worked last, for processes that only show it (microseconds, hub/bediening.py).
CREATE TABLE IF NOT EXISTS bronstand (
    naam TEXT NOT NULL, gemeente TEXT NOT NULL, proces TEXT NOT NULL, op INTEGER NOT NULL, laatst INTEGER, mislukt INTEGER NOT NULL,
    fout TEXT NOT NULL, zekering TEXT NOT NULL, gemist INTEGER, PRIMARY KEY (naam, gemeente, proces)
) WITHOUT ROWID;

-- Copies of the key file that were made, and until when each is kept: until then a destroyed key may still exist in one.
CREATE TABLE IF NOT EXISTS sleutelkopie (
    id INTEGER PRIMARY KEY, op INTEGER NOT NULL, doel TEXT NOT NULL, bewaren_tot TEXT NOT NULL
);

-- What runs in one process at a time, and which processes there are (hub/leases.py).
CREATE TABLE IF NOT EXISTS lease (
    naam TEXT PRIMARY KEY,
    houder TEXT,                         -- NULL: free
    beurt INTEGER NOT NULL,              -- counts up while its holder lives
    duur_ms INTEGER NOT NULL             -- taken over when the count stood still for so long
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS geweigerd (
    id INTEGER PRIMARY KEY, op INTEGER NOT NULL, bron TEXT NOT NULL, reden TEXT NOT NULL, key_id TEXT, inhoud BLOB
);

-- Where the log is Kafka: up to where each partition of the outbox was published, and where its last event stands there (R1, R6).
CREATE TABLE IF NOT EXISTS publicatie (
    partitie INTEGER PRIMARY KEY,
    plaats INTEGER NOT NULL,             -- in the table: plaats of the last event that was published
    positie INTEGER NOT NULL,            -- in the topic: its offset
    gebeurtenis BLOB NOT NULL,           -- its id
    log_id TEXT NOT NULL
);

-- What an operator decided about builds of read models; the builds themselves can be thrown away, this stays.
CREATE TABLE IF NOT EXISTS replaybesluit (
    id INTEGER PRIMARY KEY,
    lid TEXT NOT NULL, besluit TEXT NOT NULL, reden TEXT NOT NULL, door TEXT NOT NULL, op INTEGER NOT NULL
);
