"""Results as text: held-out reports, curves, segments and what is in them."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from segmentlearn._formatting import percent, share_text, sparkline, value_text
from segmentlearn.cluster import way_of
from segmentlearn.metrics import ResponseSummary, gain_text
from segmentlearn.model_selection import HeldOutResult

_WIDTH = 88
_MOST_FEATURES = 3
_MEASURES = {  # of a candidate, and what they are called
    **{name: name for name in ("separation", "silhouette", "likelihood")},
    "stability": "agreement",
    "score": "score",
}
_HOW_TO_READ = (
    "separation: how often a customer's nearest neighbors are in the same segment (1 "
    "always, 0 as by chance); likelihood: what segments add to the log likelihood of "
    "held-out customers; agreement: of segments found in halves of the customers (1 is "
    "full). The score weighs them."
)
_HOW_TO_READ_NUMBERS = (
    "separation: how much further apart segments are than in tables without any (0.05 "
    "at least); stability: agreement of segments found in random samples of the "
    "customers (1 is full, 0 chance)."
)
_OF_CODES = ", which an autoencoder has made of each customer"
_OF_COLUMNS = "; codes of an autoencoder were not better by more than chance"
_CAUTION = (
    "Segments differ in the columns they were found in by construction; that they are "
    "described does not prove that there are any."
)


def number_text(found: Any) -> str:
    """Return how many segments there are, and why."""
    numbers = [int(number) for number in found.table.index if number > 1]
    asked = f"{numbers[0]} to {numbers[-1]} were compared"
    if len(numbers) == 1:
        asked = f"{numbers[0]} was looked at"
    answer = f"{found.recommended} segments are recommended"
    if found.recommended == 1:
        answer = "no segments are found"
    lines = [f"How many segments? {asked}: {answer}"]
    lines += [_point(reason) for reason in (*found.reasons, *found.notes)]
    lines += ["", *_criteria_lines(found)]
    if found.recommended == numbers[-1]:
        lines.append(
            _point(
                f"{numbers[-1]} is the most that was asked about, so there may be more "
                "kinds of customers, or gradual differences without a natural number; "
                "fewer are easier to work with (--n-clusters 5, say); --max-clusters "
                "looks further."
            )
        )
    return "\n".join(lines)


def _criteria_lines(found: Any) -> list[str]:
    """Return what the numbers of segments are compared by, a line each."""
    heads = {
        "smallest_share": "smallest segment",
        "silhouette_gain": "separation",
        "stability": "stability",
    }
    shown = {name: head for name, head in heads.items() if name in found.table}
    lines = [f"    segments{''.join(f'  {head}' for head in shown.values())}"]
    for number, row in found.table.drop(index=1).iterrows():
        mark = "*" if number == found.recommended else " "
        mark = "+" if number in found.alternatives else mark
        texts = [
            percent(row[name])
            if name == "smallest_share"
            else f"{row[name]:.{3 if name == 'silhouette_gain' else 2}f}"
            for name in shown
        ]
        widths = [len(head) + 2 for head in shown.values()]
        cells = [f"{text:>{at}}" for text, at in zip(texts, widths, strict=True)]
        lines.append(f"  {mark} {number:>8}{''.join(cells)}")
    lines.append(
        _filled("* recommended, + sensible too. " + _HOW_TO_READ_NUMBERS, "    ")
    )
    return lines


def candidates_text(segmenter: Any) -> str:
    """Return which ways to find segments competed, and which was selected."""
    candidates = segmenter.candidates_
    selected = next(item for item in candidates if item["selected"])
    lines = []
    if selected["score"] is None:
        lines.append(f"Found by {way_of(selected)}{_OF_CODES}")
        lines.append("Simple segments did not compete (--no-baselines).")
    else:
        # a terminal has no room for the unit
        ways = [way_of(item).removesuffix(" numbers") for item in candidates]
        width = max(map(len, ways))
        heads = "".join(f" {head}" for head in _MEASURES.values())
        lines.append(f"{len(ways)} ways to find segments competed")
        lines.append(f"    {'':<{width}}{heads}")
        for way, candidate in zip(ways, candidates, strict=True):
            cells = "".join(
                f"{candidate[measure]:>{len(head) + 1}.2f}"
                for measure, head in _MEASURES.items()
            )
            lines.append(
                f"  {'*' if candidate['selected'] else ' '} {way:<{width}}{cells}"
            )
        more = _OF_COLUMNS if selected["space"] == "prepared" else _OF_CODES
        lines.append(_filled(f"Selected (*): {way_of(selected)}{more}", ""))
        lines.append(_point(_HOW_TO_READ, mark=" "))
    lines += ["", _silhouettes(segmenter)]
    return "\n".join(lines)


def profile_text(profile: Any) -> str:
    """Return what is in each segment, shorter than the profile's own report."""
    n_customers = int(profile.sizes.sum())
    n_segments = sum(label != -1 for label in profile.labels)
    lines = [f"{n_customers:,} customers in {n_segments} segments"]
    if profile.value_shares is not None:
        titles = [f"Segment {label}, {name}" for label, name in profile.names.items()]
        shares = profile.shares, profile.value_shares
        lines.append(_filled(value_text(titles, *shares, profile.value_name), ""))
    rules = profile.to_frame("rules")
    for at, label in enumerate(profile.labels):
        word = "customer" if profile.sizes[at] == 1 else "customers"
        size = f"{profile.sizes[at]:,} {word}, {percent(profile.shares[at])}"
        if profile.value_shares is not None:
            of = profile.value_name or "the value"
            size += f", with {percent(profile.value_shares[at])} of {of}"
        lines += ["", _filled(f"Segment {label}: {profile.names[label]} ({size})", "")]
        features = profile.distinguishing_features[at]
        features = [feature for feature in features if feature.is_sizeable]
        lines += [
            _filled(f"{feature.column}: {feature.evidence}", "  ")
            for feature in features[:_MOST_FEATURES]
        ]
        if not features:
            lines.append("  no column differs much from the other customers")
        lines += [
            _filled(
                f"Rule: {rule.rule} (right for {percent(rule.precision)}, finds "
                f"{percent(rule.recall)} of the segment)",
                "  ",
            )
            for rule in rules[rules["segment"] == label].head(1).itertuples()
        ]
    lines.append("")
    if profile.fidelity:
        lines.append(
            textwrap.fill(
                f"The rules put {percent(profile.fidelity['accuracy'])} of customers "
                "they have not seen in their segment (always naming the largest: "
                f"{percent(profile.fidelity['accuracy_of_largest'])}).",
                _WIDTH,
            )
        )
    lines.append(textwrap.fill(_CAUTION, _WIDTH))
    return "\n".join(lines)


