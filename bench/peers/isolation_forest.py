"""Scores outlier sets with scikit-learn's isolation forest, its defaults, one core.

Usage: isolation_forest.py SEEDS FILE...
A file: a header, then rows of numbers of which the last is 1 for an outlier. Prints one JSON object a file and line.
"""

import json
import sys
import time

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

seeds = int(sys.argv[1])
for path in sys.argv[2:]:
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    data, outlier = table[:, :-1].astype(np.float32), table[:, -1]
    runs = []
    for seed in range(seeds):
        forest = IsolationForest(random_state=seed)
        started = time.perf_counter()
        forest.fit(data)
        fitted = time.perf_counter()
        scores = -forest.score_samples(data)
        scored = time.perf_counter()
        runs.append(
            {
                "roc": roc_auc_score(outlier, scores),
                "pr": average_precision_score(outlier, scores),
                "fit_ms": (fitted - started) * 1000,
                "score_ms": (scored - fitted) * 1000,
            }
        )
    print(json.dumps({"runs": runs}), flush=True)
