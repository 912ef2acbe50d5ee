"""Peer: librdkafka sending payloads that were made before, as fast as it can; it keeps no ledger. Prints one line of JSON."""

from __future__ import annotations

import argparse
import gc
import json
import time
from pathlib import Path

from benchmarks.prebuilt_records import prebuilt, send


def main() -> None:
    """Make the payloads, then send them by the clock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--producer-id", required=True)
    arguments = parser.parse_args()
    records = list(prebuilt(arguments.records, arguments.producer_id))
    gc.disable()  # millions of live objects, none of them cyclic
    began, cpu_began = time.monotonic(), time.process_time()
    send(arguments.bootstrap, records)
    print(json.dumps({"records": len(records), "seconds": time.monotonic() - began, "cpu_s": time.process_time() - cpu_began}))


if __name__ == "__main__":
    main()
