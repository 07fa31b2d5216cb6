"""Draw docs/_static/overview.png, the picture of the README."""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from segmentlearn import AutoencoderClusterer, make_customers, segment_profile
from segmentlearn.plotting import SegmentMapDisplay, SegmentProfileDisplay

matplotlib.use("agg")
customers, _ = make_customers("mall", 400, random_state=0)
X = customers.drop(columns="Gender")
segmenter = AutoencoderClusterer(n_clusters=5, random_state=0).fit(X)
profile = segment_profile(segmenter.labels_, customers)
# shorter names than those that the profile gives, which need more room
profile = profile.rename(
    {0: "middle", 1: "earn and spend", 2: "earn, save", 3: "young", 4: "careful"}
).store(segmenter)

figure, (left, right) = plt.subplots(
    1, 2, figsize=(12, 4.6), layout="constrained", width_ratios=[1.1, 1]
)
SegmentMapDisplay.from_estimator(
    segmenter,
    X,
    x="Annual Income (k$)",
    y="Spending Score (1-100)",
    names=segmenter.segment_names_,
    ax=left,
)
SegmentProfileDisplay.from_result(profile).plot("heatmap", ax=right)
right.set_xticklabels(profile.labels, fontsize=11)  # the left half has the names
figure.savefig(Path(__file__).parent / "_static" / "overview.png", dpi=90)
