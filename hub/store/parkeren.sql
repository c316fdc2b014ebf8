-- What is parked, per member and stream, beside the member's checkpoint: the failed event and its successors.
CREATE TABLE IF NOT EXISTS geparkeerd (
    lid TEXT NOT NULL,
    stroom INTEGER NOT NULL,
    volgnummer INTEGER NOT NULL,
    plaats INTEGER NOT NULL,
    gebeurtenis TEXT NOT NULL,
    soort TEXT NOT NULL,
    oorzaak TEXT,                        -- NULL: waits behind the event that failed
    uitleg TEXT,
    stapel TEXT,
    pogingen INTEGER NOT NULL DEFAULT 0,
    eerst INTEGER NOT NULL,
    laatst INTEGER NOT NULL,
    PRIMARY KEY (lid, stroom, plaats)
) WITHOUT ROWID;
-- The last sequence of each stream a member has seen; only where the log may repeat an event (R5).
CREATE TABLE IF NOT EXISTS gezien (
    lid TEXT NOT NULL, stroom INTEGER NOT NULL, volgnummer INTEGER NOT NULL, PRIMARY KEY (lid, stroom)
) WITHOUT ROWID;
