-- NOT RUN by the embedded warehouse (it has no tasks): checked by parsing only. Airflow loads; this task only watches that it did.
CREATE NOTIFICATION INTEGRATION IF NOT EXISTS PLAYHEAD_MAIL TYPE = EMAIL ENABLED = TRUE;
CREATE TASK IF NOT EXISTS PLAYHEAD.OPS.STALE_LOAD_WATCH
  WAREHOUSE = PLAYHEAD_BI
  SCHEDULE = 'USING CRON 0 * * * * UTC'
AS
  CALL SYSTEM$SEND_EMAIL('PLAYHEAD_MAIL', 'operators@playhead.example', 'Playhead: the warehouse is stale',
    (SELECT 'newest load: ' || TO_VARCHAR(MAX(PUBLISHED_AT)) FROM PLAYHEAD.OPS.LOAD_LOG));
ALTER TASK PLAYHEAD.OPS.STALE_LOAD_WATCH RESUME;
