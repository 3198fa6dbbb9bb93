"""The servers for frameworks as parameters of a test; those that are not installed are skipped."""

import pytest

from upecho.serving.registry import FRAMEWORKS

FRAMEWORK_PARAMETERS = [
    pytest.param(row.name, marks=pytest.mark.skipif(not row.is_installed, reason=f"{row.name} is not installed"))
    for row in FRAMEWORKS
]