def named_counts_text(counts: Mapping[Any, int], names: Mapping[Any, str]) -> str:
    """Return how many customers each segment has got, a line each."""
    return "\n".join(
        f"  segment {label}{f', {names[label]}' if label in names else ''}: {count:,}"
        for label, count in sorted(counts.items())
    )


def _silhouettes(segmenter: Any) -> str:
    """Return how far apart the segments are in both spaces."""
    if np.isnan(segmenter.silhouette_):
        return "Silhouettes need two segments at least."
    prepared, codes = segmenter.silhouette_, segmenter.latent_silhouette_
    flatters = " Codes flatter: compare segmentations by the first."
    return textwrap.fill(
        f"Silhouette (1 is far apart, 0 is overlapping): {prepared:.2f} in the "
        f"prepared columns, {codes:.2f} in the autoencoder's codes."
        f"{flatters if codes > prepared else ''}",
        _WIDTH,
    )


def _point(text: str, mark: str = "-") -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=f"  {mark} ", subsequent_indent="    "
    )


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  "
    )


_CURVE_WIDTH = 40
_FEWEST_CONTACTED = 5  # of whom a gain is more than chance


def held_out_text(
    result: HeldOutResult, target: str, amounts: Mapping[str, float | None]
) -> str:
    """Return the report on the held-out customers."""
    from sklearn.metrics import classification_report

    n_train, n_held_out = len(result.y_train), len(result.y_true)
    names = [str(label) for label in result.labels]
    head = (
        f"Held-out report: {n_held_out:,} customers that took no part in training "
        f"({n_train:,} did)"
    )
    report = classification_report(
        result.y_true,
        result.y_pred,
        labels=result.labels,
        target_names=names,
        digits=3,
        zero_division=0,
    )
    confusion = pd.DataFrame(
        result.confusion,
        index=[f"  {name}" for name in names],
        columns=[f" {name}" for name in names],
    )
    if result.response is not None and len(result.classifier.classes_) == 2:
        largest = max(set(result.y_train.tolist()), key=result.y_train.tolist().count)
        return "\n".join(
            [
                head,
                "",
                *_response_lines(result.response, target, amounts),
                "",
                textwrap.fill(
                    f"Decided at a probability of one half, {percent(result.accuracy)} "
                    f"are right; taking everybody for {largest} is right for "
                    f"{percent(result.baseline)}.",
                    _WIDTH,
                ),
                "confusion matrix (rows: true, columns: predicted)",
                confusion.to_string(),
            ]
        )
    of_one: list[str] = []
    if result.response is not None:
        of_one = ["", *_response_lines(result.response, target, amounts)]
    return "\n".join(
        [
            head,
            "",
            f"accuracy {result.accuracy:.3f}; always naming the largest segment gives "
            f"{result.baseline:.3f}",
            "",
            report.rstrip(),
            textwrap.fill(
                "precision: how many of the customers put into a segment are in it; "
                "recall: how many of its customers are found; support: its size.",
                _WIDTH,
            ),
            "",
            "confusion matrix (rows: true segment, columns: predicted)",
            confusion.to_string(),
            *of_one,
        ]
    )


