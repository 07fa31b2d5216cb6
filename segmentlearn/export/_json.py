"""Rules as JSON: the file that stores them without pickle."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn.export._conditions import LEVEL, Condition, Rule, RuleColumn
from segmentlearn.tables import TableSchema

FORMAT, VERSION = "segmentlearn rules", 1
_KINDS = {"number", "datetime", "timedelta", LEVEL}


def json_of(facts: dict[str, Any]) -> str:
    """Return rules, columns and figures as JSON."""
    stored = {
        "format": FORMAT,
        "version": VERSION,
        "segments": facts["segments"],
        "columns": [_column_to_dict(column) for column in facts["columns"]],
        "rules": [_rule_to_dict(rule) for rule in facts["rules"]],
        "fidelity": facts["fidelity"],
        "coverage": facts["coverage"],
        "per_segment": _records(facts["per_segment"]),
        "curve": _records(facts["curve"]),
        "recommended": facts["recommended"],
    }
    return json.dumps(_plain(stored), ensure_ascii=False, indent=2, allow_nan=False)


def facts_of(text: str) -> dict[str, Any]:
    """Return what `json_of` was given."""
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"This is no JSON: {error}.") from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise ValueError("This JSON holds no rules of segmentlearn.")
    if stored.get("version") != VERSION:
        raise ValueError(
            f"These rules have version {stored.get('version')!r}; this version of "
            f"segmentlearn reads {VERSION}."
        )
    try:
        columns = [_column_of(column) for column in stored["columns"]]
        known = {column.name: column for column in columns}
        return {
            "segments": [_label(segment) for segment in stored["segments"]],
            "columns": columns,
            "rules": [_rule_of(rule, known) for rule in stored["rules"]],
            "fidelity": dict(stored["fidelity"]),
            "coverage": float(stored["coverage"]),
            "per_segment": _frame(stored["per_segment"]),
            "curve": _frame(stored["curve"]),
            "recommended": int(stored["recommended"]),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"These rules are damaged: {error!r}.") from error


def _column_to_dict(column: RuleColumn) -> dict[str, Any]:
    return {
        **{
            field.name: getattr(column, field.name)
            for field in dataclasses.fields(column)
        },
        "spellings": [[level, texts] for level, texts in column.spellings.items()],
    }


def _column_of(stored: dict[str, Any]) -> RuleColumn:
    kind, name = stored["kind"], stored["name"]
    if kind not in _KINDS or not isinstance(name, str):
        raise ValueError(f"column {name!r} of kind {kind!r}")
    if stored["reading"] is not None:
        TableSchema.from_dict({name: stored["reading"]})
    return RuleColumn(
        name,
        kind,
        bool(stored["is_text"]),
        bool(stored["is_written"]),
        stored["reading"],
        {_label(level): _texts(texts) for level, texts in stored["spellings"]},
        _texts(stored["missing_texts"]),
    )


def _rule_to_dict(rule: Rule) -> dict[str, Any]:
    return {**vars(rule), "conditions": [vars(entry) for entry in rule.conditions]}


def _rule_of(stored: dict[str, Any], columns: dict[str, RuleColumn]) -> Rule:
    conditions = tuple(_condition_of(entry, columns) for entry in stored["conditions"])
    segment = stored["segment"]
    return Rule(
        None if segment is None else _label(segment),
        conditions,
        int(stored["customers"]),
        *(
            None if stored[name] is None else float(stored[name])
            for name in ("precision", "recall", "value_share")
        ),
    )


def _condition_of(stored: dict[str, Any], columns: dict[str, RuleColumn]) -> Condition:
    column = columns[stored["column"]]
    levels = stored["levels"]
    if (levels is not None) != (column.kind == LEVEL):
        raise ValueError(f"levels of column {column.name!r}")
    if levels is not None:
        levels = tuple(_label(level) for level in levels)
        column.texts_of(levels)
    low, high = stored["low"], stored["high"]
    return Condition(
        column.name,
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
        levels,
        bool(stored["excluded"]),
        bool(stored["known"]),
        bool(stored["missing"]),
    )


def _label(label: Any) -> Any:
    if not isinstance(label, str | int | float | bool):
        raise ValueError(f"{label!r} is no label")
    return label


def _texts(texts: Any) -> tuple[str, ...]:
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{texts!r} are no texts")
    return tuple(texts)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(row) for row in frame.to_dict("records")]


def _frame(records: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(records)
    for name in frame:
        if name == "segment":
            frame[name] = frame[name].astype(object)
        elif frame[name].dtype == object:
            frame[name] = frame[name].astype(np.float64)
    return frame


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it; what is not finite as null."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
