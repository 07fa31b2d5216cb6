"""
Mall customers: autoencoder and k-means clustering
==================================================

The classic of deep segmentation: an autoencoder codes each customer by a few numbers,
and k-means looks for segments in the code. How many segments are there, what is in
them, and is the net worth it beside k-means, DBSCAN and agglomerative clustering on the
very same columns?
"""

# %%
# Customers
# ---------
# The real table is read where the environment variable ``SEGMENTLEARN_DATA`` names its
# folder; customers of the same shape are generated where it does not.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline

from segmentlearn import (
    Autoencoder,
    AutoencoderClusterer,
    DistancePreprocessor,
    load_mall,
    make_customers,
    segment_profile,
    select_n_clusters,
)
from segmentlearn.plotting import NumberOfClustersDisplay, SegmentMapDisplay

if os.environ.get("SEGMENTLEARN_DATA"):
    customers, _ = load_mall()
else:
    customers, _ = make_customers("mall", 200, random_state=0)
print(customers.describe().round(1))

# %%
# The usual three columns; gender has its turn at the end.
income, score = "Annual Income (k$)", "Spending Score (1-100)"
X = customers[["Age", income, score]]

# %%
# K-means on the codes of an autoencoder
# --------------------------------------
# A pipeline of scikit-learn. The preset is a net published for this table, 3-6-3-6-3:
# its code is as long as the row, so nothing is condensed, as a warning says. Beside it
# stands the default net with two numbers of code.
published = make_pipeline(
    Autoencoder.from_preset("mall", random_state=0),
    KMeans(5, n_init=10, random_state=0),
).fit(X)
shorter = make_pipeline(
    Autoencoder(n_components=2, random_state=0),
    KMeans(5, n_init=10, random_state=0),
).fit(X)

# %%
# A silhouette within the code measures the code alone. Two trainings have two codes,
# and their silhouettes and inertias cannot be compared; those in the prepared columns,
# which no net has made, can.
prepared = DistancePreprocessor().fit_transform(X)
for name, pipeline in {"published": published, "shorter": shorter}.items():
    codes, labels = pipeline[:-1].transform(X), pipeline[-1].labels_
    print(
        f"{name}: silhouette in the code {silhouette_score(codes, labels):.3f}, "
        f"in the columns {silhouette_score(prepared, labels):.3f}; "
        f"inertia in the code {pipeline[-1].inertia_:.0f}"
    )

# %%
# Number of clusters
# ------------------
# Inertia, silhouette and seven other criteria over the number of segments, in the
# prepared columns.
found = select_n_clusters(
    AutoencoderClusterer(random_state=0),
    X,
    range(2, 11),
    n_bootstraps=10,
    random_state=0,
)
print(found.table[["inertia", "silhouette", "stability"]].round(3))
print(f"recommended: {found.recommended}")

# %%
# A ring is what a criterion would choose by itself.
NumberOfClustersDisplay.from_result(found).plot()

# %%
# Autoencoder or k-means on the columns?
# --------------------------------------
# ``AutoencoderClusterer`` does the classic in one step: several nets, k-means and a
# mixture on their codes and on the columns. Deep segments are taken only where they are
# better. On three columns that say all there is to say they need not be.
n_segments = max(found.recommended, 2)
segmenter = AutoencoderClusterer(n_clusters=n_segments, random_state=0).fit(X)
candidates = pd.DataFrame(segmenter.candidates_).set_index("name")
print(candidates[["silhouette", "stability", "score"]].to_string(float_format="%.3f"))
print(f"selected: {segmenter.selected_}")

# %%
# Segment maps
# ------------
profile = segment_profile(segmenter.labels_, customers).store(segmenter)
SegmentMapDisplay.from_estimator(
    segmenter, X, x=income, y=score, names=segmenter.segment_names_
)

# %%
# Segment summary
# ---------------
# Customers and the mean of each column, segment by segment; gender, which made no
# segment, is described too.
numbers = profile.to_frame("numbers").pivot(
    index="segment", columns="column", values="mean"
)
shares = profile.to_frame("categories").pivot(
    index="segment", columns="level", values="share"
)
summary = profile.to_frame().join([numbers.round(1), shares.round(2)])
columns = ["size", *X.columns, "Female"]
print(summary[columns].to_string())
for segment, name in profile.names.items():
    print(f"{segment}: {name}")

# %%
# Comparison with DBSCAN and agglomerative clustering
# ---------------------------------------------------
# All see the same prepared columns, and segments of codes are scored in these, too.
# DBSCAN has no number of segments but a radius: once the usual one, from the distance
# to the fourth neighbour, and once that with the highest silhouette of all customers.
# Customers whom it leaves out as noise have no segment. A silhouette without them is
# that of the easier customers, so their share stands beside it, and a second silhouette
# takes them for one segment more.


