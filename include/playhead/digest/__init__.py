"""The daily digest: yesterday's numbers from the BI views, and how good the data behind them is, as one mail in the morning."""
