"""
Messy customer files: currencies, dates, decimal commas, batches
================================================================

Customer tables come as people export them: amounts with a currency and a decimal comma,
dates with the day first, codes with leading zeros, "n/a" where a cell is missing. Read
without care such columns become text, and a model never learns from them. Here one file
is read in two ways, and new customers are scored from a folder, batch by batch.
"""

# %%
# A file as it comes
# ------------------
import pathlib
import tempfile
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score

from segmentlearn import SegmentClassifier
from segmentlearn.exceptions import SegmentLearnWarning
from segmentlearn.tables import read_table, scan_table


def export(n_customers, seed):
    """Return customers as a shop's software exports them, and their segments."""
    rng = np.random.default_rng(seed)
    revenue = rng.lognormal(6, 1, n_customers)
    days = rng.integers(0, 2000, n_customers)
    amounts = pd.Series(revenue).map("{:,.2f} €".format)
    amounts = amounts.str.translate(str.maketrans(",.", ".,"))
    since = pd.Timestamp("2019-01-01") + pd.to_timedelta(days, "D")
    table = pd.DataFrame(
        {
            "Kundennummer": 700_000 + seed * n_customers + np.arange(n_customers),
            "Umsatz": amounts.mask(rng.random(n_customers) < 0.03, "n/a"),
            "Kunde seit": since.strftime("%d.%m.%Y"),
            "Filiale": rng.choice(["01", "02", "07"], n_customers),
        }
    )
    is_new, is_large = days > 1200, revenue > 400
    table["Segment"] = np.select(
        [is_large & is_new, is_large], ["grow", "keep"], "watch"
    )
    return table


folder = pathlib.Path(tempfile.mkdtemp())
export(3_000, 0).to_csv(folder / "train.csv", sep=";", index=False, encoding="cp1252")
print((folder / "train.csv").read_text(encoding="cp1252")[:180])

# %%
# What ``read_table`` makes of it
# -------------------------------
# Separator, encoding and the notation of each column are found. The table knows how it
# was read; ``segmentlearn describe train.csv`` prints the same on the command line.
table = read_table(folder / "train.csv")
print(table.describe())
print(table.frame.dtypes)
table.frame.head(3)

# %%
# What it is worth
# ----------------
# The same net learns from the columns as text and from the columns as they are meant.
# The customers' number identifies them, and is left out.
held_out = export(2_000, 1)
held_out.to_csv(folder / "held_out.csv", sep=";", index=False, encoding="cp1252")


def accuracy(train, test):
    """Fit to one frame and score another."""
    net = SegmentClassifier.from_preset("batch-norm", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SegmentLearnWarning)
        net.fit(train.drop(columns="Segment"), train["Segment"])
        predicted = net.predict(test.drop(columns="Segment"))
    return net, accuracy_score(test["Segment"], predicted)


as_text = [
    pd.read_csv(folder / name, sep=";", encoding="cp1252", dtype="category")
    for name in ("train.csv", "held_out.csv")
]
as_meant = [table.frame, read_table(folder / "held_out.csv", schema=table.schema).frame]
_, accuracy_text = accuracy(*as_text)
net, accuracy_meant = accuracy(*as_meant)
print(f"categories: {accuracy_text:.3f}, as they are meant: {accuracy_meant:.3f}")

fig, ax = plt.subplots(figsize=(6, 2.2), layout="constrained")
bars = ax.barh(["categories", "as they are meant"], [accuracy_text, accuracy_meant])
ax.bar_label(bars, fmt="{:.2f}", padding=3)
ax.set(xlim=(0, 1.1), xlabel="held-out accuracy", title="One file, read in two ways")

# %%
# Score a folder, batch by batch
# ------------------------------
# ``scan_table`` reads files of any size in memory that does not grow with them, as the
# training table was read. The command line does this with
# ``segmentlearn predict model.seg new/ --out scored/``.
(folder / "new").mkdir()
export(5_000, 2).to_csv(folder / "new" / "may.csv", index=False)
export(5_000, 3).to_parquet(folder / "new" / "june.parquet")

counts = pd.Series(dtype=int)
for batch in scan_table(folder / "new", schema=table.schema, batch_size=2_000):
    segments = net.predict(batch.frame[net.feature_names_in_])
    counts = counts.add(pd.Series(segments).value_counts(), fill_value=0)
counts.astype(int)

# %%
# A table that cannot be read as the training table was is refused, with the names of
# its columns: one is missing, or more than one cell in twenty holds something else.
