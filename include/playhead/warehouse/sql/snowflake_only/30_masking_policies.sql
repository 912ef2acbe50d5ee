-- NOT RUN by the embedded warehouse (it has no policies): checked by parsing only. Which columns they cover follows from the contracts'
-- classification; `playhead.warehouse.governance.masking_statements()` writes those statements.
-- A pseudonym stays joinable (the same person gives the same text) without naming the person; personal data is not shown at all.
CREATE MASKING POLICY IF NOT EXISTS PLAYHEAD.OPS.MASK_PSEUDONYMOUS AS (VAL VARCHAR) RETURNS VARCHAR ->
  CASE WHEN IS_ROLE_IN_SESSION('PLAYHEAD_LOADER') OR IS_ROLE_IN_SESSION('PLAYHEAD_PRIVACY_OFFICER') THEN VAL ELSE SHA2(VAL, 256) END;
CREATE MASKING POLICY IF NOT EXISTS PLAYHEAD.OPS.MASK_PERSONAL AS (VAL VARCHAR) RETURNS VARCHAR ->
  CASE WHEN IS_ROLE_IN_SESSION('PLAYHEAD_LOADER') OR IS_ROLE_IN_SESSION('PLAYHEAD_PRIVACY_OFFICER') THEN VAL ELSE NULL END;
