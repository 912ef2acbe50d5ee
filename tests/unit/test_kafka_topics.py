"""The table of topics, client settings, and offsets read from a checkpoint."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException
from pydantic import SecretStr

from playhead.errors import SettingsError
from playhead.io.kafka import Lag, client_config, committed_offsets, is_electing
from playhead.io.topics import declared_topics
from playhead.settings import Settings

MB = 1024 * 1024


def test_declared_topics__the_published_table() -> None:
    topics = declared_topics({}, replication=1)
    assert {(t.name, t.partitions, t.retention.days, t.max_message_bytes) for t in topics.values()} == {
        ("video_events", 12, 7, MB),
        ("user_interactions", 8, 14, 2 * MB),
        ("ad_events", 6, 30, MB),
        ("session_events", 4, 90, MB),
        ("dead_letter_queue", 1, 7, 5 * MB),
        ("alerts", 1, 7, MB),
        ("control", 1, 7, MB),
    }


def test_declared_topics__settings_override_partitions() -> None:
    topics = declared_topics({"video_events": 4}, replication=3)
    assert topics["video_events"].partitions == 4
    assert topics["video_events"].config()["min.insync.replicas"] == "2"
    assert topics["ad_events"].partitions == 6


def test_declared_topics__an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="names vidoe_events, which is no topic"):
        declared_topics({"vidoe_events": 4}, replication=1)


def test_config__old_events_are_kept_by_broker_time() -> None:
    config = declared_topics({}, 1)["session_events"].config()
    assert config["message.timestamp.type"] == "LogAppendTime"
    # 90 days x 86,400,000 ms
    assert config["retention.ms"] == str(90 * 86_400_000) == str(int(timedelta(days=90).total_seconds() * 1000))


@pytest.mark.parametrize(
    ("code", "electing"),
    [
        (KafkaError.LEADER_NOT_AVAILABLE, True),
        (KafkaError._NOENT, True),
        (KafkaError.UNKNOWN_LEADER_EPOCH, True),
        (KafkaError._UNKNOWN_PARTITION, True),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, False),
        (KafkaError._TRANSPORT, False),
    ],
)
def test_is_electing__only_what_passes_by_itself_is_asked_again(code: int, electing: bool) -> None:
    assert is_electing(KafkaException(KafkaError(code))) is electing


def test_client_config__plaintext_has_no_credentials() -> None:
    config = client_config(Settings(kafka_bootstrap="b:1", kafka_username="u", kafka_password=SecretStr("p")))
    assert config == {"bootstrap.servers": "b:1", "security.protocol": "PLAINTEXT"}


def test_client_config__sasl_over_tls() -> None:
    settings = Settings(kafka_bootstrap="b:1", kafka_security_protocol="SASL_SSL", kafka_username="u", kafka_password=SecretStr("p"))
    assert client_config(settings) == {
        "bootstrap.servers": "b:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u",
        "sasl.password": "p",
    }


def test_committed_offsets__the_last_committed_batch_counts_not_the_last_planned(tmp_path: Path) -> None:
    for folder in ("offsets", "commits"):
        (tmp_path / folder).mkdir()
    for batch, end in ((8, 80), (9, 90), (10, 100), (11, 110)):
        (tmp_path / "offsets" / str(batch)).write_text(f'v1\n{{"batchWatermarkMs":0}}\n{{"video_events":{{"0":{end},"1":7}}}}')
    for batch in (8, 9, 10):
        (tmp_path / "commits" / str(batch)).write_text("v1\n{}")
    assert committed_offsets(str(tmp_path)) == {("video_events", 0): 100, ("video_events", 1): 7}


def test_committed_offsets__nothing_committed_yet(tmp_path: Path) -> None:
    assert committed_offsets(str(tmp_path)) == {}


def test_lag__never_negative() -> None:
    assert Lag("video_events", 0, committed=90, end=100).records == 10
    assert Lag("video_events", 0, committed=100, end=90).records == 0
