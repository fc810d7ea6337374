"""The control room on a service of its own, for its story names versions; in the browser it is tested every day."""

from tests.three_ways.notebooks import CONTROLS, by_nbval, by_papermill


def test_by_nbval_and_by_papermill(stage, tmp_path):
    by_nbval(CONTROLS)
    by_papermill(CONTROLS, tmp_path)
