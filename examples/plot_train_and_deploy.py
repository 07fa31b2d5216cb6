"""
Train, save and deploy: score new customers in another process
==============================================================

An automobile company trains a model once and scores new customers whenever a file of
them arrives. The usual pair of scripts, ``train.py`` and ``deploy.py``, keeps a net, a
scaler and six encoders in eight files, and fits some of them again to the new
customers. Here one archive holds all of it, the new customers are only transformed, and
the file that they came in stays as it is.
"""

# %%
# Customers
# ---------
# The real tables are read where the environment variable ``SEGMENTLEARN_DATA`` names
# their folder; customers of the same shape are generated where it does not.
import hashlib
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pandas as pd
from sklearn.metrics import accuracy_score, classification_report
from sklearn.model_selection import train_test_split

from segmentlearn import (
    SegmentClassifier,
    audit,
    inspect,
    load_automobile,
    make_customers,
    save,
)
from segmentlearn.plotting import NetworkDisplay, TrainingHistoryDisplay

folder = Path(tempfile.mkdtemp())
new_file = folder / "new_customers.csv"
if os.environ.get("SEGMENTLEARN_DATA"):
    X, y = load_automobile(keep_id=True)
    new, _ = load_automobile(
        Path(os.environ["SEGMENTLEARN_DATA"]) / "auto_new.csv", keep_id=True
    )
else:
    X, y = make_customers("automobile", 4_000, keep_id=True, random_state=0)
    new, _ = make_customers("automobile", 1_000, keep_id=True, random_state=1)
new.to_csv(new_file, index=False)
print(f"{len(X):,} customers with a segment, {len(new):,} without")

# %%
# Overlap of training and new customers
# -------------------------------------
# Customers who stand in both tables would be scored by a model that knows their answer.
# Of the real tables nearly nine in ten do; generated ones merely count from the same
# number.
report = audit(X, y, new, ids="ID")
for finding in report:
    if finding.code in {"shared-entities", "reused-identifiers"}:
        print(textwrap.fill(str(finding), 88))

# %%
# Train the model
# ---------------
# A quarter of the customers is kept aside. ``log_dir`` writes what TensorBoard shows:
# curves and weights of each inner fold's net, in a folder of this fit.
X = X.drop(columns="ID")
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.25, stratify=y, random_state=0
)
classifier = SegmentClassifier(log_dir=folder / "logs", random_state=0)
classifier.fit(X_train, y_train)

# %%
# A thin line for the net of each inner fold, which has kept the weights of its own best
# epoch; the strong line is their median.
TrainingHistoryDisplay.from_estimator(classifier)

# %%
# And what one of them is made of:
NetworkDisplay.from_estimator(classifier)

# %%
# Evaluate on held-out customers
# ------------------------------
# A net of two hidden layers of 512 units and dropout, without scaling, has been
# published with an accuracy of 0.5229 on the real table, on customers that had decided
# when to stop. These took no part in anything.
predicted = classifier.predict(X_test)
print(f"accuracy on {len(y_test):,} held-out customers: ", end="")
print(f"{accuracy_score(y_test, predicted):.4f}")
print(classification_report(y_test, predicted))

# %%
# Save one archive
# ----------------
archive = folder / "automobile.seg"
save(classifier, archive)
print("\n".join(str(inspect(archive)).splitlines()[:12]))

# %%
# Score in another process
# ------------------------
# The other process knows the archive and the new file, nothing else. It writes another
# file: all columns as they were, the segment, and a probability for each segment.
before = hashlib.sha256(new_file.read_bytes()).hexdigest()
scored_file = folder / "scored.csv"
done = subprocess.run(
    [
        *(sys.executable, "-m", "segmentlearn", "predict"),
        *(archive, new_file, "--out", scored_file),
    ],
    capture_output=True,
    text=True,
    check=True,
)
print(done.stdout or done.stderr.strip().splitlines()[-1])
scored = pd.read_csv(scored_file)
print(scored.iloc[:5, -6:].to_string(float_format="{:.3f}".format))
after = hashlib.sha256(new_file.read_bytes()).hexdigest()
print(f"the new customers' file is as it was: {before == after}")

# %%
# Identical predictions
# ---------------------
here = classifier.predict(new.drop(columns="ID"))
column = scored.columns[len(new.columns)]
print(f"same segment for {(here == scored[column]).mean():.0%} of {len(scored):,}")

# %%
# Training logs in TensorBoard
# ----------------------------
# ``tensorboard --logdir`` and this folder open the dashboard. The files can be read
# without it, too.
from tensorboard.backend.event_processing import event_accumulator  # noqa: E402

runs = sorted({file.parent for file in (folder / "logs").rglob("events*")})
print(f"{len(runs)} runs, such as")
for run in runs[:2]:
    events = event_accumulator.EventAccumulator(str(run)).Reload()
    tags = events.Tags()
    print(
        f"{run.relative_to(folder / 'logs')}: "
        f"scalars {', '.join(tags['scalars'] + tags['tensors'])}; "
        f"{len(tags['histograms'])} histograms"
    )
