-- What to watch next: of every viewer with a history up to AS_OF the ten best titles not played in the 28 days that end on it.
--   RECOMMENDATION_SCORE  what the list is ordered by: of the model (RANKED_BY als) the predicted preference, of a baseline viewers
--   REASON                of the model the title of the viewer's own history that spoke most for this one
CREATE OR REPLACE VIEW BI.V_RECOMMENDATIONS AS
SELECT
  R.VIEWER_ID,
  R.RECOMMENDATION_RANK,
  R.CONTENT_ID,
  C.CONTENT_TITLE,
  C.CONTENT_TYPE,
  COALESCE(C.CONTENT_GENRE, 'unknown') AS CONTENT_GENRE,
  R.RECOMMENDATION_SCORE,
  CASE
    WHEN R.BECAUSE_CONTENT_ID IS NOT NULL THEN 'because of ' || BECAUSE.CONTENT_TITLE
    WHEN R.RANKED_BY = 'popularity' THEN 'popular in the last four weeks'
    WHEN R.RANKED_BY = 'recency' THEN 'popular in the last week'
    ELSE 'liked by many'
  END AS REASON,
  R.RANKED_BY,
  R.SCORE_DATE AS AS_OF
FROM GOLD.RECOMMENDATIONS AS R
LEFT JOIN DIM.DIM_CONTENT AS C ON C.CONTENT_ID = R.CONTENT_ID
LEFT JOIN DIM.DIM_CONTENT AS BECAUSE ON BECAUSE.CONTENT_ID = R.BECAUSE_CONTENT_ID
WHERE R.SCORE_DATE = (SELECT MAX(SCORE_DATE) FROM GOLD.RECOMMENDATIONS)
