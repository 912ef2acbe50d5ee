"""What stands still halfway, for a fault to strike it there."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import psutil

from benchmarks.processes import environment
from faults.programs import Program


def test_only_the_first_one_stands_still_until_it_is_told_to_go_on_and_it_tells_who_it_is(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    code = f"from pathlib import Path; from faults.halfway import stand_still_once; stand_still_once(Path({str(sign)!r}))"
    program = Program((sys.executable, "-c", code), tmp_path, environment("", tmp_path))
    with program.started() as process:
        program.wait_for(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED, process)
        assert int(sign.read_text()) == process.pid
        assert process.poll() is None
        process.send_signal(signal.SIGCONT)
        assert process.wait(10) == 0
    assert program.run()[0] == 0
