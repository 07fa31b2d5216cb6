"""Find segments: the figures of a segmentation, and whether it is real."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from segmentlearn._formatting import names_text, percent
from segmentlearn.app._columns import ColumnRoles, Customers
from segmentlearn.app._jobs import Job
from segmentlearn.app._methods import (
    CHECKED_ROWS,
    DENSITY,
    METHODS,
    MOST_NOISE,
    MOST_SEGMENTS,
    RECOMMENDED,
    SegmentSettings,
    build_model,
    method_text,
    segment_rows,
)
from segmentlearn.app._over_time import baseline_of, changes
from segmentlearn.app._scoring import Model
from segmentlearn.cluster import AutoencoderClusterer
from segmentlearn.exceptions import FewSegmentsWarning, SegmentLearnError
from segmentlearn.inspection import (
    NOISE,
    NOISE_NAME,
    SegmentProfile,
    is_noise,
    last_step,
    lasting_ids,
    segment_profile,
)
from segmentlearn.metrics import silhouette_sampled
from segmentlearn.model_selection import (
    ClusterStability,
    NumberOfClusters,
    cluster_stability,
    select_n_clusters,
)
from segmentlearn.preprocessing import DistancePreprocessor
from segmentlearn.tables import Column

_N_BOOTSTRAPS, _N_REFERENCES = 10, 5
_SILHOUETTE_ROWS = 5_000
_MOST_POINTS = 3_000


@dataclasses.dataclass(eq=False)
class Segmentation:
    """Segments of a table, with their description and their quality.

    Parameters
    ----------
    settings : SegmentSettings
        How they were found.
    model : estimator
        Fitted.
    X : DataFrame
        The customers, in the columns that were used.
    labels : ndarray of int of shape (n_customers,)
        Segment of each; -1 is noise.
    profile : SegmentProfile
        What is in them.
    figures : dict of str to float
        "silhouette" and "inertia", in the prepared columns, and of codes as well.
    prepared : ndarray of shape (n_customers, n_prepared)
        The prepared columns.
    how : str
        Which method was selected, in words.
    candidates : DataFrame or None
        What competed.
    stability : ClusterStability or None
        None where it could not be measured.
    doubts : list of str
        Why the segments may not be real.
    earlier : Model or None
        The segments that live on in these.
    changes : DataFrame or None
        What became of those.
    """

    settings: SegmentSettings
    model: Any
    X: pd.DataFrame
    labels: np.ndarray
    profile: SegmentProfile
    figures: dict[str, float]
    prepared: np.ndarray
    how: str
    candidates: pd.DataFrame | None = None
    stability: ClusterStability | None = None
    doubts: list[str] = dataclasses.field(default_factory=list)
    earlier: Model | None = None
    changes: pd.DataFrame | None = None

    @property
    def ids(self) -> np.ndarray | None:
        """Id of the segment of each label; None where they are the labels."""
        return lasting_ids(self.model)

    def name_of(self, label: Any) -> str:
        """Return the name of a segment."""
        return NOISE_NAME if is_noise(label) else self.profile.names[label]

    def summary(self) -> pd.DataFrame:
        """Return a row for each segment: number, share, means and commonest levels."""
        frame = self.profile.to_frame("summary").reset_index()
        shown = ["segment", "name", "size", "share", "value_share"]
        frame = frame[[name for name in shown if name in frame]]
        value = f"share of {self.profile.value_name}"
        frame = frame.rename(columns={"size": "customers", "value_share": value})
        if self.ids is not None:
            ids = np.append(self.ids, NOISE)[frame["segment"].to_numpy(int)]
            frame.insert(0, "id", ids)
        numbers = self.profile.to_frame("numbers")
        for column, rows in numbers.groupby("column", sort=False):
            means = rows.set_index("segment")["mean"]
            values = frame["segment"].map(means)
            if rows["kind"].iloc[0] == "datetime":
                values = (pd.Timestamp(0) + pd.to_timedelta(values, "D")).dt.date
            frame[f"mean {column}"] = values
        levels = self.profile.to_frame("categories")
        levels = levels[levels["is_mode"].astype(bool)]
        for column, rows in levels.groupby("column", sort=False):
            common = {
                row.segment: f"{row.level} ({percent(row.share)})"
                for row in rows.itertuples()
            }
            frame[f"most common {column}"] = frame["segment"].map(common)
        return frame


def find_segments(
    job: Job,
    customers: Customers,
    settings: SegmentSettings,
    earlier: Model | None = None,
) -> Segmentation:
    """Find segments, describe and check them; earlier ones that live on keep ids."""
    X = segment_rows(customers.table, settings.columns)
    if settings.method != DENSITY and settings.n_clusters > len(X):
        raise SegmentLearnError(
            f"{settings.n_clusters} segments are more than the {len(X):,} customers."
        )
    # they are among the doubts, in words that speak of no parameter
    warnings.simplefilter("ignore", FewSegmentsWarning)
    baseline = None
    if earlier is not None:
        baseline = baseline_of(earlier, customers.table, settings.period)
    job.step("finding segments", 0.02, 0.7)
    model = build_model(X, customers.roles, settings, baseline)
    model.fit(X)
    last_step(model).baseline = None  # it holds the rows; the passport says all
    labels = np.asarray(last_step(model).labels_)
    if not (labels != NOISE).any():
        raise SegmentLearnError(
            "DBSCAN calls every customer noise: no group is dense. Choose a larger "
            "distance of neighbours, fewer columns, or another method."
        )
    job.step("describing the segments", 0.7, 0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fit has warned of what is left out
        value, worth = settings.value, None
        if value is not None:
            numbers = Column(value, customers.table.frame[value].array).numbers
            worth = pd.Series(numbers, name=value)
        seed = settings.random_state
        profile = segment_profile(model, X, value=worth, random_state=seed)
    profile.store(model)
    prepared = _prepare(model, X)
    figures = _figures(model, prepared, labels)
    how, candidates = method_text(model, settings)
    found = Segmentation(
        settings, model, X, labels, profile, figures, prepared, how, candidates
    )
    if earlier is not None:
        job.step("comparing with the earlier segments", 0.75, 0.8)
        found.earlier = earlier
        found.changes = changes(earlier, model, customers.table, settings.random_state)
    job.step("finding the segments again in samples of the customers", 0.8, 0.95)
    found.stability = measure_stability(found)
    job.step("looking for customers without segments", 0.95, 1.0)
    found.doubts = _doubts(found, customers.roles)
    return found


def compare_numbers(
    job: Job, customers: Customers, settings: SegmentSettings
) -> NumberOfClusters:
    """Compare numbers of segments by the criteria."""
    X = segment_rows(customers.table, settings.columns)
    most = min(MOST_SEGMENTS, len(X) // 2)
    if most < 2:
        raise SegmentLearnError(f"Four customers are needed; there are {len(X)}.")
    job.step(f"comparing 2 to {most} segments", 0.1, 1.0)
    settings = dataclasses.replace(settings, method=RECOMMENDED)
    model = build_model(X, customers.roles, settings)
    return select_n_clusters(
        model,
        X,
        range(2, most + 1),
        n_bootstraps=_N_BOOTSTRAPS,
        n_references=_N_REFERENCES,
        max_rows=CHECKED_ROWS,
        random_state=settings.random_state,
    )


def compare_methods(
    job: Job, customers: Customers, settings: SegmentSettings
) -> pd.DataFrame:
    """Find segments by each method; return a row for each, in figures."""
    rows: list[dict[str, Any]] = []
    for at, (method, title) in enumerate(METHODS.items()):
        own = dataclasses.replace(settings, method=method)
        job.step(f"method {at + 1} of {len(METHODS)}: {title}", at / 6, (at + 1) / 6)
        try:
            X = segment_rows(customers.table, settings.columns)
            model = build_model(X, customers.roles, own).fit(X)
        except (SegmentLearnError, ValueError) as error:
            rows.append({"method": title, "note": str(error)})
            continue
        labels = np.asarray(last_step(model).labels_)
        sizes = np.bincount(labels[labels >= 0]) if (labels >= 0).any() else [0]
        rows.append(
            {
                "method": title,
                "segments": len(np.unique(labels[labels >= 0])),
                **_figures(model, _prepare(model, X), labels),
                "largest": float(max(sizes) / len(X)),
                "smallest": float(min(sizes) / len(X)),
                "noise": float(np.mean(labels == NOISE)),
                "note": "",
            }
        )
    frame = pd.DataFrame(rows)
    codes = [name for name in frame if "codes" in name]
    return frame.drop(columns=codes)


def measure_stability(found: Segmentation) -> ClusterStability | None:
    """Measure whether segments come back; None where samples have none."""
    try:
        how = {"refit": "clusterer", "random_state": 0}
        return cluster_stability(found.model, found.X, labels=found.labels, **how)
    except ValueError:
        return None


def stability_text(stability: ClusterStability) -> str:
    """Return in a sentence how far segments come back."""
    frame = stability.to_frame()
    is_good = frame["verdict"].isin(["stable", "highly stable"])
    text = (
        f"{int(is_good.sum())} of {len(frame)} segments come back when customers are "
        f"drawn again ({len(stability.jaccard)} times)."
    )
    if not is_good.all():
        others = frame.loc[~is_good, "segment"]
        text += f" Do not rely on segment {names_text(others)}."
    return text


def points(
    found: Segmentation, x: str | None = None, y: str | None = None
) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Return where customers lie in two columns, or on the map, and the axes' names.

    The map has the first two principal components of the prepared columns, or of the
    codes if these were segmented.
    """
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(found.X))[:_MOST_POINTS])
    if x is None or y is None:
        is_deep = getattr(found.model, "space_", "") == "codes"
        space = found.model.transform(found.X) if is_deep else found.prepared
        space = np.asarray(space, dtype=np.float64)
        n_components = min(2, *space.shape)
        flat = PCA(n_components, random_state=0).fit_transform(space)
        flat = np.pad(flat, ((0, 0), (0, 2 - n_components)))
        axes, what = flat.T, "codes" if is_deep else "columns"
        names = tuple(f"{nth} direction of the {what}" for nth in ("First", "Second"))
    else:
        axes, names = np.array([_numbers(found.X[name]) for name in (x, y)]), (x, y)
    segments = [found.name_of(label) for label in found.labels[rows]]
    frame = pd.DataFrame({"x": axes[0][rows], "y": axes[1][rows], "segment": segments})
    return frame.dropna(), (names[0], names[1])


