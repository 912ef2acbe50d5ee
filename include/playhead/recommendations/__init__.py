"""Titles that a viewer has not seen yet and would like: preferences, factors of titles, ranking, and the contest with two baselines."""
