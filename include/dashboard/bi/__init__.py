"""What the dashboard's pages share. It stands for itself: in Snowflake there is no `playhead` package."""
