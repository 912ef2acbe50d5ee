"""Airflow assets: one per published table, by the table's one name, and the stream's announcement that an event hour closed."""

from __future__ import annotations

from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger
from airflow.sdk import Asset, AssetWatcher

from playhead.contracts.model import built_tables, load_contract
from playhead.io.topics import CONTROL


def table_asset(name: str) -> Asset:
    """The asset of a published table, e.g. `gold.user_daily`; its URI names the table, not where it is stored."""
    contract = load_contract(name)
    return Asset(name=name, uri=f"playhead://lake/{contract.layer}/{contract.table}", group="lakehouse")


def layer_assets(layer: str) -> list[Asset]:
    """The assets of all tables of a layer that builds make."""
    return [table_asset(name) for name in built_tables(layer)]


def hour_closed(message: object) -> object:
    """Turn a record of the control topic into the asset event's payload; anything but an announcement is passed over.

    Called by the triggerer for each record (provider apache-kafka).
    """
    import json

    value = message.value()  # type: ignore[attr-defined]
    try:
        announcement = json.loads(value) if value else None
    except ValueError:
        return None
    if not isinstance(announcement, dict) or "closed_hour" not in announcement:
        return None
    return {"closed_hour": str(announcement["closed_hour"])}


# A hint, not a queue: Airflow may drop or merge asset events, so a woken build pulls every bronze version it has not seen.
HOUR_CLOSED = Asset(
    name="bronze.hour_closed",
    uri="playhead://lake/bronze/hour_closed",
    group="lakehouse",
    watchers=[
        AssetWatcher(
            name="control_topic",
            trigger=MessageQueueTrigger(
                scheme="kafka",
                topics=[CONTROL],
                kafka_config_id="kafka_default",
                apply_function="playhead.orchestration.assets.hour_closed",
                poll_timeout=1,
                poll_interval=15,
            ),
        )
    ],
)
