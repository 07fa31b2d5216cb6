"""Which segments a model predicts too often or too rarely."""

import pytest

BIASED = [[280, 20], [80, 120]]


def test_biased_predictions_are_reported(report_of_counts):
    """Of 200 customers of B the model predicts 140 only."""
    page = report_of_counts(BIASED)
    assert "it predicts segment A too often and segment B too rarely" in page
    assert "not counts" in page


def test_shares_are_predicted_and_actual(report_of_counts):
    """Columns of the matrix are what is predicted, rows what is true."""
    page = report_of_counts(BIASED)
    for label, predicted, actual in (("A", "72%", "60%"), ("B", "28%", "40%")):
        cells = f'<td class="number">{predicted}</td><td class="number">{actual}</td>'
        assert f'<th scope="row">{label}</th><td class="number">50%</td>{cells}' in page


@pytest.mark.parametrize("counts", [[[250, 50], [50, 150]], [[65, 35], [25, 75]]])
def test_even_errors_show_no_bias(report_of_counts, counts):
    """Nor do ten customers more of sixty that are mistaken, which may be chance."""
    assert "no clear sign" in report_of_counts(counts)


def test_small_segment_is_not_named(report_of_counts):
    """Nothing is reported on a segment of nine customers."""
    page = report_of_counts([[300, 0, 0], [60, 140, 0], [9, 0, 0]])
    assert "segment B too rarely." in page


def test_shares_are_hidden_with_the_counts(report_of_counts):
    """Totals of rows could reveal a hidden count, so they are left out with it."""
    page = report_of_counts([[90, 4, 30], [20, 50, 15], [20, 15, 60]])
    assert "not counts" in page
    assert "Held-out customers, actual" not in page
