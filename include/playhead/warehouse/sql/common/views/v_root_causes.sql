-- What made plays worse over the 7 days that end on AS_OF: of every breakdown the values that are worse than the mean, ranked by their
-- negative impact on the metric (affected plays x distance from the mean; DOMAIN section 6, after Mux's ranking).
--   METRIC          playback_failure_pct, exits_before_start_pct (of plays), stalled_time_pct (of watched time), startup_mean_ms
--   AFFECTED_PLAYS  plays of this value; for startup_mean_ms those whose startup time is known
--   DISTANCE        METRIC_VALUE - MEAN_VALUE, in the unit of the metric; the mean is over all plays
--   IMPACT          AFFECTED_PLAYS x DISTANCE; of a percentage of plays, 100 is one play that would not have failed at the mean
--   IMPACT_RANK     within the metric, over all breakdowns
-- A play stands in every breakdown, so impacts of two breakdowns are not to be added up.
CREATE OR REPLACE VIEW BI.V_ROOT_CAUSES AS
WITH FRESHNESS AS (
  SELECT MAX(EVENT_DATE) AS AS_OF FROM GOLD.QOE_HOURLY
),
BREAKDOWNS AS (
  SELECT BREAKDOWN
  FROM (VALUES ('platform'), ('device_type'), ('cdn'), ('country'), ('player'), ('app_version')) AS NAMES (BREAKDOWN)
),
METRICS AS (
  SELECT METRIC, UNIT
  FROM (VALUES
    ('playback_failure_pct', 100), ('exits_before_start_pct', 100), ('stalled_time_pct', 100), ('startup_mean_ms', 1)
  ) AS UNITS (METRIC, UNIT)
),
SUMS AS (
  SELECT
    B.BREAKDOWN,
    CASE B.BREAKDOWN
      WHEN 'platform' THEN Q.PLATFORM WHEN 'device_type' THEN Q.DEVICE_TYPE WHEN 'cdn' THEN Q.CDN
      WHEN 'country' THEN Q.COUNTRY WHEN 'player' THEN Q.PLAYER ELSE Q.APP_VERSION
    END AS BREAKDOWN_VALUE,
    SUM(Q.PLAYS_COUNT::NUMBER(38, 0)) AS PLAYS,
    SUM(Q.FAILED_COUNT::NUMBER(38, 0)) AS FAILED,
    SUM(Q.EXITS_BEFORE_START_COUNT::NUMBER(38, 0)) AS EXITS_BEFORE_START,
    SUM(Q.STALL_MS::NUMBER(38, 0)) AS STALL_MS,
    SUM(Q.WATCHED_MS::NUMBER(38, 0)) AS WATCHED_MS,
    SUM(Q.STARTUP_MS::NUMBER(38, 0)) AS STARTUP_MS,
    SUM(Q.STARTUP_MS_COUNT::NUMBER(38, 0)) AS STARTUP_KNOWN
  FROM GOLD.QOE_HOURLY AS Q
  CROSS JOIN FRESHNESS AS F
  CROSS JOIN BREAKDOWNS AS B
  WHERE Q.EVENT_DATE > DATEADD(DAY, -7, F.AS_OF) AND Q.EVENT_DATE <= F.AS_OF
  GROUP BY 1, 2
),
PARTS AS (
  SELECT
    M.METRIC,
    M.UNIT,
    S.BREAKDOWN,
    S.BREAKDOWN_VALUE,
    S.PLAYS,
    CASE M.METRIC WHEN 'startup_mean_ms' THEN S.STARTUP_KNOWN ELSE S.PLAYS END AS AFFECTED_PLAYS,
    CASE M.METRIC
      WHEN 'playback_failure_pct' THEN S.FAILED WHEN 'exits_before_start_pct' THEN S.EXITS_BEFORE_START
      WHEN 'stalled_time_pct' THEN S.STALL_MS ELSE S.STARTUP_MS
    END AS UPPER_SUM,
    CASE M.METRIC WHEN 'stalled_time_pct' THEN S.WATCHED_MS WHEN 'startup_mean_ms' THEN S.STARTUP_KNOWN ELSE S.PLAYS END AS LOWER_SUM
  FROM SUMS AS S
  CROSS JOIN METRICS AS M
),
-- Every play stands once in each breakdown, so the sums of a breakdown are those of all plays.
WHOLE AS (
  SELECT
    P.*,
    SUM(P.UPPER_SUM::NUMBER(38, 0)) OVER (PARTITION BY P.METRIC, P.BREAKDOWN) AS UPPER_ALL,
    SUM(P.LOWER_SUM::NUMBER(38, 0)) OVER (PARTITION BY P.METRIC, P.BREAKDOWN) AS LOWER_ALL
  FROM PARTS AS P
),
-- Whole numbers until one division: what is as good as the mean is not worse by a rounding.
WORSE AS (
  SELECT
    W.METRIC,
    W.BREAKDOWN,
    W.BREAKDOWN_VALUE,
    W.PLAYS,
    W.AFFECTED_PLAYS,
    W.UNIT * W.UPPER_SUM::DOUBLE / W.LOWER_SUM::DOUBLE AS METRIC_VALUE,
    W.UNIT * W.UPPER_ALL::DOUBLE / W.LOWER_ALL::DOUBLE AS MEAN_VALUE,
    W.UNIT * (W.UPPER_SUM * W.LOWER_ALL - W.UPPER_ALL * W.LOWER_SUM)::DOUBLE / (W.LOWER_SUM::DOUBLE * W.LOWER_ALL::DOUBLE) AS DISTANCE
  FROM WHOLE AS W
  WHERE W.LOWER_SUM > 0 AND W.UPPER_SUM * W.LOWER_ALL > W.UPPER_ALL * W.LOWER_SUM
)
SELECT
  W.METRIC,
  RANK() OVER (PARTITION BY W.METRIC ORDER BY W.AFFECTED_PLAYS * W.DISTANCE DESC) AS IMPACT_RANK,
  W.BREAKDOWN,
  W.BREAKDOWN_VALUE,
  W.PLAYS,
  W.AFFECTED_PLAYS,
  W.METRIC_VALUE,
  W.MEAN_VALUE,
  W.DISTANCE,
  W.AFFECTED_PLAYS * W.DISTANCE AS IMPACT,
  F.AS_OF
FROM WORSE AS W
CROSS JOIN FRESHNESS AS F
