"""
Segment rules for a data warehouse
==================================

A model knows the segments of an automobile company's customers. The company wants rules
that its managers can read and sign, and that its warehouse can run. How many rules does
that take, and how often do they agree with the model?
"""

# %%
# The model
# ---------
import matplotlib.pyplot as plt

from segmentlearn import SegmentClassifier, SegmentRules, make_customers, segment_rules

X, segments = make_customers("automobile", 1500, random_state=0)
model = SegmentClassifier(max_epochs=10, random_state=0).fit(X, segments)

# %%
# The rules
# ---------
# A short decision tree on the raw columns learns which segment the model puts each
# customer in. At least ten customers are behind every rule. Where no segment has half
# of a rule's customers, the rule asks the model.
rules = segment_rules(model, X, random_state=0)
print(rules)

# %%
# Fidelity by the number of rules
# -------------------------------
# Agreement is the share of held-out customers whom the rules put in the model's
# segment. The fewest rules within one standard error of the best are recommended.
curve = rules.curve_
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
axes.errorbar(
    curve["rules"], curve["agreement"], yerr=curve["standard_error"], label="agreement"
)
axes.plot(curve["rules"], curve["coverage"], linestyle="--", label="coverage")
axes.axvline(rules.recommended_, color="grey", linestyle=":", label="recommended")
axes.set(xlabel="Rules", ylabel="Share of held-out customers", ylim=(0, 1.02))
axes.legend()

# %%
# Segments differ in how well rules find them.
print(rules.per_segment_.round(2))

# %%
# SQL, Python and JSON
# --------------------
# The warehouse runs one statement; its result is that of ``rules.predict`` in every
# row.
try:
    print(rules.to_sql("postgres", table=["crm", "customers"], key="customer_id"))
except ImportError as error:
    print(error)

# %%
# A service that has nothing but Python runs a function.
names = {}
exec(rules.to_python(), names)
print(names["segment_of"](X.iloc[0].to_dict()), rules.predict(X.head(1)))

# %%
# The JSON stores the rules; nothing in it is executed when it is read.
stored = SegmentRules.from_json(rules.to_json())
print(stored)
