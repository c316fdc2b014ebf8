-- leesmodellen.db: projections with their checkpoints and what is parked for them. Rebuildable from wissel.db.
CREATE TABLE IF NOT EXISTS controlepunt (
    lid TEXT NOT NULL, partitie INTEGER NOT NULL, plaats INTEGER NOT NULL, epoch INTEGER NOT NULL, gebeurtenis BLOB,
    log_id TEXT NOT NULL, PRIMARY KEY (lid, partitie)
) WITHOUT ROWID;
