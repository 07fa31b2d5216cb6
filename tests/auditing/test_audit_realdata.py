"""What is known to be wrong with the real tables is found."""

import pandas as pd
import pytest

from segmentlearn import audit

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def automobile(data_dir):
    """The report about existing and potential customers."""
    X, new = (pd.read_csv(data_dir / f"auto_{part}.csv") for part in ("train", "new"))
    return audit(X, "Segmentation", new, classifier_test=False)


@pytest.fixture(scope="module")
def bank(data_dir):
    """The report about the phone campaign."""
    return audit(pd.read_csv(data_dir / "bank.csv"), "term_deposit_subscribed")


def one(report, code):
    (finding,) = report.filter(code=code)
    return finding


def test_automobile_shared_customers(automobile):
    """2,332 of 2,627 "new" customers are known; age is jittered, experience partly."""
    finding = one(automobile, "shared-entities")
    evidence = finding.evidence
    assert (finding.severity, finding.columns) == ("error", ("ID",))
    assert (evidence["n_shared"], evidence["n_new"]) == (2332, 2627)
    differing = {name for name, share in evidence["agreement"].items() if share < 1}
    assert differing == {"Age", "Work_Experience"}


def test_automobile_near_copies(automobile):
    """Without the identifier, too, the new rows are too near to the old ones."""
    assert one(automobile, "near-copies").severity == "warning"


def test_automobile_duplicates(automobile):
    """734 rows repeat another's features, by chance as it seems."""
    finding = one(automobile, "duplicate-rows")
    assert finding.evidence["n_repeats"] == 734
    assert finding.severity == "note"


def test_automobile_ceiling(automobile):
    """291 profiles carry conflicting labels: 0.960 is the best of any model."""
    evidence = one(automobile, "conflicting-labels").evidence
    assert evidence["n_conflicting_profiles"] == 291
    assert evidence["accuracy_ceiling"] == pytest.approx(7747 / 8068)


@pytest.mark.parametrize(("table", "name"), [("automobile", "ID"), ("bank", "id")])
def test_identifiers(table, name, request):
    """Both tables start with an identifier."""
    assert one(request.getfixturevalue(table), "identifier").columns == (name,)


def test_bank_suspect(bank):
    """The duration of the call is suspect, and nothing else is."""
    finding = one(bank, "suspect-predictor")
    assert finding.columns == ("last_contact_duration",)
    assert finding.evidence["auc"] == pytest.approx(0.824, abs=0.004)
    assert finding.evidence["next_auc"] < 0.7


def test_bank_baseline(bank):
    """Always predicting 0 is right for 0.893 of the customers."""
    evidence = one(bank, "class-imbalance").evidence
    assert evidence["majority_class"] == 0
    assert evidence["majority_share"] == pytest.approx(28253 / 31647)


def test_bank_gaps(bank):
    """81.6 % of the days since the previous contact are missing."""
    finding = one(bank, "mostly-missing")
    assert finding.columns == ("days_since_prev_campaign_contact",)
    assert finding.evidence["n_missing"] == 25831
