"""Every fault, by name."""

from faults import builds, crashes, live, mismatch, senders, storage, tasks, transactions, upkeep, writers
from faults.model import Fault

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for module in (crashes, live, builds, upkeep, mismatch, writers, storage, senders, transactions, tasks)
    for fault in module.FAULTS
}
