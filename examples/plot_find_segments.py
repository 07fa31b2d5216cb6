"""
Find segments nobody has named yet
==================================

A shopping centre knows what its customers earn and how they spend, and nothing of
segments. How many are there, what is in them, would they come back if other customers
had been asked, and which one does a new customer belong to?
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
    segment_profile,
    select_n_clusters,
)
from segmentlearn.plotting import SegmentMapDisplay, SilhouetteDisplay

customers, truth = make_customers("mall", 400, random_state=0)
print(customers.head())

# %%
# Which columns make segments is a decision of its own. Two values of gender lie as far
# apart as segments do, so that a clusterer would find each segment twice, once for
# women and once for men. Here it describes the segments and does not make them.
X = customers.drop(columns="Gender")

# %%
# How many segments?
# ------------------
# Every number of segments is judged by several criteria. The recommendation comes with
# its reasons; 1 would mean that there are none.
found = select_n_clusters(
    AutoencoderClusterer(random_state=0),
    X,
    range(2, 9),
    n_bootstraps=10,
    random_state=0,
)
print(found)
found.plot()

# %%
# Segments
# --------
# Autoencoders compete with k-means and a mixture on the columns themselves. The deep
# segments are taken only where they are better; on three columns that say all there is
# to say, they need not be.
segmenter = AutoencoderClusterer(n_clusters=found.recommended, random_state=0).fit(X)
candidates = pd.DataFrame(segmenter.candidates_).drop(columns="labels")
print(candidates.set_index("name").T.to_string(float_format="{:.3f}".format))
print(f"selected: {segmenter.selected_}")

# %%
# What is in them
# ---------------
# The profile compares each segment with all other customers, gender included, and names
# it after what sets it apart. ``store`` hands the names to the clusterer.
profile = segment_profile(segmenter.labels_, customers)
profile.store(segmenter)
print(profile)

# %%
# Red is above the other customers, blue below.
profile.plot()

# %%
# The same as lines, from the average of all customers.
profile.plot("snake")

# %%
# A map
# -----
names = segmenter.segment_names_
SegmentMapDisplay.from_estimator(
    segmenter, X, x="Annual Income (k$)", y="Spending Score (1-100)", names=names
)

# %%
# How well customers sit in their segment
# ---------------------------------------
# Silhouettes are taken in the prepared columns, where no net flatters itself.
SilhouetteDisplay.from_predictions(
    segmenter.prepare(X), segmenter.labels_, names=names, random_state=0
)

# %%
# Would they come back?
# ---------------------
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
stability.plot(names=names)

# %%
# New customers
# -------------
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
# One file for later
# ------------------
# The archive holds preparation, net, clusterer and names.
save(segmenter, "mall.seg")
restored = load("mall.seg")
print([restored.segment_names_[label] for label in restored.predict(X.head(3))])

# %%
# The planted segments, which a real table does not tell: 1 would be all of them found,
# 0 no more than by lot.
print(f"adjusted Rand index: {adjusted_rand_score(truth, segmenter.labels_):.2f}")
