-- How each source was met by the process that worked last, for processes that only show it; see wissel.sql.
CREATE TABLE bronstand (
    naam text COLLATE "C" NOT NULL,
    gemeente text COLLATE "C" NOT NULL,
    proces text COLLATE "C" NOT NULL,
    op bigint NOT NULL,
    laatst bigint,
    mislukt bigint NOT NULL,
    fout text COLLATE "C" NOT NULL,
    zekering text COLLATE "C" NOT NULL,
    gemist bigint,
    PRIMARY KEY (naam, gemeente, proces)
);
