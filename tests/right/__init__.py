"""Correct servers with an unusual property that a check must not mistake for a defect."""
