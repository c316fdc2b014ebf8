-- leesmodellen.db: projections with their checkpoints and what is parked for them. Rebuildable from wissel.db.
CREATE TABLE IF NOT EXISTS controlepunt (
    lid TEXT NOT NULL, partitie INTEGER NOT NULL, plaats INTEGER NOT NULL, epoch INTEGER NOT NULL, gebeurtenis BLOB,
    log_id TEXT NOT NULL, PRIMARY KEY (lid, partitie)
) WITHOUT ROWID;

-- Builds of projections. lid: the member whose checkpoints and tables they are. nummer: the replay that made it, 0 for the one
-- that began with its version. vorm: columns and links, so that it can be read when its code is gone. A number is never used
-- again, so what was dropped stays here as ``weg``.
CREATE TABLE IF NOT EXISTS bouw (
    lid TEXT PRIMARY KEY,
    nummer INTEGER NOT NULL,
    projectie TEXT NOT NULL,
    versie INTEGER NOT NULL,
    vorm TEXT NOT NULL,
    toestand TEXT NOT NULL,              -- bouwt (a replay fills it), klaar (the hub follows it), weg
    reden TEXT NOT NULL,
    door TEXT NOT NULL,
    begonnen INTEGER NOT NULL
);
-- Which build readers see: one row per projection, and whoever reads looks here first.
CREATE TABLE IF NOT EXISTS leesmodel (
    projectie TEXT PRIMARY KEY,
    lid TEXT NOT NULL,
    vorige TEXT,                         -- what it was before the last switch, for going back
    vorige_tot INTEGER                    -- until when the previous one follows the log
);

-- The progress of the replay that fills this place: moved in the transaction that moves its checkpoints.
CREATE TABLE IF NOT EXISTS herbouw (
    nummer INTEGER PRIMARY KEY,
    houder TEXT NOT NULL,                -- who works on it: machine, process and a name of its own
    lease_tot INTEGER NOT NULL,
    gedaan INTEGER NOT NULL,
    bezig_us INTEGER NOT NULL,           -- time worked, pauses left out
    pauze_us INTEGER NOT NULL,           -- time waited for the live work
    fout TEXT
);
