"""What ads do: by campaign, type and place in the title."""

from __future__ import annotations

from bi import questions
from bi.charts import bars
from bi.numbers import count, dollars, percent
from bi.page import Number, Page, chart, table
from bi.warehouse import ask

page = Page("Ads", "What ads did in the 30 days that end with the newest.", "V_AD_PERFORMANCE", "V_AD_REACH")
filters = page.filters(questions.AD_CHOICES)
page.headline(
    questions.ADS,
    [
        Number("Revenue", "REVENUE", dollars, "USD, of impressions; one sold in another currency earns nothing here."),
        Number("Impressions", "IMPRESSIONS", count),
        Number("Click-through", "CTR_PCT", percent, "Clicks of impressions."),
        Number("Completion", "COMPLETION_RATE_PCT", percent, "Completions of impressions."),
        Number("Skips", "SKIP_RATE_PCT", percent, "Skips of impressions."),
        Number("Errors", "ERROR_RATE_PCT", percent, "Ads that could not be shown, of those and impressions."),
    ],
    filters,
)
chart(
    "Revenue by campaign",
    ask(questions.ADS_BY_CAMPAIGN, filters),
    lambda rows: bars(rows.head(15), "AD_CAMPAIGN_ID", "REVENUE", title="Campaign", x_title="USD"),
    "The 15 campaigns that earn most; the export has 100.",
)
chart(
    "Completion by place in the title",
    ask(questions.ADS_BY_PLACE, filters),
    lambda rows: bars(
        rows.assign(AD_POSITION_FROM_MIN=rows["AD_POSITION_FROM_MIN"].map(lambda minute: f"from {minute:.0f} min")),
        "AD_POSITION_FROM_MIN",
        "COMPLETION_RATE_PCT",
        title="Place",
        x_title="Completions of impressions (%)",
    ),
    "A place is the ten minutes of title that begin there.",
)
table("Ads", ask(questions.AD_ROWS, filters), "eCPM: revenue of a thousand impressions, of those not sold in another currency.")
table(
    "Reach",
    ask(questions.REACH_ROWS, page.filters(questions.REACH_CHOICES)),
    "Distinct viewers of each advertiser, campaign, ad and creative, whatever is chosen above; they do not add up.",
)
