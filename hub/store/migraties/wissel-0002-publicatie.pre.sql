-- Where the log is Kafka: up to where each partition of the outbox was published; see wissel.sql beside this folder.
CREATE TABLE publicatie (
    partitie bigint PRIMARY KEY,
    plaats bigint NOT NULL,
    positie bigint NOT NULL,
    gebeurtenis bytea NOT NULL,
    log_id text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);
