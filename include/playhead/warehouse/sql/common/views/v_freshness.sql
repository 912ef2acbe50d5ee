-- How far each fact goes, when it was loaded, and its age against the deadline of its contract. The one view that asks the clock (UTC):
-- when loads stop, nothing else in the warehouse grows old. A table that was never loaded has a row without an interval, and is late.
--   NEWEST_INTERVAL   the newest hour or day that was loaded; INTERVAL_ENDS_AT: when it is over
--   LOADED_AT         when the newest load that changed the table became visible
--   AGE_MINUTES       since the newest interval ended; 0 while it still goes on
--   DUE_AT            when the interval after it should be there: its own end and DEADLINE_MINUTES later
CREATE OR REPLACE VIEW BI.V_FRESHNESS AS
WITH DEADLINES AS (
  SELECT TABLE_NAME, DEADLINE_MINUTES
  FROM (VALUES {deadlines}) AS PROMISED (TABLE_NAME, DEADLINE_MINUTES)
),
LOADS AS (
  SELECT
    TABLE_NAME,
    MAX(PARTITION_KEY) AS NEWEST_INTERVAL,
    MAX(PUBLISHED_AT) AS LOADED_AT
  FROM OPS.LOAD_LOG
  GROUP BY TABLE_NAME
),
INTERVALS AS (
  SELECT
    D.TABLE_NAME,
    D.DEADLINE_MINUTES,
    L.NEWEST_INTERVAL,
    L.LOADED_AT,
    TO_DATE(LEFT(L.NEWEST_INTERVAL, 10)) AS AS_OF,
    -- A day is 2026-01-31, an hour 2026-01-31T05.
    IFF(LENGTH(L.NEWEST_INTERVAL) = 10, 24, 1) AS INTERVAL_HOURS,
    IFF(LENGTH(L.NEWEST_INTERVAL) = 10, 0, SUBSTR(L.NEWEST_INTERVAL, 12, 2)::INTEGER) AS FIRST_HOUR
  FROM DEADLINES AS D
  LEFT JOIN LOADS AS L ON L.TABLE_NAME = D.TABLE_NAME
),
ENDS AS (
  SELECT I.*, DATEADD(HOUR, I.FIRST_HOUR + I.INTERVAL_HOURS, I.AS_OF::TIMESTAMP_NTZ) AS INTERVAL_ENDS_AT
  FROM INTERVALS AS I
),
DUE AS (
  SELECT E.*, DATEADD(MINUTE, 60 * E.INTERVAL_HOURS + E.DEADLINE_MINUTES, E.INTERVAL_ENDS_AT) AS DUE_AT
  FROM ENDS AS E
)
SELECT
  D.TABLE_NAME,
  D.NEWEST_INTERVAL,
  D.INTERVAL_ENDS_AT,
  D.LOADED_AT,
  IFF(D.INTERVAL_ENDS_AT > SYSDATE(), 0, DATEDIFF(MINUTE, D.INTERVAL_ENDS_AT, SYSDATE())) AS AGE_MINUTES,
  D.DEADLINE_MINUTES,
  D.DUE_AT,
  COALESCE(SYSDATE() > D.DUE_AT, TRUE) AS IS_LATE,
  D.AS_OF
FROM DUE AS D
