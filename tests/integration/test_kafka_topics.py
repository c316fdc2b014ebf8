# SPDX-License-Identifier: EUPL-1.2
"""Topics are declared: first shown, made only when asked, never divided otherwise; and filled again when one is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from hub_voor_tests import Klok, VolgFlow, feit, loaded, plugins, zet
from logs import access, drop_topics, kafka_hub, make_topics, publisher_of, settle

from hub.discovery import connectors
from hub.errors import HubError, LogUnavailable, Refused
from hub.events import PERSONEN, ZAKEN, topic_names
from hub.log.partitioner import partition_of
from hub.topics import Topics


@pytest.fixture
def wissel(kafka, topic_prefix, tmp_path, monkeypatch):
    """Run a command of `wissel` on settings that name this test's topics."""
    from hub import cli_topics

    given = loaded(tmp_path / "data").model_copy(update={"kafka": access(kafka, topic_prefix)})
    monkeypatch.setattr(cli_topics, "load", lambda _config: given)

    def run(command, *arguments):
        done = CliRunner().invoke(cli_topics.topics, [command, *arguments])
        if done.exception and not isinstance(done.exception, SystemExit | HubError):
            raise done.exception
        return done

    run.folder, run.names = tmp_path / "data", [topic_prefix + name for name in topic_names(connectors())]
    yield run
    drop_topics(kafka, topic_prefix)


def test_nothing_is_made_before_somebody_says_so(wissel):
    """First what would happen, then with --uitvoeren that, then nothing any more."""
    assert wissel("check").exit_code == 1
    shown = wissel("apply")
    assert "maken, 2 partities" in shown.output
    assert "--uitvoeren" in shown.output
    assert wissel("check").exit_code == 1
    assert "Gedaan." in wissel("apply", "--uitvoeren").output
    assert wissel("check").output == "In orde.\n"
    assert wissel("apply").output == "Er is niets te doen.\n"


def test_a_topic_keeps_everything_for_ever_and_compacts_nothing(kafka, topic_prefix):
    """What somebody changed is named, and put right when asked."""
    from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient

    make_topics(kafka, topic_prefix, **{"retention.ms": "1000", "cleanup.policy": "compact"})
    topics = Topics(access(kafka, topic_prefix), dict.fromkeys([ZAKEN, PERSONEN], 2))
    plan = topics.plan()
    assert sorted(change.text.partition(": ")[2] for change in plan.changes if change.topic.endswith(ZAKEN)) == [
        "cleanup.policy wordt delete (is compact)",
        "retention.ms wordt -1 (is 1000)",
    ]
    topics.apply(plan)
    client = KafkaAdminClient(bootstrap_servers=kafka)
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic_prefix + ZAKEN)]
    config = client.describe_configs(asked, config_filter="all")["topic"][topic_prefix + ZAKEN]
    client.close()
    assert {key: config[key]["value"] for key in topics.config()} == topics.config()
    assert topics.plan().changes == []
    drop_topics(kafka, topic_prefix)


def test_three_copies_ask_two_brokers_to_confirm():
    """acks=all means nothing when one broker alone may say yes."""
    from dataclasses import replace

    one = access("127.0.0.1:1", "")
    assert Topics(one, {}).config()["min.insync.replicas"] == "1"
    assert Topics(replace(one, replicas=3), {}).config()["min.insync.replicas"] == "2"


def test_a_partition_count_is_never_changed(kafka, topic_prefix):
    """It is told as a problem, and then nothing else is done either."""
    make_topics(kafka, topic_prefix, partities=2, **{"retention.ms": "1000"})
    topics = Topics(access(kafka, topic_prefix), dict.fromkeys([ZAKEN, PERSONEN], 3))
    plan = topics.plan()
    assert len(plan.problems) == 2
    with pytest.raises(Refused, match=r"niets gewijzigd[^$]*heeft 2 partities, het logboek verwacht er 3"):
        topics.apply(plan)
    assert {len([p for p in topics.parts() if p.topic.endswith(name)]) for name in (ZAKEN, PERSONEN)} == {2}
    assert any(change.config for change in topics.plan().changes)
    drop_topics(kafka, topic_prefix)


def test_show_tells_positions_what_waits_and_who_is_behind(wissel, kafka, topic_prefix):
    """Per partition, for a program too."""
    wissel("apply", "--uitvoeren")
    rows = json.loads(wissel("show", "--json").output)
    assert [row["topic"] for row in rows] == sorted(name for name in wissel.names for _ in range(2))
    assert {(row["begin"], row["einde"], row["kopieën"], row["te publiceren"]) for row in rows} == {(0, 0, "1/1", 0)}
    assert all(set(row["achter"].values()) <= {0} for row in rows)


def test_offsets_by_time(kafka, topic_prefix, tmp_path):
    """Where to begin reading to see what was logged from a moment on."""
    make_topics(kafka, topic_prefix)
    klok = Klok()
    hub = kafka_hub(tmp_path, kafka, topic_prefix, made=plugins(), clock=klok).open()
    for number in range(3):
        zet(hub, feit("a", number))
        klok.verder(hours=1)
    settle(hub, publisher_of(hub))
    hub.close()
    topics, here = Topics(access(kafka, topic_prefix), {ZAKEN: 2}), (topic_prefix + ZAKEN, partition_of("a", 2))
    begin = datetime(2026, 3, 12, 8, tzinfo=UTC)
    found = [topics.offsets_at(begin + timedelta(minutes=minutes))[here] for minutes in (-5, 0, 1, 120, 121)]
    assert found == [0, 0, 1, 2, None]
    drop_topics(kafka, topic_prefix)


def test_kafka_being_away_is_said_with_what_to_look_at(monkeypatch):
    """No stack of a client library."""
    from hub import topics

    monkeypatch.setattr(topics, "_ASK_MS", 500)
    with pytest.raises(LogUnavailable, match=r"\[log\] adres"):
        Topics(access("127.0.0.1:1", ""), {ZAKEN: 1}).plan()


def test_a_lost_topic_is_filled_again_from_the_store(wissel, kafka, topic_prefix):
    """Every event stands in it again in order, read models are built from it, and no flow decides anything twice."""
    wissel("apply", "--uitvoeren")
    made = {"folder": wissel.folder, "bootstrap": kafka, "prefix": topic_prefix}
    flows = {"volg": VolgFlow()}
    hub = kafka_hub(**made, made=plugins(flows=flows, connectors=connectors())).open()
    zet(hub, *(feit(f"zaak-{n % 5}", n) for n in range(20)))
    settle(hub, publisher_of(hub))
    rows = dict(hub.read_model("teller").select("emmen"))
    hub.close()
    assert wissel("herpubliceer", ZAKEN, "--reden", "proef").exit_code == 1  # it is not empty
    drop_topics(kafka, topic_prefix)
    wissel("apply", "--uitvoeren")
    for topic in topic_names(connectors()):
        done = wissel("herpubliceer", topic, "--reden", "schijf stuk")
        assert done.exit_code == 0, done.output
    assert "20 gebeurtenissen" in wissel("herpubliceer", ZAKEN, "--reden", "nog eens").output
    hub = kafka_hub(**made, made=plugins(flows=flows, connectors=connectors()), forget_read_models=True).open()
    publisher = publisher_of(hub)
    settle(hub, publisher)
    hub.projector.rebuild()
    assert dict(hub.read_model("teller").select("emmen")) == rows
    assert sum(p.head for p in hub.log.positions()) == 20
    hub.close()