def _numbers(column: pd.Series) -> np.ndarray:
    if column.dtype.kind in "mM":
        return column.astype("int64").where(column.notna()).to_numpy(float) / 86.4e12
    return column.to_numpy(np.float64, na_value=np.nan)


def _prepare(model: Any, X: pd.DataFrame) -> np.ndarray:
    prepare = getattr(model, "prepare", None)
    return np.asarray(model[0].transform(X) if prepare is None else prepare(X))


def _figures(model: Any, prepared: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return silhouette and inertia; an autoencoder's of the codes, too."""
    if isinstance(model, AutoencoderClusterer):
        return {
            "silhouette": float(model.silhouette_),
            "inertia": float(model.inertia_),
            "silhouette of the codes": float(model.latent_silhouette_),
            "inertia of the codes": float(model.latent_inertia_),
        }
    known = labels != NOISE
    rows, own = prepared[known].astype(np.float64), labels[known]
    silhouette = float("nan")
    if 2 <= len(np.unique(own)) < len(own):
        sample = silhouette_sampled(rows, own, n_rows=_SILHOUETTE_ROWS, random_state=0)
        silhouette = float(sample.mean)
    inertia = sum(
        float(((rows[own == label] - rows[own == label].mean(axis=0)) ** 2).sum())
        for label in np.unique(own)
    )
    return {"silhouette": silhouette, "inertia": inertia}


def _doubts(found: Segmentation, roles: ColumnRoles) -> list[str]:
    """Return why the segments may not be real, a sentence each."""
    doubts = []
    n_clusters = len(np.unique(found.labels[found.labels != NOISE]))
    if n_clusters < 2:
        doubts.append("There is one segment only: these columns set no groups apart.")
    elif 2 * n_clusters <= min(len(found.X), CHECKED_ROWS):
        parameters = roles.parameters(list(found.X.columns))
        simple = make_pipeline(
            DistancePreprocessor(**parameters), KMeans(n_clusters, n_init=3)
        )
        number = select_n_clusters(
            simple,
            found.X,
            [n_clusters],
            criteria=["silhouette_gain"],
            n_references=_N_REFERENCES,
            max_rows=CHECKED_ROWS,
            random_state=found.settings.random_state,
        )
        if number.recommended == 1:
            doubts.append(
                f"Nothing in these columns sets {n_clusters} kinds of customers "
                "clearly apart: a table without any segments would be divided as "
                "well. Use them to organise work, and not as a finding about "
                "customers."
            )
    if found.stability is not None:
        frame = found.stability.to_frame()
        if (~frame["verdict"].isin(["stable", "highly stable"])).any():
            doubts.append(stability_text(found.stability))
    noise = float(np.mean(found.labels == NOISE))
    if noise > MOST_NOISE:
        doubts.append(f"{percent(noise)} of the customers are noise, in no segment.")
    profile = found.profile
    small = [
        label
        for label, is_small in zip(profile.labels, profile.is_small, strict=True)
        if is_small and not is_noise(label)
    ]
    if small:
        doubts.append(
            f"Segment {names_text(small)} has fewer than ten customers; little is "
            "certain about it."
        )
    return doubts
