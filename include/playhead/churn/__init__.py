"""Churn: features, training, promotion, scoring."""
