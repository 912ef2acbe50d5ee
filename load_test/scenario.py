"""What is done to the stack: capacity is looked for, then half of it is sent, with a spike and a kill within, builds at work all along."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from benchmarks.processes import python_process
from faults.alarms import Alarms, listen
from faults.model import HEARD_WITHIN_S
from load_test.ages import Ages, row_ages
from load_test.books import Books, take_books
from load_test.sender import READY, order
from load_test.watch import Sample, Watch
from playhead.demo.flow import see_through, settle, wait_for_bronze
from playhead.errors import StackError
from playhead.io.airflow_api import AirflowApi
from playhead.local.airflow_env import ADMIN, admin_password
from playhead.local.processes import LOOPBACK, log_tail, wait_until
from playhead.local.programs import STACK_VARIABLE
from playhead.local.supervision import Supervisor
from playhead.settings import Settings

SHARE = 0.5  # of the capacity
SPIKE = 2  # times that
MOST_GIB = 12.0
MOST_AGE_S = 60.0
MOST_AFTER_SPIKE_S = 120.0
_FASTER = 1.5
_WARM_BACKLOG_S = 3.0
_KEEPS_UP = 0.9
_MISSES = 2
_SETTLED_S = 5.0
_RECOVERS_WITHIN_S = 240.0
_WARM_WITHIN_S = 300.0
_READY_S = 60
_KILLED = ("StreamStopped",)
_BUILDS = ["build_hourly", "load_warehouse"]

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Load:
    """How long it goes on, in seconds: the load itself, and each step of the search for the capacity, from `first_rate` to `most_rate`."""

    seconds: float = 300.0
    step_s: float = 15.0
    first_rate: float = 2_000.0
    most_rate: float = math.inf

    @property
    def spike_at_s(self) -> float:
        """When the rate doubles."""
        return 0.2 * self.seconds

    @property
    def spike_s(self) -> float:
        """For how long."""
        return 0.1 * self.seconds

    @property
    def kill_at_s(self) -> float:
        """When the streaming app is killed."""
        return 0.5 * self.seconds


@dataclass(frozen=True, slots=True)
class Found:
    """What came of it. Times of `samples`, and of spike and kill, count from the beginning of the load.

    `false_alarms` are the alerts that fired before the kill; `alarm_after_s` is how long after it one told of it.
    """

    capacity_per_s: float
    rate_per_s: float
    seconds: float
    spike_at_s: float
    kill_at_s: float
    after_spike_s: float | None
    after_kill_s: float | None
    false_alarms: Sequence[str]
    alarm_after_s: float | None
    builds: int
    builds_failed: int
    ages: Ages
    books: Books
    samples: Sequence[Sample]


class Sender:
    """Who sends, at the pace that is asked for."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders

    def pace(self, rate: float) -> None:
        """So many events a second from now on."""
        order(self._orders, rate)


def put_under_load(settings: Settings, records: Path, load: Load, tell: Tell) -> Found:
    """Load a stack that is up with events of the kind of `records`, then build them all and take the books.

    Raises:
        StackError: bronze or a build does not get done.
        RuntimeError: the sender failed.
    """
    with AirflowApi(settings.airflow_url, ADMIN, admin_password(settings.home)) as api, Watch(settings) as watch:
        with _building(api) as builds, _sending(settings, records) as sender:
            tell("warming up")
            warm_up(watch, sender, load, builds)
            capacity = find_capacity(watch, sender, load, tell)
            sender.pace(0)
            wait_for_bronze(settings, tell)
            with listen(f"{LOOPBACK}:{settings.port('exporter')}", settings.home / "watch") as alarms:
                alarms.wait_read()
                began_s, began, rate = watch.now_s, datetime.now(UTC), SHARE * capacity
                after_spike_s, killed_at_s, false_alarms = _run(settings, watch, alarms, sender, load, rate, tell)
                after_kill_s = recovered(watch.samples, killed_at_s, rate)
                killed = watch.monotonic(killed_at_s)
                heard = alarms.wait_for(_KILLED, killed, killed + HEARD_WITHIN_S)
        tell("landing and building the rest")
        wait_for_bronze(settings, tell)
        samples = [sample for sample in watch.samples if sample.at_s >= began_s]
        see_through(api, "build_hourly", api.trigger("build_hourly"), tell)
        settle(api, _BUILDS, tell)
    return Found(
        capacity_per_s=capacity,
        rate_per_s=rate,
        seconds=load.seconds,
        spike_at_s=load.spike_at_s,
        kill_at_s=killed_at_s - began_s,
        after_spike_s=after_spike_s,
        after_kill_s=after_kill_s,
        false_alarms=false_alarms,
        alarm_after_s=None if heard is None else heard[1] - killed,
        builds=len(builds),
        builds_failed=builds.count(False),
        ages=row_ages(settings, began, began + timedelta(seconds=load.spike_at_s)),
        books=take_books(settings),
        samples=[Sample(s.at_s - began_s, s.sent - samples[0].sent, s.backlog, s.memory_gib) for s in samples],
    )


