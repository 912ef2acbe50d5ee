-- The history of each viewer's plan (SCD 2): one row per stretch of days with the same plan, from VALID_FROM up to, and without, VALID_TO.
-- Every day from a viewer's first lies in exactly one row. The plan is NULL until a day tells one; a silent viewer keeps the plan told last.
CREATE TABLE IF NOT EXISTS DIM.DIM_USER_PLAN (
  USER_PLAN_KEY VARCHAR(32) NOT NULL,
  USER_KEY VARCHAR(32) NOT NULL,
  VIEWER_ID VARCHAR NOT NULL,
  SUBSCRIPTION_TIER VARCHAR,
  IS_PAID BOOLEAN NOT NULL,
  VALID_FROM DATE NOT NULL,
  VALID_TO DATE NOT NULL,
  IS_CURRENT BOOLEAN NOT NULL
)
