"""Segments over time: what they continue, what became of them, and who moved."""

import dataclasses
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from segmentlearn._formatting import names_text
from segmentlearn.app._jobs import Job
from segmentlearn.app._scoring import Model, Scored
from segmentlearn.app._uploads import Loaded
from segmentlearn.exceptions import SchemaError, SegmentLearnError
from segmentlearn.inspection import last_step, model_features, name_of
from segmentlearn.monitoring import (
    ENTERED,
    HISTORY_COLUMNS,
    LEFT,
    FlowPicture,
    SegmentMigration,
    compare_scored,
    match_segments,
    segment_column,
)
from segmentlearn.tables import TableFile, as_table

NOW = "now"
_EARLIER = "before"
_GAP = 0.02  # of the height, between two segments
_LETTERS = 8  # beside a picture that may be narrow
_SEGMENT, _NAME, _PERIOD = "segment", "segment_name", "period"


def can_be_continued(model: Model | None) -> bool:
    """Return whether a model's segments have ids that others can keep."""
    return model is not None and hasattr(last_step(model.estimator), "segment_ids_")


def baseline_of(earlier: Model, table: TableFile, period: str | None) -> Pipeline:
    """Return the `baseline` of a clusterer that is fitted to the rows of a table.

    A clusterer behind a preprocessor is given prepared columns, and the earlier model
    knows raw ones.
    """
    known = last_step(earlier.estimator).passport_periods()
    if period in known:
        raise SegmentLearnError(
            f"The earlier segments have a period {period!r} already; choose another "
            f"name than {names_text(known)}."
        )
    rows = model_features(earlier.estimator, table)
    return make_pipeline(FunctionTransformer(lambda _: rows), earlier.estimator)


def history(model: Any) -> pd.DataFrame | None:
    """Return a row for each segment there has been; None in a first period."""
    last = last_step(model)
    periods = last.passport_periods() if hasattr(last, "passport_periods") else []
    if len(periods) < 2:
        return None
    entries = last.passport_
    rows = [
        {
            "id": entry["id"],
            "name": entry["name"] or "",
            "born": entry["born"],
            "status": entry["status"],
            "came from": ", ".join(map(str, entry["parents"])),
            "became": ", ".join(map(str, entry["successors"])),
            **{f"customers {period}": entry["sizes"].get(period) for period in periods},
        }
        for entry in entries
    ]
    sizes = {f"customers {period}": "Int64" for period in periods}
    return pd.DataFrame(rows).astype(sizes)


def changes(
    earlier: Model, model: Any, table: TableFile, random_state: int
) -> pd.DataFrame:
    """Return what happened to the segments of an earlier model, a row for each."""
    X = table.frame
    wanted = getattr(earlier.estimator, "feature_names_in_", [])
    missing = [name for name in wanted if name not in X]  # which the model left out
    match = match_segments(
        earlier.estimator,
        model,
        X.assign(**dict.fromkeys(missing)) if missing else X,
        random_state=random_state,
    )
    found = [(transition, "no") for transition in match.transitions]
    found += [(transition, "yes") for transition in match.unstable]
    return pd.DataFrame(
        [
            {
                "what": transition.kind,
                "ids before": ", ".join(map(str, transition.old)),
                "ids now": ", ".join(map(str, transition.new)),
                "in words": transition.words,
                "may be chance": may_be_chance,
            }
            for transition, may_be_chance in found
        ],
        columns=["what", "ids before", "ids now", "in words", "may be chance"],
    )


@dataclasses.dataclass(frozen=True)
class MovementSettings:
    """What to compare, and by which columns.

    Parameters
    ----------
    key : str
        Column that names a customer.
    segment : str
        Column of the segments in the earlier file.
    value : str or None
        Column of what a customer is worth.
    periods : tuple of two (str or None)
        Periods of the earlier file, if it is a history; None is the whole file before,
        and the scored customers now.
    """

    key: str
    segment: str
    value: str | None = None
    periods: tuple[str | None, str | None] = (None, None)


