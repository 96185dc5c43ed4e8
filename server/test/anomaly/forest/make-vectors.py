"""What scikit-learn's isolation forest makes of small tables: samples, splits and scores that this one is held to.

    python3 -m venv /tmp/venv-forest && /tmp/venv-forest/bin/pip install scikit-learn==1.9.1
    /tmp/venv-forest/bin/python make-vectors.py > scikit-learn-vectors.json

The tables are made from whole numbers, so that the test makes the same: cell (row, column) is a Weyl sequence of the column's
own step, squared for a tail; column 2 has seven different values and column 3 a single one. Row counts reach every
way of drawing samples: all rows, all but one, a shuffle, and draws until new.
"""

import json

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest

STEPS = [0.618033988749895, 0.414213562373095, 0.732050807568877, 0.236067977499790, 0.645751311064591]


def table(rows):
    row = np.arange(1, rows + 1, dtype=np.float64)
    columns = [np.mod(row * step, 1.0) for step in STEPS]
    columns[1] = 1 / (0.01 + columns[1] * columns[1])
    columns[2] = np.floor(columns[2] * 7)
    columns[3] = np.full(rows, 3.25)
    return np.stack(columns, axis=1)


def case(rows, seed):
    data = table(rows)
    forest = IsolationForest(random_state=seed).fit(data)
    first = forest.estimators_[0].tree_
    last = forest.estimators_[-1].tree_
    shown = list(range(0, rows, max(1, rows // 40)))
    return {
        "rows": rows,
        "seed": seed,
        "sample_sums": [int(s.sum()) for s in forest.estimators_samples_],
        "root_columns": [int(tree.tree_.feature[0]) for tree in forest.estimators_],
        "root_bounds": [float(tree.tree_.threshold[0]) for tree in forest.estimators_],
        "nodes": [int(first.node_count), int(last.node_count)],
        "shown": shown,
        "scores": [float(x) for x in -forest.score_samples(data[shown])],
        "share_above_half": float((forest.predict(data) == -1).mean()),
        "offset_at_5_percent": float(IsolationForest(random_state=seed, contamination=0.05).fit(data).offset_),
    }


cases = [case(*each) for each in [(2, 1), (12, 7), (256, 3), (257, 4_294_967_295), (300, 0), (25_600, 5), (25_599, 6)]]
print(json.dumps({"scikit_learn": sklearn.__version__, "cases": cases}))
