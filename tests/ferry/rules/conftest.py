"""What all rules' tests share: they need no database, and their drawn examples take the time they need."""

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is not a fault of the rule.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.once)
