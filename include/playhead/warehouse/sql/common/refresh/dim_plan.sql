-- The price list, USD a month. No event tells a price: these are examples, and to be replaced by one's own. A dearer plan has a higher rank.
INSERT INTO DIM.DIM_PLAN (SUBSCRIPTION_TIER, PLAN_RANK, IS_PAID, MONTHLY_PRICE)
SELECT SUBSCRIPTION_TIER, PLAN_RANK, MONTHLY_PRICE > 0, MONTHLY_PRICE
FROM (VALUES ('free', 0, 0.00), ('basic', 1, 6.00), ('premium', 2, 12.00), ('enterprise', 3, 30.00))
  AS PRICE_LIST (SUBSCRIPTION_TIER, PLAN_RANK, MONTHLY_PRICE)
