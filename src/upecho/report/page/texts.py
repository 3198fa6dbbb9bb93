"""Headings and explanations that a page has whatever its files contain."""

SECTIONS = {
    "findings": "Findings",
    "changes": "What changed",
    "cost": "Cost and throughput",
    "pythons": "Across Pythons",
    "load": "Latency over load",
    "sizes": "Cost over message size",
    "memory": "Memory per idle client",
    "families": "Families, Pythons, cold and warm",
    "conformance": "Conformance",
    "divergence": "Where each loop diverges",
    "published": "What authors claim",
    "method": "How it was measured",
}
# Below the heading of a section.
INTRODUCTIONS = {
    "findings": "Each statement follows from the data below. Costs are CPU time per request, and brackets contain the "
    "95% interval of a ratio. The baseline, and servers that fail checks, are not named as the cheapest. A statement "
    "compares a server with the others that it names; a group number compares it with the first of its group.",
    "changes": "NEW is a run of this page, and BASE an earlier one. No other section contains figures of BASE.",
    "cost": "Servers with the same group number cannot be told apart from the first of their group: their trials show "
    "no difference that exceeds chance (corrected for all comparisons: Holm) and A/A, how far a server seems to differ "
    "from itself. A question mark means that there are too few trials for an interval.",
    "pythons": "The cost of a request relative to the reference of the table. That is one server on one Python, so "
    "that the figures of all Pythons can be compared with each other.",
    "families": "Costs of one server in the same rounds. A difference is claimed if it exceeds chance, corrected for "
    "all comparisons of this kind, and A/A.",
    "published": "Ratios that authors and users of event loops have published, beside the nearest measurement of this "
    "page. Here, a ratio is the speed of A relative to that of B: above 1, A is faster or needs less CPU time. "
    "Machines, versions, clients and servers differ, so the ratios differ as well; a different ratio does not mean "
    "that one of them is wrong.",
    "method": "The command repeats a run; FILE.toml in it stands for a file of scenarios, whose name is not saved.",
    "divergence": "A check is listed if a server on the loop failed it on at least one Python. Checks are not run if a "
    "server does not start or does not answer. upecho check TARGET --check CHECK --family FAMILY repeats "
    "it.",
}

# Above each kind of chart.
CAPTIONS = {
    "cost": "CPU time per request, relative to the reference (1.0): dots with 95% intervals. The grey band is A/A: how "
    "far a server seems to differ from itself. Left is cheaper. A cross marks a server that fails "
    "checks. Servers with the same number cannot be told apart from the first of them.",
    "speed": "Requests per second, relative to the reference (1.0). Right is faster.",
    "percentiles": "The time within which each share of the requests was answered; the axis, that of HdrHistogram, "
    "spreads out the slowest requests.",
    "pythons": "CPU time per request across Pythons, relative to the reference. Free-threaded builds have a dashed "
    "line and triangles.",
    "load": "Latency on a schedule that does not wait for replies, counted from the moment when a request was due.",
    "sizes": "CPU time per request over the size of the messages, for loads that differ in nothing else.",
    "memory": "Memory of the server for each client that is connected and sends nothing.",
}