def _response_lines(
    found: ResponseSummary, target: str, amounts: Mapping[str, float | None]
) -> list[str]:
    """Return how well responders are found, and from where on a contact pays."""
    n_responders = int(found.responders_reached[-1])
    given: dict[str, Any] = {k: v for k, v in amounts.items() if v is not None}
    gains = found.gain_table(**given)
    lines = [
        f"Responders: {target} = {found.pos_label}, {n_responders:,} of "
        f"{found.n_rows:,}, {share_text(found.rate)} (--positive names another class)",
        found.quality_text(),
        "",
        "The customers with the highest probabilities first:",
        gain_text(gains[gains["customers"] >= _FEWEST_CONTACTED]),
    ]
    if len(given) == 2:
        lines += ["", textwrap.fill(str(found.break_even(**given)), _WIDTH)]
    return lines


def blend_text(blend: Any) -> str:
    """Return what each part of a blend weighs, and its loss on held-out rows."""
    lines = ["Blend, on training customers that its parts had not seen", ""]
    lines.append(f"  {'':<12}weight  log-loss  accuracy")
    weights = dict(zip(blend.named_estimators_, blend.weights_, strict=True))
    for name, scores in blend.scores_.items():
        weight = percent(weights[name]) if name in weights else ""
        loss, accuracy = scores["log_loss"], scores["accuracy"]
        lines.append(f"  {name:<12}{weight:>6}  {loss:>8.4f}  {accuracy:>8.3f}")
    return "\n".join(lines)


def curves_text(
    history: dict[str, list[float]], best_epoch: int | list[int] | None, blocks: bool
) -> str:
    """Return the learning curves, one line each."""
    shown = {
        name: values for name, values in history.items() if name != "learning_rate"
    }
    n_epochs = len(next(iter(shown.values())))
    head = f"Learning curves over {n_epochs} epoch{'s' if n_epochs > 1 else ''}"
    if isinstance(best_epoch, list):
        epochs = ", ".join(str(epoch or "none") for epoch in best_epoch)
        is_mean = len(best_epoch) > 1
        mean = f", mean of {len(best_epoch)} nets" if is_mean else ""
        head += f"{mean}; kept: epoch{'s' if is_mean else ''} {epochs}"
    elif best_epoch is not None:
        head += f"; the weights of epoch {best_epoch} were kept"
    longest = max(map(len, shown))
    lines = [
        f"  {name:<{longest}}  {_sparkline(values, blocks)}  "
        f"{values[0]:.3f} to {values[-1]:.3f}"
        for name, values in shown.items()
    ]
    if any(name.startswith("val_") for name in shown):
        lines.append("  (val_: on customers held back to see when to stop training)")
    return "\n".join([head, *lines])


def counts_text(counts: Mapping[Any, int]) -> str:
    """Return how often each label occurs."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _sparkline(values: list[float], blocks: bool) -> str:
    """Draw values from left to right, at most forty of them."""
    array = np.array(values, dtype=float)
    if len(array) > _CURVE_WIDTH:
        array = np.array([part.mean() for part in np.array_split(array, _CURVE_WIDTH)])
    return sparkline(array, array.min(), array.max(), blocks)
