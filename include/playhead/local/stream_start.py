"""A new start for the streaming app, through the supervisor that holds it: there is never a second one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from playhead.local.supervision import Supervisor

Outcome = Literal["killed", "started", "left stopped", "no supervisor"]
PART = "stream"
_BY_A_PERSON = frozenset({"STOPPED", "STOPPING"})


def start_anew(home: Path) -> Outcome:
    """Have the supervisor start the app again.

    One that runs is killed, and the supervisor starts it as it starts one that crashed: whoever asks may die in between and leave
    nothing half done. One that a person stopped stays so. Where no supervisor is, the cluster's own probe of the heartbeat does this.
    """
    supervisor = Supervisor(home)
    if not supervisor.is_running():
        return "no supervisor"
    state = supervisor.states()[PART]
    if state.state in _BY_A_PERSON:
        return "left stopped"
    if state.pid:
        supervisor.kill(PART)
        return "killed"
    supervisor.start(PART)
    return "started"
