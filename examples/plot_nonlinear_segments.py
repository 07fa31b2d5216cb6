"""
Non-linear segments: autoencoder clustering or k-means
======================================================

Customers of a retailer differ in a few habits that nobody records. What is recorded,
numbers with heavy tails and categories, follows from the habits non-linearly, and
some columns are noise. Do autoencoders find such segments better than k-means, and
would one notice it without knowing the truth?
"""

# %%
# Customers
# ---------
# The planted segments are round clouds in four hidden dimensions. ``planted`` holds
# them; no method below sees it.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, roc_auc_score

from segmentlearn import AutoencoderClusterer, make_customers
from segmentlearn.plotting import SegmentMapDisplay

X, planted = make_customers("latent", 1500, random_state=0)
print(X.head(3).T)

# %%
# Autoencoder clustering or a simple baseline?
# --------------------------------------------
# k-means and a Gaussian mixture see the prepared columns. Of the autoencoders, of two
# code lengths and two seeds, the best is a finalist; with ``joint`` so is one
# whose code and segments were trained together.
segmenter = AutoencoderClusterer(n_clusters=5, joint="idec", random_state=0).fit(X)
print(f"selected: {segmenter.selected_}")

# %%
# The score does not use the true segments. It adds up three things: whether neighbours
# in the prepared columns share a segment, how likely segments make held-out rows, and
# whether halves of the table lead to the same segments. Beside it stands what it cannot
# see: the adjusted Rand index with the planted segments.
final = pd.DataFrame(segmenter.candidates_).set_index("name")
final["planted"] = [adjusted_rand_score(planted, one) for one in final["labels"]]
shown = ["separation", "silhouette", "likelihood", "stability", "score", "planted"]
print(final[shown].to_string(float_format="{:.3f}".format))

# %%
# All autoencoders, of which the best is a finalist:
members = pd.DataFrame(segmenter.members_)
shown = ["name", "n_components", "score", "selected"]
print(members[shown].to_string(index=False, float_format="{:.3f}".format))

# %%
# Map of the segments
# -------------------
# Two principal components of the prepared columns, and two of the code. Colours are the
# segments that were found.
figure, axes = plt.subplots(2, 1, figsize=(9, 10), layout="constrained")
for ax, space in zip(axes, ["pca", "latent"], strict=True):
    SegmentMapDisplay.from_estimator(segmenter, X, space=space, ax=ax)

# %%
# Silhouettes do not settle such a comparison: within the code they are optimistic.
print(f"silhouette in the prepared columns: {segmenter.silhouette_:.2f}")
print(f"silhouette in the code: {segmenter.latent_silhouette_:.2f}")

# %%
# The latent space
# ----------------
# A code is a few numbers a customer. The decoder takes it back to columns, categories
# included, so that one can look at what it keeps.
autoencoder = segmenter.autoencoder_
codes = autoencoder.transform(X)
print(f"{X.shape[1]} columns, {codes.shape[1]} numbers of the code")
columns = ["tenure", "basket_value", "channel", "payment"]
back = autoencoder.inverse_transform(codes[:4])[columns].round(1)
print(pd.concat({"as it is": X[columns].head(4), "as it comes back": back}, axis=1).T)

# %%
# Anomalous customers
# -------------------
# A customer whom the code reconstructs badly does not go with the others. Here are 500
# new customers of the same population, and 25 anomalous ones: each of their cells is
# that of a real customer, but of another one in each column.
new_customers, _ = make_customers("latent", 525, random_state=1)
anomalous = new_customers.tail(25).copy()
rng = np.random.default_rng(0)
for name in anomalous:
    cells = anomalous[name].array
    anomalous[name] = cells[rng.permutation(len(cells))]
scores = autoencoder.score_samples(pd.concat([new_customers.head(500), anomalous]))
is_anomalous = np.repeat([False, True], [500, 25])
lowest = np.argsort(scores)[:25]
print(f"area under the ROC curve: {roc_auc_score(is_anomalous, -scores):.2f}")
print(f"anomalous ones among the 25 lowest scores: {is_anomalous[lowest].sum()}")

# %%
figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
bins = np.histogram_bin_edges(scores, 30)
for name, kept in (("customers", ~is_anomalous), ("anomalous ones", is_anomalous)):
    ax.hist(scores[kept], bins, density=True, alpha=0.6, label=name)
ax.set(xlabel="score of a customer, lower is more anomalous", ylabel="density")
ax.legend(frameon=False)

# %%
# Deep segments win where columns are non-linear images of fewer things, as here. Where
# the columns themselves make the segments, as in the example before this one, simple
# ones are as good, and the comparison shows it.
