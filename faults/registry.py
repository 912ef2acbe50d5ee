"""Every fault, by name."""

from faults import builds, crashes, mismatch
from faults.model import Fault

FAULTS: dict[str, Fault] = {fault.name: fault for module in (crashes, builds, mismatch) for fault in module.FAULTS}