def warm_up(watch: Watch, sender: Sender, load: Load, builds: Sequence[bool]) -> None:
    """Send at the first rate until a build is through and landing keeps up, as it does not while everything starts.

    Raises:
        StackError: it never does.
    """
    sender.pace(load.first_rate)
    if watch.wait(lambda sample: bool(builds) and sample.backlog <= _WARM_BACKLOG_S * load.first_rate, _WARM_WITHIN_S) is None:
        raise StackError(f"the stack does not keep up with {load.first_rate:,.0f} events/s within {_WARM_WITHIN_S:.0f} s")


def find_capacity(watch: Watch, sender: Sender, load: Load, tell: Tell) -> float:
    """The most records a second that the stack landed while as many were sent: the rate grows until it is missed twice in a row.

    It grows no further than `most_rate`, beyond which nobody looked: what was landed until then is the capacity.
    """
    rate, capacity, missed = load.first_rate, 0.0, 0
    while missed < _MISSES and rate <= load.most_rate:
        tell(f"looking for the capacity: {rate:,.0f} events/s")
        sender.pace(rate)
        landed = min(_rates(watch, load.step_s))
        capacity = max(capacity, landed)
        if landed < _KEEPS_UP * rate:
            missed += 1
        else:
            missed, rate = 0, rate * _FASTER
    return capacity


def recovered(samples: Sequence[Sample], since_s: float, rate: float) -> float | None:
    """Seconds from a moment until bronze goes on and is less than some seconds of events behind; None where it never is."""
    before = [sample for sample in samples if sample.at_s <= since_s]
    landed = before[-1].landed if before else 0
    good = (s.at_s for s in samples if s.at_s > since_s and s.landed > landed and s.backlog <= _SETTLED_S * rate)
    at_s = next(good, None)
    return None if at_s is None else at_s - since_s


def _rates(watch: Watch, seconds: float) -> tuple[float, float]:
    """Records sent and landed a second, for so long."""
    first = watch.samples[-1]
    last = watch.after(seconds)
    took_s = last.at_s - first.at_s
    return (last.sent - first.sent) / took_s, (last.landed - first.landed) / took_s


def _run(
    settings: Settings, watch: Watch, alarms: Alarms, sender: Sender, load: Load, rate: float, tell: Tell
) -> tuple[float | None, float, list[str]]:
    """The load itself; seconds until the spike is got over, when the app was killed, and the alarms before that."""
    began_s = watch.now_s

    def until(second: float) -> None:
        watch.after(began_s + second - watch.now_s)

    tell(f"{rate:,.0f} events/s, half of the capacity")
    sender.pace(rate)
    until(load.spike_at_s)
    tell(f"{SPIKE * rate:,.0f} events/s, a spike")
    sender.pace(SPIKE * rate)
    until(load.spike_at_s + load.spike_s)
    over_s = watch.now_s
    sender.pace(rate)
    tell(f"{rate:,.0f} events/s after the spike")
    until(load.kill_at_s)
    after_spike_s = recovered(watch.samples, over_s, rate)
    false_alarms = sorted(alarms.first_seen)
    tell(f"{rate:,.0f} events/s, the streaming app killed")
    kill_stream(settings)
    killed_at_s = watch.now_s
    until(load.seconds)
    watch.wait(lambda _: recovered(watch.samples, killed_at_s, rate) is not None, _RECOVERS_WITHIN_S)
    return after_spike_s, killed_at_s, false_alarms


def kill_stream(settings: Settings) -> None:
    """End the streaming app with its JVM and workers at once (kill -9); its supervisor starts it again."""
    os.killpg(Supervisor(settings.home).states()["stream"].pid, signal.SIGKILL)


@contextmanager
def _sending(settings: Settings, records: Path) -> Iterator[Sender]:
    """A sender at rest; on exit it has sent all that was due.

    Raises:
        RuntimeError: it failed.
    """
    log, orders = settings.home / "logs" / "sender.log", settings.home / "run" / "sender_orders"
    order(orders, 0)
    command = ["-m", "load_test.sender", "--records", str(records), "--orders", str(orders)]
    mark = {STACK_VARIABLE: str(settings.home)}  # so that it is measured, and ended, with the stack
    with python_process(command, settings.bootstrap, settings.home, log, mark) as process:
        wait_until(lambda: READY in log.read_bytes(), lambda: process.poll() is None, "the sender", log, _READY_S)
        yield Sender(orders)
        order(orders, None)
        if process.wait(timeout=_RECOVERS_WITHIN_S):
            raise RuntimeError(f"the sender ended with {process.returncode}: {log_tail(log, 10)}")


@contextmanager
def _building(api: AirflowApi) -> Iterator[list[bool]]:
    """Hourly builds one after the other until the context ends; a list of whether each went well, that grows."""
    over, went_well = Event(), list[bool]()

    def build() -> None:
        while not over.is_set():
            try:
                see_through(api, "build_hourly", api.trigger("build_hourly"), lambda _: None)
                went_well.append(True)
            except StackError:
                went_well.append(False)

    with ThreadPoolExecutor(max_workers=1) as pool:
        builder = pool.submit(build)
        try:
            yield went_well
        finally:
            over.set()
        builder.result()
