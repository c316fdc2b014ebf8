-- Data keys, wrapped by the master key; ingepakt NULL: destroyed. Backed up apart from the log.
CREATE TABLE sleutel (
    key_id text COLLATE "C" PRIMARY KEY,
    gemeente text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    klasse text COLLATE "C" NOT NULL,
    generatie bigint NOT NULL,
    ingepakt bytea,
    UNIQUE (gemeente, subject, klasse, generatie)
);
