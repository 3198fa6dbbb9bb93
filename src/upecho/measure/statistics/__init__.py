"""From trials to claims: costs, ratios with intervals, and which differences are real."""
