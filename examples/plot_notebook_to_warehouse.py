"""
From notebook to warehouse
==========================

A model that was fitted in a notebook has to leave it: as a file that says what it is
for, as rules that the business signs and the warehouse runs, and as a service that
scores one customer at a time, in Python or in any other language.
"""

# %%
# Fit a model
# -----------
# Three quarters of the customers are for training; the others stand for those whom the
# warehouse will score.
import json
import tempfile
import timeit
from pathlib import Path

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
import pandas as pd

from segmentlearn import (
    SegmentClassifier,
    inspect,
    load,
    make_customers,
    save,
    segment_rules,
)
from segmentlearn.export import export

customers, segments = make_customers("automobile", 2_000, keep_id=True, random_state=0)
X, new = customers.iloc[:1500].drop(columns="ID"), customers.iloc[1500:]
y = segments[:1500]
model = SegmentClassifier.from_preset("best-practices", random_state=0).fit(X, y)

# %%
# One file, and what it says of itself
# ------------------------------------
# The archive holds preprocessing, net and calibration. Columns, levels, segments,
# figures and hashes come into its model card by themselves; what the model is for, only
# a person can say.
archive = Path(tempfile.mkdtemp()) / "automobile.seg"
save(
    model,
    archive,
    card={
        "intended_use": "Choosing which of four mailings a customer gets.",
        "out_of_scope": "Prices, credit and insurance.",
        "limitations": "Generated customers of one country.",
        "owner": "Customer analytics",
        "units": {"Age": "years", "Work_Experience": "years", "Family_Size": "people"},
        "descriptions": {"Var_1": "anonymised category of the customer"},
    },
)
card = inspect(archive).to_markdown()
print(card[card.index("## Intended use") : card.index("## Parameters")])

# %%
# Rules for the warehouse
# -----------------------
# A few rules on the raw columns stand in for the model. They come with the share of
# held-out customers whom they put in the model's segment.
rules = segment_rules(model, X, random_state=0)
print(rules)

# %%
# The statement runs where the customers are, on raw columns with missing cells.
sql = rules.to_sql("duckdb", table="customers", key="ID")
print("\n".join(sql.splitlines()[:12]), "\n…")

warehouse = duckdb.connect()
warehouse.execute("CREATE TABLE customers AS SELECT * FROM new")
scored = warehouse.sql(sql).df()

# %%
# Replay before signing
# ---------------------
# The warehouse gives every customer the segment that Python gives, and the model's
# segment to most of them.
by_sql = new[["ID"]].merge(scored, on="ID")["segment"].to_numpy(dtype=object)
by_rules = rules.predict(new)
by_model = load(archive).predict(new.drop(columns="ID"))
answered = np.array([segment is not None for segment in by_rules])
same = [
    (pd.isna(a) and b is None) or a == b for a, b in zip(by_sql, by_rules, strict=True)
]
print(f"SQL and Python agree for {np.mean(same):.0%} of {len(new)} customers")
print(f"rules and model agree for {np.mean((by_rules == by_model)[answered]):.0%}")

# %%
# A few rules may leave a segment out. So the sizes of the segments are worth a look
# before the rules are signed.
found = {
    "by the model": pd.Series(by_model),
    "by the rules, in DuckDB": pd.Series(by_sql).fillna("ask the model"),
}
counts = pd.DataFrame({how: labels.value_counts() for how, labels in found.items()})
counts = counts.sort_index().fillna(0)
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
places = np.arange(len(counts))
for shift, column in zip((-0.2, 0.2), counts, strict=True):
    bars = axes.bar(places + shift, counts[column], width=0.4, label=column)
    axes.bar_label(bars, fmt="{:.0f}", fontsize="small")
axes.set_xticks(places, counts.index)
axes.set(xlabel="Segment", ylabel=f"Customers, of {len(new)}")
axes.margins(y=0.12)
axes.legend(frameon=False)

# %%
# One customer at a time
# ----------------------
# A service checks a row by the archive's JSON Schema before it asks the model. Neither
# ``load`` nor ``predict`` imports TensorFlow.
schema = inspect(archive).row_schema()
print(json.dumps(schema["properties"]["Profession"], indent=1))
service = load(archive)
row = pd.DataFrame([json.loads(new.iloc[0][schema["required"]].to_json())])
probabilities = service.predict_proba(row)[0].round(3)
print(dict(zip(service.classes_, probabilities.tolist(), strict=True)))
seconds = timeit.repeat(lambda: service.predict_proba(row), number=1, repeat=100)
print(f"{1000 * np.median(seconds):.1f} ms")

# %%
# Where there is no Python at all
# -------------------------------
# The same model as one ONNX graph, from raw columns to the segment: Java, C# and
# JavaScript run it too, see :doc:`/user_guide/onnx`.
graph = archive.with_suffix(".onnx")
export(service, graph)
session = onnxruntime.InferenceSession(graph)
cells = {}
for column in session.get_inputs():
    values = new[column.name]
    if column.type == "tensor(string)":
        values = values.astype(object).where(values.notna(), "")
    else:
        values = values.astype(float)
    cells[column.name] = values.to_numpy().reshape(-1, 1)
label, _ = session.run(None, cells)
print(f"{graph.stat().st_size / 1000:.0f} kB")
print(f"ONNX Runtime and Python agree for {np.mean(label == by_model):.0%}")

# %%
# ``segmentlearn.mlflow.log_model`` puts the same archive into MLflow, see
# :doc:`/user_guide/archives`.
