"""Events that happen now, at a rate that may change at any time, sent by the product's producer with its ledger (a process).

The rate, in events per second, stands in a file of orders; where that says `end`, the sender ends once every event is acknowledged.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.paced_events import PRODUCER_ID, Template, make_record, templates
from playhead.events.ledger import Ledger
from playhead.events.producer import Producer
from playhead.io.kafka import client_config
from playhead.settings import get_settings

READY = b"ready"
_END = "end"
_GROUP_S = 0.02
_MOST_AT_ONCE = 5_000


def order(orders: Path, rate: float | None) -> None:
    """Have so many events a second sent from now on, or no more at all (None)."""
    part = orders.with_suffix(".part")
    part.write_text(_END if rate is None else f"{rate}", encoding="utf-8")
    part.replace(orders)


class Pace:
    """How many events should have happened by now, at the rate that the orders say.

    A change of the rate forgets what is overdue: who could not keep up need not catch up.
    """

    def __init__(self, orders: Path) -> None:
        self._orders = orders
        self._rate = 0.0
        self._since_s = 0.0
        self._sent = 0

    def due(self, now_s: float) -> int | None:
        """How many events are to be sent now, which count as sent; None where it is over."""
        told = self._orders.read_text(encoding="utf-8")
        if told == _END:
            return None
        if float(told) != self._rate:
            self._rate, self._since_s, self._sent = float(told), now_s, 0
        count = min(_MOST_AT_ONCE, int((now_s - self._since_s) * self._rate) - self._sent)
        self._sent += count
        return count


def send(producer: Producer, made_of: Sequence[Template], pace: Pace) -> None:
    """Send what is due until the pace is over."""
    number = 0
    while (count := pace.due(began_s := time.monotonic())) is not None:
        if count:
            now = datetime.now(UTC)
            producer.send([make_record(made_of[n % len(made_of)], n, now, now) for n in range(number, number + count)])
            number += count
        time.sleep(max(0.0, _GROUP_S - (time.monotonic() - began_s)))


def main() -> None:
    """Send to the broker, and keep the ledger, that the settings name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=Path, required=True, help="what events are made of")
    parser.add_argument("--orders", type=Path, required=True, help="the file that says how fast")
    arguments = parser.parse_args()
    made_of = templates(arguments.records)
    settings = get_settings()
    producer = Producer(client_config(settings), Ledger(settings.ledger_dir, PRODUCER_ID))
    print(READY.decode(), flush=True)
    send(producer, made_of, Pace(arguments.orders))
    producer.close()


if __name__ == "__main__":
    main()
