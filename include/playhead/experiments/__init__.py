"""Experiments: whether a variant does better than the control, and whether that can be chance."""