def silhouette(labels, kept):
    """Return the silhouette of some customers, NaN of a single segment."""
    if len(np.unique(labels[kept])) < 2:
        return np.nan
    return silhouette_score(prepared[kept], labels[kept])


distances, _ = NearestNeighbors(n_neighbors=5).fit(prepared).kneighbors(prepared)
radii = np.quantile(distances[:, -1], np.arange(0.1, 1, 0.1))
scans = [DBSCAN(radius).fit_predict(prepared) for radius in radii]
several = [labels for labels in scans if labels.max() > 0] or scans
k_means = KMeans(n_segments, n_init=10, random_state=0)
baselines = {
    "AutoencoderClusterer": segmenter.labels_,
    "published net, k-means": k_means.fit_predict(published[:-1].transform(X)),
    "shorter code, k-means": k_means.fit_predict(shorter[:-1].transform(X)),
    "k-means": k_means.fit_predict(prepared),
    "agglomerative (Ward)": AgglomerativeClustering(n_segments).fit_predict(prepared),
    "agglomerative (average)": AgglomerativeClustering(
        n_segments, linkage="average"
    ).fit_predict(prepared),
    "DBSCAN, usual radius": scans[-1],
    "DBSCAN, best radius": max(several, key=lambda one: silhouette(one, one >= -1)),
}
rows = {}
for name, labels in baselines.items():
    sizes = np.sort(np.bincount(labels[labels >= 0]))[::-1]
    rows[name] = {
        "segments": len(sizes),
        "sizes": " ".join(map(str, sizes)),
        "noise": f"{np.mean(labels < 0):.0%}",
        "silhouette": silhouette(labels, labels >= 0),
        "noise too": silhouette(labels, labels >= -1),
        "agreement": adjusted_rand_score(segmenter.labels_, labels),
    }
table = pd.DataFrame(rows).T
print(table.to_string(float_format="{:.3f}".format))

# %%
# What the table says. ``agreement`` is the adjusted Rand index with the first row.
placed = table[table["noise"] == "0%"]["silhouette"].astype(float)
print(f"Highest silhouette of those who place everybody: {placed.idxmax()}.")
for name in ("DBSCAN, usual radius", "DBSCAN, best radius"):
    print(
        f"{name}: {table.loc[name, 'segments']} segment(s) of "
        f"{table.loc[name, 'sizes']} customers, {table.loc[name, 'noise']} noise."
    )

# %%
# The same radius for all segments is what DBSCAN stumbles over: where customers lie
# thinly it sees noise, where segments touch it sees one.
figure, axes = plt.subplots(2, 2, figsize=(8, 7), layout="constrained", sharex=True)
colors = np.array(["#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"])
shown = [
    "k-means",
    "shorter code, k-means",
    "agglomerative (Ward)",
    "DBSCAN, best radius",
]
for ax, name in zip(axes.flat, shown, strict=True):
    labels = baselines[name]
    noise = labels < 0
    ax.scatter(
        X[income][~noise],
        X[score][~noise],
        c=colors[labels[~noise] % len(colors)],
        s=18,
        edgecolor="white",
        linewidth=0.3,
    )
    ax.scatter(X[income][noise], X[score][noise], marker="x", c="black", s=22)
    ax.set_title(
        f"{name}\n{rows[name]['segments']} segments, {rows[name]['noise']} noise",
        fontsize=10,
    )
figure.supxlabel(income)
figure.supylabel(score)

# %%
# Categorical columns
# -------------------
# Any columns will do, text among them. With gender among the columns, segments may be
# cut along it; the last column is the largest share of one gender in a segment, on
# the average of customers.
choices = {
    "Age, income, score": list(X.columns),
    "income, score": [income, score],
    "Gender, Age": ["Gender", "Age"],
    "all four": list(customers.columns),
}
rows = {}
for name, columns in choices.items():
    chosen = AutoencoderClusterer(n_clusters=n_segments, random_state=0)
    labels = chosen.fit_predict(customers[columns])
    shares = pd.crosstab(labels, customers["Gender"], normalize="index").max(axis=1)
    rows[name] = {
        "selected": chosen.selected_,
        "silhouette": chosen.silhouette_,
        "agreement": adjusted_rand_score(segmenter.labels_, labels),
        "one gender": shares.loc[labels].mean(),
    }
print(pd.DataFrame(rows).T.to_string(float_format="{:.2f}".format))

# %%
# Silhouettes of different columns cannot be compared with each other: fewer columns are
# easier to separate. Which columns make segments is a decision about what they are for.
