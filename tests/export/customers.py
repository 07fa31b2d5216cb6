"""Customers with awkward names and cells, and the ways to run rules on them."""

import sqlite3

import numpy as np
import pandas as pd

INCOME = 'income "net"; DROP TABLE customers; --'
JOB = "Beruf's Größe"
JOBS = ["O'Brien", 'say "no"', "back\\slash", "Müller; --", "plain"]


def awkward_customers(n_rows=400, seed=0):
    """Numbers, levels of text, truth values and dates, with missing cells."""
    rng = np.random.default_rng(seed)
    income = rng.normal(40_000, 15_000, n_rows).round(2)
    income[rng.random(n_rows) < 0.1] = np.nan
    job = rng.choice([*JOBS, None], n_rows)
    member = rng.random(n_rows) < 0.5
    days = pd.to_timedelta(rng.integers(0, 20_000, n_rows), unit="D")
    age = rng.integers(18, 80, n_rows)
    X = pd.DataFrame(
        {
            INCOME: income,
            JOB: pd.Series(job, dtype=object),
            "member": member,
            "since": pd.Timestamp("1970-01-01") + days,
            "age": age,
        }
    )
    segments = np.select(
        [
            np.isnan(income),
            income > 47_000,
            X[JOB].isin(JOBS[:2]).to_numpy(),
            X[JOB].isna().to_numpy(),
            member & (age > 40),
            X["since"].to_numpy() > np.datetime64("1995-06-01"),
        ],
        ["no income", "rich", "ümlaut's", "no job", "member", "new"],
        default="others",
    )
    return X, segments


def new_rows():
    """Rows with missing cells, unseen levels, infinities and blanks around texts."""
    incomes = [None, np.nan, np.inf, -np.inf, 47_000.0, 47_000.01, 0.0, -5.5, 1e300]
    jobs = [None, "", " ", "unseen", "o'brien", " O'Brien ", *JOBS, "plain   ", "PLAIN"]
    rows = [
        (income, job, member, pd.Timestamp(date), age)
        for income in incomes
        for job in jobs
        for member, date, age in (
            (True, "1980-01-01", 41),
            (False, "1999-12-31 23:59:59", 40),
            (True, "2001-01-01", 18),
        )
    ]
    X = pd.DataFrame(rows, columns=[INCOME, JOB, "member", "since", "age"])
    X[INCOME] = X[INCOME].astype(np.float64)
    X[JOB] = X[JOB].astype(object)
    return X


def by_python(rules, X, **how):
    """The segments by the executed function."""
    names = {}
    exec(rules.to_python(**how), names)
    return [names["segment_of"](row) for row in X.to_dict("records")]


def by_duckdb(rules, X, **how):
    """The segments by DuckDB, which is given NaN where cells are missing."""
    import duckdb

    with duckdb.connect() as connection:
        frame = X.assign(row=np.arange(len(X)))
        connection.register("frame", frame)
        # text where no cell says so, too
        names = [
            '"' + name.replace('"', '""') + '"' for name in X.select_dtypes(object)
        ]
        connection.execute("CREATE TABLE customers AS SELECT * FROM frame")
        for name in names:
            connection.execute(f"ALTER TABLE customers ALTER {name} TYPE VARCHAR")
        sql = rules.to_sql("duckdb", key="row", **how)
        return [segment for _, segment in sorted(connection.execute(sql).fetchall())]


def by_sqlite(rules, X, **how):
    """The segments by SQLite."""
    frame = X.assign(row=np.arange(len(X)))
    for name in frame.select_dtypes("datetime"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(":memory:") as connection:
        frame.to_sql("customers", connection, index=False)
        sql = rules.to_sql("sqlite", key="row", **how)
        return [segment for _, segment in sorted(connection.execute(sql).fetchall())]
