-- sleutels.db: data keys, wrapped by the master key. Backed up apart from the log.
CREATE TABLE IF NOT EXISTS sleutel (
    key_id TEXT PRIMARY KEY,
    gemeente TEXT NOT NULL,
    subject TEXT NOT NULL,
    klasse TEXT NOT NULL,
    generatie INTEGER NOT NULL,
    ingepakt BLOB,                       -- NULL: vernietigd
    UNIQUE (gemeente, subject, klasse, generatie)
) WITHOUT ROWID;
