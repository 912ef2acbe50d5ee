"""Loading Snowflake and the BI views."""
