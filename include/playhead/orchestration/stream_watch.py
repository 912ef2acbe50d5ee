"""The watch over the streaming app: it waits in the triggerer, and a worker is needed only where the app needs a new start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.triggers.base import BaseTrigger, TriggerEvent

LASTS = timedelta(hours=6)  # then the next run begins: whatever of this one were to hang would not for long
_LOOK_S = 15.0
# What a new start could not mend is not tried again at once.
_FIRST_LOOK_S = 60.0


class StreamTrouble(BaseTrigger):
    """Fires when the streaming app needs a new start, or when the watch is over."""

    def __init__(self, until: str) -> None:
        super().__init__()
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """As Airflow keeps it: a triggerer that dies is followed by one that goes on from here."""
        return "playhead.orchestration.stream_watch.StreamTrouble", {"until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is trouble."""
        watch, until = _watch(), datetime.fromisoformat(self.until)
        await asyncio.sleep(_FIRST_LOOK_S)
        while datetime.now(UTC) < until:
            trouble = await asyncio.to_thread(watch.look, datetime.now(UTC))
            if trouble is not None:
                yield TriggerEvent({"kind": trouble.kind, "told": trouble.told})
                return
            await asyncio.sleep(_LOOK_S)
        yield TriggerEvent({})


class WatchStream(BaseOperator):
    """Waits for trouble with the streaming app, and has the supervisor start it anew."""

    def execute(self, context: Context) -> None:
        """Leave the worker, and wait in the triggerer."""
        until = datetime.now(UTC) + LASTS
        self.defer(trigger=StreamTrouble(until.isoformat()), method_name="start_anew")

    def start_anew(self, context: Context, event: dict[str, str]) -> dict[str, str]:
        """What came of the trouble that the trigger told of."""
        from playhead.local.stream_start import start_anew
        from playhead.settings import get_settings

        if not event:
            return {"kind": "none"}
        outcome = start_anew(get_settings().home)
        self.log.warning("the streaming app: %s. %s", event["told"], outcome)
        return {**event, "outcome": outcome}


def _watch() -> Any:
    from playhead.contracts.model import event_topics
    from playhead.io.kafka import client_config, committed_offsets, consumer_lag, stable_offsets
    from playhead.observability.stream_trouble import Position, StreamWatch
    from playhead.settings import get_settings

    settings, topics = get_settings(), event_topics()

    def position() -> Position:
        client, committed = client_config(settings), committed_offsets(settings.checkpoint)
        shown = stable_offsets(client, topics)
        lags = consumer_lag(client, committed, topics)
        return Position(committed, sum(max(0, shown[each.topic, each.partition] - each.committed) for each in lags))

    return StreamWatch(settings.home, position)
