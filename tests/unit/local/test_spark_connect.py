"""The batch engine's settings: Delta, loopback, files under its own directory."""

from __future__ import annotations

from pathlib import Path

from playhead.local.processes import LOOPBACK
from playhead.local.spark_connect import server_conf
from playhead.spark import BATCH_CONF


def test_server_conf__the_shared_batch_settings_hold() -> None:
    conf = server_conf(Path("/state"), 20002, ui_port=20040, bind_host=LOOPBACK)
    assert conf.items() >= BATCH_CONF.items()
    assert (conf["spark.connect.grpc.binding.address"], conf["spark.connect.grpc.binding.port"]) == ("127.0.0.1", "20002")
    assert conf["spark.driver.bindAddress"] == "127.0.0.1"
    assert conf["spark.ui.port"] == "20040"


def test_server_conf__in_a_container_only_clients_reach_it_from_outside() -> None:
    conf = server_conf(Path("/state"), 20002, ui_port=None, bind_host="0.0.0.0")
    assert conf["spark.connect.grpc.binding.address"] == "0.0.0.0"
    assert conf["spark.driver.bindAddress"] == "127.0.0.1"
    assert conf["spark.ui.enabled"] == "false"


def test_server_conf__leaves_nothing_outside_its_directory() -> None:
    conf = server_conf(Path("/state"), 20002, ui_port=None, bind_host=LOOPBACK)
    assert conf["spark.local.dir"] == "/state/scratch"
    assert conf["spark.sql.warehouse.dir"] == "/state/warehouse"
