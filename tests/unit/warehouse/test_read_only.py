"""`playhead query` lets reading through and nothing else."""

from __future__ import annotations

import pytest

from playhead.errors import WarehouseError
from playhead.warehouse.read_only import require_read_only


@pytest.mark.parametrize(
    "sql",
    [
        "select * from BI.V_TOP_CONTENT order by VIEW_RANK limit 10;",
        "WITH a AS (SELECT 1 AS n) SELECT n FROM a UNION ALL SELECT 2",
        "SELECT 'DROP TABLE x; DELETE FROM y' AS told",
        "SHOW TABLES IN SCHEMA GOLD",
        "DESCRIBE TABLE GOLD.USER_DAILY",
        "select user_id, row_number() over (order by 1) n from BI.V_CHURN_RISK qualify n = 1",
    ],
)
def test_reads_pass(sql: str) -> None:
    require_read_only(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM GOLD.USER_DAILY",
        "INSERT INTO GOLD.USER_DAILY SELECT * FROM GOLD.USER_DAILY",
        "UPDATE GOLD.USER_DAILY SET PLAYS_COUNT = 0",
        "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW BI.V_TOP_CONTENT",
        "ALTER TABLE t ADD COLUMN c INT",
        "TRUNCATE TABLE GOLD.USER_DAILY",
        "GRANT SELECT ON TABLE t TO ROLE r",
        "CALL procedure()",
        "COPY INTO t FROM @OPS.LOAD_STAGE",
        "PUT 'file:///x' @OPS.LOAD_STAGE",
        "USE DATABASE x",
        "SET a = 1",
        "COMMIT",
        "EXECUTE IMMEDIATE 'drop table t'",
        "SELECT 1; DROP TABLE t",
        "SELECT 1; SELECT 2",
        "",
        "not sql at all (",
    ],
)
def test_everything_else_is_refused_with_a_next_step(sql: str) -> None:
    with pytest.raises(WarehouseError, match=r"SELECT|check the statement"):
        require_read_only(sql)
