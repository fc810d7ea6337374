"""Every essay by papermill, one after the other."""

import pytest

from tests.three_ways.notebooks import ALL, CONTROLS, by_papermill, named


@pytest.mark.parametrize("path", [path for path in ALL if path != CONTROLS], ids=named)
def test_by_papermill(stage, path, tmp_path):
    by_papermill(path, tmp_path)