@dataclasses.dataclass(frozen=True, eq=False)
class Movement:
    """Who moved.

    Parameters
    ----------
    migration : SegmentMigration
        The numbers.
    doubts : list of str
        Why they may not say who moved.
    """

    migration: SegmentMigration
    doubts: list[str]

    def matrix(self, is_value: bool = False) -> pd.DataFrame:
        """Return customers, or their value, by segments before (rows) and now."""
        found = self.migration
        frame = found.values if is_value else found.counts
        assert frame is not None
        titles = {segment: found.title(segment) for segment in found.segments}
        frame = frame.rename(index=titles, columns=str)
        return frame.rename_axis("from", axis=0).reset_index()

    def moves(self) -> pd.DataFrame:
        """Return a row for each pair of segments, with shares."""
        frame = self.migration.to_frame()
        for name in ("old", "new"):
            frame[name] = frame[name].map(self.migration.title)
        return frame.rename(columns={"old": "from", "new": "to"})

    def flows(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the bands of a picture of the moves, and the texts at their ends."""
        found = self.migration
        counts = found.counts.to_numpy(dtype=float)
        picture = FlowPicture.of(counts, _GAP)
        titles = [found.title(segment) for segment in found.segments]
        names = [*titles, ENTERED], [*titles, LEFT]
        bands = [
            pd.DataFrame(
                {
                    "flow": f"{old} {new}",
                    "step": picture.steps,
                    "upper": upper,
                    "lower": lower,
                    "segment": [*titles, names[1][new]][old],
                    "stayed": old == new,
                    "before": names[0][old],
                    "now": names[1][new],
                    "customers": int(counts[old, new]),
                }
            )
            for old, new, upper, lower in picture.flows
        ]
        short = [_cut(str(segment)) for segment in found.segments]
        texts = [
            pd.DataFrame({"step": side, "upper": starts + heights / 2, "label": words})[
                heights > 0
            ]
            for side, (starts, heights), words in zip(
                (0, 1), picture.bars, ([*short, ENTERED], [*short, LEFT]), strict=True
            )
        ]
        return pd.concat(bands), pd.concat(texts)


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"


@dataclasses.dataclass(frozen=True)
class Choices:
    """What can be compared.

    Parameters
    ----------
    keys : list of str
        Columns that may name a customer, the most likely first.
    values : list of str
        Columns that may say what a customer is worth.
    segments : list of str
        Columns of the earlier file that may hold the segments, the most likely first.
    periods : list of str
        Periods of the earlier file, the last one first, if it is a history of scores.
    """

    keys: list[str]
    values: list[str]
    segments: list[str]
    periods: list[str]


def find_choices(earlier: Loaded, scored: Scored | None) -> Choices:
    """Return what can be compared of an earlier file and the scored customers."""
    names, frame = earlier.table.columns, earlier.table.frame
    there = earlier.table if scored is None else scored.loaded.table
    periods: list[str] = []
    if {_PERIOD, _SEGMENT} <= {*names}:
        periods = sorted(earlier.table.text(_PERIOD).dropna().unique(), reverse=True)
    best = segment_column(names)
    own = {*(HISTORY_COLUMNS if periods else (_SEGMENT, _NAME)), best}
    shared = [name for name in names if name in there.columns and name not in own]
    columns = as_table(there.frame[shared], "app").columns if shared else []
    order = {c.name: (not c.identifies, -c.n_distinct) for c in columns}
    return Choices(
        keys=sorted(shared, key=order.__getitem__),
        values=[
            name
            for name in shared
            if pd.api.types.is_numeric_dtype(frame[name])
            and pd.api.types.is_numeric_dtype(there.frame[name])
        ],
        segments=sorted(names, key=lambda name: name != best),
        periods=periods,
    )


def movement(
    job: Job, earlier: Loaded, scored: Scored | None, settings: MovementSettings
) -> Movement:
    """Compare two periods, of which the second one may be what was scored just now."""
    job.step("comparing the segments of each customer", 0.1, 1.0)
    old, new = settings.periods
    before = _of_file(earlier, settings, old)
    if new is not None:
        now = _of_file(earlier, settings, new)
    elif scored is not None:
        now = _of_scores(scored, settings)
    else:
        raise SegmentLearnError("First score a file of customers.")
    names = old or _EARLIER, new or NOW
    if names[0] == names[1]:
        raise SegmentLearnError(f"Both periods are {names[0]}; choose two.")
    found = compare_scored(
        before,
        now,
        key=settings.key,
        segment=_SEGMENT,
        value=settings.value,
        periods=names,
    )
    doubts = []
    if not found.n_shared:
        doubts.append(
            f"No customer has the same {settings.key!r} in both; choose the column "
            "that names a customer."
        )
    doubts += _renamed(before, now)
    return Movement(found, doubts)


def _of_file(
    earlier: Loaded, settings: MovementSettings, period: str | None
) -> pd.DataFrame:
    """Return key, segment, name and value of the customers of a file."""
    frame = earlier.table.frame
    part = _columns(earlier, settings)
    part[_SEGMENT] = frame[settings.segment]
    if _NAME in frame:
        part[_NAME] = frame[_NAME]
    found = pd.DataFrame(part)
    if period is not None:
        found = found[(earlier.table.text(_PERIOD) == period).to_numpy()]
    return found.reset_index(drop=True)


def _of_scores(scored: Scored, settings: MovementSettings) -> pd.DataFrame:
    part = _columns(scored.loaded, settings)
    scores = scored.scores
    if scores.names:
        part[_NAME] = [name_of(scores.names, label) for label in scores.segments]
    return pd.DataFrame(part).assign(**{_SEGMENT: scores.lasting})


def _columns(loaded: Loaded, settings: MovementSettings) -> dict[str, Any]:
    found = {}
    for name in (settings.key, settings.value):
        if name is None:
            continue
        if name not in loaded.table.columns:
            raise SchemaError(f"{loaded.name} has no column {name!r}.")
        found[name] = loaded.table.frame[name]
    return found


def _word(segment: Any) -> str:
    """Return a segment as text; numbers of a file may be floats."""
    return f"{segment:g}" if isinstance(segment, float) else str(segment)


def _renamed(before: pd.DataFrame, now: pd.DataFrame) -> list[str]:
    """Return a doubt where one segment has two names: there may be two models."""
    if _NAME not in before or _NAME not in now:
        return []
    names = [
        dict(zip(part[_SEGMENT].map(_word), part[_NAME].map(str), strict=True))
        for part in (before, now)
    ]
    others = [s for s in names[0] if names[1].get(s, names[0][s]) != names[0][s]]
    if not others:
        return []
    first = min(others)
    return [
        f"Segment {first} was called {names[0][first]!r} and is {names[1][first]!r} "
        "now. Numbers mean the same only if both files were scored by one model, or by "
        "one that continues the other."
    ]
