"""Every fault, by name."""

from faults import crashes, mismatch
from faults.model import Fault

FAULTS: dict[str, Fault] = {fault.name: fault for module in (crashes, mismatch) for fault in module.FAULTS}
