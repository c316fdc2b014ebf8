-- Projections with their checkpoints and what is parked for them. Rebuildable from the log.
CREATE TABLE controlepunt (
    lid text COLLATE "C" NOT NULL,
    partitie bigint NOT NULL,
    plaats bigint NOT NULL,
    epoch bigint NOT NULL,
    gebeurtenis bytea,
    log_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (lid, partitie)
) WITH (fillfactor = 50);

CREATE TABLE geparkeerd (
    lid text COLLATE "C" NOT NULL,
    stroom bigint NOT NULL,
    volgnummer bigint NOT NULL,
    plaats bigint NOT NULL,
    gebeurtenis text COLLATE "C" NOT NULL,
    soort text COLLATE "C" NOT NULL,
    oorzaak text COLLATE "C",
    uitleg text COLLATE "C",
    stapel text COLLATE "C",
    pogingen bigint NOT NULL DEFAULT 0,
    eerst bigint NOT NULL,
    laatst bigint NOT NULL,
    PRIMARY KEY (lid, stroom, plaats)
);

CREATE TABLE gezien (
    lid text COLLATE "C" NOT NULL, stroom bigint NOT NULL, volgnummer bigint NOT NULL, PRIMARY KEY (lid, stroom)
);

CREATE TABLE bouw (
    lid text COLLATE "C" PRIMARY KEY,
    nummer bigint NOT NULL,
    projectie text COLLATE "C" NOT NULL,
    versie bigint NOT NULL,
    vorm text COLLATE "C" NOT NULL,
    toestand text COLLATE "C" NOT NULL,
    reden text COLLATE "C" NOT NULL,
    door text COLLATE "C" NOT NULL,
    begonnen bigint NOT NULL
);
CREATE TABLE leesmodel (
    projectie text COLLATE "C" PRIMARY KEY,
    lid text COLLATE "C" NOT NULL,
    vorige text COLLATE "C",
    vorige_tot bigint
);
CREATE TABLE herbouw (
    nummer bigint PRIMARY KEY,
    houder text COLLATE "C" NOT NULL,
    lease_tot bigint NOT NULL,
    gedaan bigint NOT NULL,
    bezig_us bigint NOT NULL,
    pauze_us bigint NOT NULL,
    fout text COLLATE "C"
);
