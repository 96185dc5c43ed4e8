"""Trains the members of the fraud ensemble, puts them together and writes the package. docs/fraud.md has the command.

    python train.py --matrix FOLDER --package 1.0.0

Expects forest.json and rules.yml in the package. Nothing of the test week (days 21 to 27) is looked at here. Same data,
same versions: same bytes.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from recipe import (
    CLIP,
    INNER_FOLDS,
    LAST_TRAINING_DAY,
    SEED,
    WARM_UP_DAYS,
    Logistic,
    Network,
    fit_trees,
    model_features,
    read_rows,
    spread_of,
)

# As in the server's combination.ts: near 1 a float32 is too coarse for log-odds.
LOWEST, HIGHEST = 1e-4, 1 - 1e-3
# Of the inner folds' transactions, this share is reviewed; of those declined, this share was fraud.
REVIEWED_SHARE = 0.01
DECLINED_PRECISION = 0.9
PARITY_ROWS = 300
OPSET = {"": 17, "ai.onnx.ml": 3}
# What a unit is about worth in EUR: to bring amounts to the magnitude of the training data, no exchange rates.
WORTH = {
    "EUR": 1, "USD": 0.9, "GBP": 1.2, "CHF": 1, "CAD": 0.65, "AUD": 0.6, "NZD": 0.55, "SGD": 0.7, "SEK": 0.09,
    "NOK": 0.085, "DKK": 0.134, "PLN": 0.23, "CZK": 0.04, "HUF": 0.0025, "RON": 0.2, "BGN": 0.51, "TRY": 0.025,
    "JPY": 0.006, "CNY": 0.13, "HKD": 0.12, "KRW": 0.00065, "INR": 0.0105, "BRL": 0.16, "MXN": 0.047, "ZAR": 0.05,
    "AED": 0.25, "SAR": 0.24, "ILS": 0.25, "KWD": 2.9,
}  # fmt: skip


def log_odds(scores):
    bounded = np.clip(scores, LOWEST, HIGHEST)
    return np.log(bounded / (1 - bounded))


def network_to_onnx(network, width):
    """The scaling and the layers as one graph: features in, probability out."""
    initializers = []

    def constant(name, value):
        initializers.append(numpy_helper.from_array(np.asarray(value, dtype=np.float32), name))
        return name

    scaling = network.scaling
    nodes = [
        helper.make_node("Max", ["features", constant("zero", 0)], ["floored"]),
        helper.make_node("Add", ["floored", constant("one", 1)], ["plus_one"]),
        helper.make_node("Log", ["plus_one"], ["log"]),
        helper.make_node("Cast", [constant("spread", scaling.spread)], ["spread_flags"], to=TensorProto.BOOL),
        helper.make_node("Where", ["spread_flags", "log", "features"], ["logged"]),
        helper.make_node("Sub", ["logged", constant("mean", scaling.mean)], ["centred"]),
        helper.make_node("Div", ["centred", constant("scale", scaling.scale)], ["scaled"]),
        helper.make_node("Clip", ["scaled", constant("low", -CLIP), constant("high", CLIP)], ["layer_0"]),
    ]
    last = len(network.layers.coefs_) - 1
    for index, (weights, bias) in enumerate(zip(network.layers.coefs_, network.layers.intercepts_)):
        names = [f"layer_{index}", constant(f"weights_{index}", weights), constant(f"bias_{index}", bias)]
        nodes.append(helper.make_node("Gemm", names, [f"sum_{index}"]))
        kind, output = ("Sigmoid", "probability") if index == last else ("Relu", f"layer_{index + 1}")
        nodes.append(helper.make_node(kind, [f"sum_{index}"], [output]))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def trees_to_onnx(trees, width):
    model = to_onnx(
        trees,
        initial_types=[("features", FloatTensorType([None, width]))],
        options={"zipmap": False},
        target_opset=OPSET,
    )
    return model.SerializeToString()


def forest_scores(forest, x):
    """The isolation forest once more, plainly: what the server must say of the parity rows."""

    def numbers(text, kind):
        return np.frombuffer(base64.b64decode(text), dtype=kind)

    size = forest["sample_size"]
    harmonic = sum(1 / term for term in range(1, size))
    average = 2 * harmonic - 2 * (size - 1) / size
    depths = np.zeros(len(x))
    for tree in forest["trees"]:
        column, threshold = numbers(tree["column"], "<u2"), numbers(tree["threshold"], "<f4")
        node = np.zeros(len(x), dtype=int)
        for _ in range(forest["depth"]):
            below = x[np.arange(len(x)), column[node]] < threshold[node]
            node = 2 * node + 2 - below
        depths += numbers(tree["path_length"], "<f4")[node - len(column)]
    return 2 ** (-depths / (len(forest["trees"]) * average))


def parity_inputs(rows, training):
    """Made-up rows: each feature is drawn by itself around the magnitude it has, whole numbers where it counts."""
    rng = np.random.default_rng(SEED)
    columns = []
    for index, name in enumerate(rows.names):
        unit = rows.units[name]
        typical = float(np.percentile(training[:, index], 90)) + 1
        if unit == "flag":
            values = rng.integers(0, 2, PARITY_ROWS)
        elif unit == "number":
            values = rng.uniform(-1, 1, PARITY_ROWS) * (8 if name.endswith("deviation") else 1)
        elif unit == "ratio":
            values = np.round(rng.lognormal(0, 1, PARITY_ROWS), 4)
        else:
            values = rng.exponential(typical, PARITY_ROWS)
            values = np.floor(values) if unit == "count" else np.round(values, 2)
        columns.append(values)
    return np.column_stack(columns).astype(np.float32)


def thresholds_of(scores, fraud):
    """Least scores for review and for declining, on transactions that the members weren't fitted on."""
    order = np.argsort(-scores, kind="stable")
    precision = np.cumsum(fraud[order]) / np.arange(1, len(order) + 1)
    reviewed = scores[order][int(len(order) * REVIEWED_SHARE)]
    precise = np.flatnonzero(precision >= DECLINED_PRECISION)
    declined = scores[order][precise[-1]] if len(precise) else 1.0
    return {"review": round(float(reviewed), 4), "decline": round(float(max(declined, reviewed)), 4)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--matrix", required=True, type=pathlib.Path)
    arguments.add_argument("--package", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)

    rows = read_rows(options.matrix)
    names = model_features(rows.names)
    spread = spread_of(rows, names)
    x = rows.columns(names)
    forest_names = json.loads((options.matrix / "forest-features.json").read_text())

    # How to put the members together is learned from scores of transactions that they weren't fitted on. The forest has
    # seen those, but no labels.
    inner, labels = [], []
    for fitted, judged in INNER_FOLDS:
        train, test = rows.days(*fitted), rows.days(*judged)
        trees = fit_trees(x[train], rows.fraud[train]).predict_proba(x[test])[:, 1]
        network = Network(x[train], rows.fraud[train], spread).predict_proba(x[test])[:, 1]
        inner.append(np.column_stack([log_odds(trees), log_odds(network), rows.forest[test]]))
        labels.append(rows.fraud[test])
    inner, labels = np.vstack(inner), np.concatenate(labels)
    stack = LogisticRegression(C=1e6, max_iter=1_000).fit(inner, labels)
    weights = stack.coef_[0]
    if weights[2] < 0:
        weights = np.append(LogisticRegression(C=1e6, max_iter=1_000).fit(inner[:, :2], labels).coef_[0], 0)
    assert (weights >= 0).all(), weights
    offset = LogisticRegression(C=1e6, max_iter=1_000).fit((inner @ weights)[:, None], labels)
    weights, intercept = weights * offset.coef_[0][0], float(offset.intercept_[0])
    inner_scores = 1 / (1 + np.exp(-(inner @ weights + intercept)))
    thresholds = thresholds_of(inner_scores, labels)

    train = rows.days(WARM_UP_DAYS, LAST_TRAINING_DAY)
    trees = fit_trees(x[train], rows.fraud[train])
    network = Network(x[train], rows.fraud[train], spread)
    package = options.package
    (package / "trees.onnx").write_bytes(trees_to_onnx(trees, len(names)))
    (package / "network.onnx").write_bytes(network_to_onnx(network, len(names)))
    ordinary = {name: float(np.median(column)) for name, column in zip(names, x[train].T)}

    files = ["forest.json", "network.onnx", "rules.yml", "trees.onnx"]
    manifest = {
        "schema_version": 1,
        "version": f"fraud-{package.name}",
        "feature_set": json.loads((options.matrix / "feature-set.json").read_text())["id"],
        "files": {
            name: {
                "sha256": hashlib.sha256((package / name).read_bytes()).hexdigest(),
                "bytes": (package / name).stat().st_size,
            }
            for name in files
        },
        "members": [
            {
                "name": "trees",
                "kind": "onnx",
                "file": "trees.onnx",
                "features": names,
                "input": "features",
                "output": {"name": "probabilities", "classes": 2, "class_index": 1},
            },
            {
                "name": "network",
                "kind": "onnx",
                "file": "network.onnx",
                "features": names,
                "input": "features",
                "output": {"name": "probability", "classes": 1, "class_index": 0},
            },
            {"name": "forest", "kind": "isolation_forest", "file": "forest.json", "features": forest_names},
        ],
        "rules": "rules.yml",
        "combination": {
            "intercept": round(intercept, 6),
            "weights": {
                "trees": {"of": "log_odds", "weight": round(float(weights[0]), 6)},
                "network": {"of": "log_odds", "weight": round(float(weights[1]), 6)},
                "forest": {"of": "score", "weight": round(float(weights[2]), 6)},
            },
        },
        "thresholds": thresholds,
        "amounts": {"currency": "EUR", "worth": WORTH},
        "ordinary": ordinary,
    }
    (package / "ensemble.json").write_text(json.dumps(manifest, indent=1, allow_nan=False) + "\n")

    inputs = parity_inputs(rows, rows.x[train])
    picked = inputs[:, [rows.names.index(name) for name in names]]
    forest = json.loads((package / "forest.json").read_text())
    members = {
        "trees": trees.predict_proba(picked)[:, 1],
        "network": network.predict_proba(picked)[:, 1],
        "forest": forest_scores(forest, inputs[:, [rows.names.index(name) for name in forest_names]]),
    }
    combined = manifest["combination"]
    z = combined["intercept"] + sum(
        spec["weight"] * (members[name] if spec["of"] == "score" else log_odds(members[name]))
        for name, spec in combined["weights"].items()
    )
    for name, output in [("trees", "probabilities"), ("network", "probability")]:
        session = onnxruntime.InferenceSession((package / f"{name}.onnx").read_bytes(), providers=["CPUExecutionProvider"])
        exported = session.run([output], {"features": picked})[0][:, -1]
        print(f"{name}: exported differs by at most {np.abs(exported - members[name]).max():.1e}")
    parity = {
        "rows": [[float(np.format_float_positional(cell, unique=True)) for cell in row] for row in inputs],
        "members": {name: [round(float(value), 8) for value in values] for name, values in members.items()},
        "score": [round(float(value), 8) for value in 1 / (1 + np.exp(-z))],
    }
    (package / "parity.json").write_text(json.dumps(parity, allow_nan=False, separators=(",", ":")) + "\n")

    baseline = Logistic(x[train], rows.fraud[train], spread).predict_proba(x)[:, 1]
    baseline.astype("<f4").tofile(options.matrix / "baseline.f32")
    print(f"weights {combined}, thresholds {thresholds}")


if __name__ == "__main__":
    main()
