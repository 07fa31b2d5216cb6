"""
Segment profiles, cluster stability and marketing actions
=========================================================

Segments of a shopping centre's customers have been found. What is in them, would they
come back if other customers had been asked, which action suits each, and which one
does a new customer belong to? How they are found, and how many there are, is the
subject of :ref:`another example
<sphx_glr_auto_examples_plot_mall_autoencoder_kmeans.py>`.
"""

# %%
# Customers
# ---------
# ``make_customers`` draws a table like that of a mall. The planted segments, ``truth``,
# take part in nothing but the last comparison.
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from segmentlearn import (
    AutoencoderClusterer,
    cluster_stability,
    load,
    make_customers,
    save,
    segment_playbook,
    segment_profile,
    select_n_clusters,
)
from segmentlearn.plotting import (
    ClusterStabilityDisplay,
    SegmentProfileDisplay,
    SilhouetteDisplay,
)

customers, truth = make_customers("mall", 400, random_state=0)
print(customers.head())

# %%
# Which columns make segments is a decision of its own. Two values of gender lie as far
# apart as segments do, so that a clusterer would find each segment twice, once for
# women and once for men. Here it describes the segments and does not make them.
X = customers.drop(columns="Gender")

# %%
# Segments
# --------
found = select_n_clusters(AutoencoderClusterer(random_state=0), X, random_state=0)
print(f"{found.recommended} segments are recommended")
segmenter = AutoencoderClusterer(n_clusters=found.recommended, random_state=0).fit(X)
print(f"found by {segmenter.selected_}")

# %%
# Segment profiles
# ----------------
# The profile compares each segment with all other customers, gender included, and names
# it after what sets it apart. ``store`` hands the names to the clusterer.
profile = segment_profile(segmenter.labels_, customers)
profile.store(segmenter)
print(profile)

# %%
# Red is above the other customers, blue below.
SegmentProfileDisplay.from_result(profile).plot()

# %%
# The same as lines, from the average of all customers.
SegmentProfileDisplay.from_result(profile).plot("snake")

# %%
# Silhouette plot
# ---------------
# Silhouettes are taken in the prepared columns, where no net flatters itself.
names = segmenter.segment_names_
SilhouetteDisplay.from_predictions(
    segmenter.prepare(X), segmenter.labels_, names=names, random_state=0
)

# %%
# Cluster stability
# -----------------
# The clusterer is fitted to customers drawn again, and each segment is compared with
# its best match.
stability = cluster_stability(
    segmenter,
    X,
    labels=segmenter.labels_,
    refit="clusterer",  # "all" fits the autoencoders to each sample, too
    random_state=0,
)
print(stability)
ClusterStabilityDisplay.from_result(stability).plot(names=names)

# %%
# Marketing actions by rules
# --------------------------
# A rule states which feature calls for which action. Rules are the company's own, a
# table to edit; where they hold, and why, comes from the profile.
spending, income = "Spending Score (1-100)", "Annual Income (k$)"
rules = [
    {"rule": 1, "column": income, "direction": "high"},
    {
        "rule": 1,
        "column": spending,
        "direction": "low",
        "action": "invite, and ask why",
    },
    {"rule": 2, "column": income, "direction": "low"},
    {
        "rule": 2,
        "column": spending,
        "direction": "high",
        "action": "offer a loyalty card",
    },
    {"column": "Age", "direction": "high", "action": "write, do not only post online"},
]
playbook = segment_playbook(profile, rules).fillna({"action": "no action"})
for line in playbook.itertuples():
    print(f"{line.segment}: {line.action}\n   {line.because}")

# %%
# Predict the segments of new customers
# -------------------------------------
# Membership says how far a customer belongs to each segment.
new_customers, _ = make_customers("mall", 5, random_state=1)
membership = pd.DataFrame(
    segmenter.predict_proba(new_customers[X.columns]), index=new_customers.index
)
scored = new_customers.assign(
    segment=segmenter.predict(new_customers[X.columns]),
    membership=membership.max(axis=1).round(2),
)
print(scored)

# %%
# Save and load the model
# -----------------------
# The archive holds preparation, net, clusterer and names.
save(segmenter, "mall.seg")
restored = load("mall.seg")
print([restored.segment_names_[label] for label in restored.predict(X.head(3))])

# %%
# The planted segments, which are unknown in a real table: 1 would be all of them found,
# 0 no more than by chance.
print(f"adjusted Rand index: {adjusted_rand_score(truth, segmenter.labels_):.2f}")
