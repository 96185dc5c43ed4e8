"""Compares settings of the members on the inner folds, days 4 to 13: train.py's settings were chosen by this table.

    python tune.py --matrix FOLDER
"""

import argparse
import pathlib
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import average_precision_score, roc_auc_score

from recipe import INNER_FOLDS, Logistic, Network, fit_trees, model_features, read_rows, spread_of


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--matrix", required=True, type=pathlib.Path)
    rows = read_rows(arguments.parse_args().matrix)
    warnings.simplefilter("ignore", ConvergenceWarning)
    names = model_features(rows.names)
    spread = spread_of(rows, names)
    candidates = {"logistic baseline": lambda x, y: Logistic(x, y, spread)}
    for alpha in [1e-3, 1e-2, 1e-1]:
        for hidden in [(32, 16), (64, 32)]:
            candidates[f"network {hidden}, alpha {alpha}"] = lambda x, y, h=hidden, a=alpha: Network(x, y, spread, h, a)
    for leaves, iterations in [(7, 150), (15, 100), (15, 150), (31, 100)]:
        candidates[f"trees, {leaves} leaves, {iterations} rounds"] = lambda x, y, n=leaves, i=iterations: fit_trees(x, y, n, i)
    print("settings: ROC-AUC and PR-AUC per fold, mean PR-AUC")
    for label, fit in candidates.items():
        results = []
        for fitted, judged in INNER_FOLDS:
            train, test = rows.days(*fitted), rows.days(*judged)
            x = rows.columns(names)
            scores = fit(x[train], rows.fraud[train]).predict_proba(x[test])[:, 1]
            results.append((roc_auc_score(rows.fraud[test], scores), average_precision_score(rows.fraud[test], scores)))
        folds = ", ".join(f"{roc:.4f} {pr:.4f}" for roc, pr in results)
        print(f"{label}: {folds}, {np.mean([pr for _, pr in results]):.4f}", flush=True)


if __name__ == "__main__":
    main()
