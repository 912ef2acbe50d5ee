"""What stands still halfway, for a fault to strike it there."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.processes import environment
from faults.programs import Program


def test_only_the_first_one_stands_still_and_it_tells_who_it_is(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    code = f"from pathlib import Path; from faults.halfway import stand_still_once; stand_still_once(Path({str(sign)!r}))"
    program = Program((sys.executable, "-c", code), tmp_path, environment("", tmp_path))
    with program.started() as process:
        program.wait_for(lambda: sign.is_file() and sign.read_text().endswith("\n"), process)
        assert process.poll() is None
        assert int(sign.read_text()) == process.pid
    assert program.run()[0] == 0
