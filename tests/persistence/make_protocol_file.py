"""Write an archive of today's protocol, and beside it what it must predict.

The tests load every such file, for ever. Run it once for each new protocol; an old file
is replaced only with ``--replace``, which is for protocols that no release has written:

    python tests/persistence/make_protocol_file.py [--replace]
"""

import io
import json
import pathlib
import sys

import pandas as pd

from segmentlearn import SegmentClassifier, inspect, make_customers, save

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data"
N_ROWS_KEPT = 12


def make_protocol_file(replace: bool = False) -> pathlib.Path:
    """Fit a small classifier to generated customers and write it down."""
    X, y = make_customers("automobile", 60, random_state=0)[:2]
    classifier = SegmentClassifier((4,), max_epochs=3, random_state=0).fit(X, y)
    file = io.BytesIO()
    save(classifier, file, metadata={"made by": "make_protocol_file.py"})
    path = FOLDER / f"protocol_{inspect(file).protocol}.seg"
    if path.exists() and not replace:
        raise SystemExit(f"{path} exists; old files stay as they are.")
    # a customer as any program could have them: nothing given, and a new profession
    rows = json.loads(X.head(N_ROWS_KEPT).to_json(orient="records"))
    rows.append(dict.fromkeys(X.columns))
    rows.append({**rows[0], "Profession": "Astronaut"})
    FOLDER.mkdir(exist_ok=True)
    path.write_bytes(file.getvalue())
    expected = {
        "columns": list(X.columns),
        "rows": [list(row.values()) for row in rows],
        "classes": classifier.classes_.tolist(),
        "probabilities": classifier.predict_proba(
            pd.DataFrame(rows, columns=X.columns)
        ).tolist(),
    }
    path.with_suffix(".json").write_text(json.dumps(expected, indent=1) + "\n")
    return path


if __name__ == "__main__":
    make_protocol_file(replace="--replace" in sys.argv[1:])
