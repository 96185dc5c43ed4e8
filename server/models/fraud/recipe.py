"""What the members of the fraud ensemble are made of: shared by tuning, training and evaluation."""

import csv
import json
import pathlib
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

SEED = 20_180_422
# Days from 0 (22 April) to 27. Four days fill the windows; a fraud of day d is known on day d + 7, so on day 21, when the
# test week begins, nothing later than day 13 may have been learned from.
WARM_UP_DAYS = 4
LAST_TRAINING_DAY = 13
FIRST_TEST_DAY = 21
LABEL_DELAY_DAYS = 7
# Inside the training days, always forward in time: fitted up to a day, judged on the days after it.
INNER_FOLDS = [((WARM_UP_DAYS, 8), (9, 10)), ((WARM_UP_DAYS, 10), (11, LAST_TRAINING_DAY))]
# Units of features whose size spreads by factors: the network sees log(1 + x) of them.
SPREAD_UNITS = {"amount", "count", "seconds", "ratio"}
CLIP = 6.0


@dataclass
class Rows:
    """All transactions in order of time."""

    names: list[str]
    units: dict[str, str]
    x: np.ndarray
    day: np.ndarray
    customer: np.ndarray
    fraud: np.ndarray
    scenario: np.ndarray
    forest: np.ndarray

    def columns(self, names):
        return self.x[:, [self.names.index(name) for name in names]]

    def days(self, first, last):
        return (self.day >= first) & (self.day <= last)


def read_rows(folder: pathlib.Path) -> Rows:
    feature_set = json.loads((folder / "feature-set.json").read_text())
    names = feature_set["names"]
    with (folder / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = {name: np.array([int(row[name]) for row in rows]) for name in ["day", "customer", "fraud", "scenario"]}
    return Rows(
        names=names,
        units=feature_set["units"],
        x=np.fromfile(folder / "features.f32", "<f4").reshape(len(rows), len(names)),
        day=table["day"] - table["day"].min(),
        customer=table["customer"],
        fraud=table["fraud"],
        scenario=table["scenario"],
        forest=np.fromfile(folder / "forest.f32", "<f4").astype(float),
    )


def model_features(names):
    """The data knows no cards, so what the windows say of them would only repeat the customer's."""
    return [name for name in names if not name.startswith("card_")]


def fit_trees(x, y, leaves=15, iterations=150):
    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=iterations,
        max_leaf_nodes=leaves,
        min_samples_leaf=40,
        l2_regularization=5,
        max_features=0.5,
        early_stopping=False,
        random_state=SEED,
    ).fit(x, y)


class Scaling:
    """log(1 + x) of what spreads by factors, then mean 0 and deviation 1, then cut off: as the network's first layers."""

    def __init__(self, x, spread):
        self.spread = np.asarray(spread, dtype=np.float32)
        logged = self.logged(x)
        self.mean = logged.mean(0)
        self.scale = np.maximum(logged.std(0), 1e-3)

    def logged(self, x):
        return np.where(self.spread == 1, np.log1p(np.maximum(x, 0)), x)

    def __call__(self, x):
        return np.clip((self.logged(x) - self.mean) / self.scale, -CLIP, CLIP)


class Network:
    def __init__(self, x, y, spread, hidden=(32, 16), alpha=1e-1, epochs=25):
        self.scaling = Scaling(x, spread)
        self.layers = MLPClassifier(
            hidden_layer_sizes=hidden,
            alpha=alpha,
            batch_size=512,
            learning_rate_init=2e-3,
            max_iter=epochs,
            tol=0,
            n_iter_no_change=epochs,
            random_state=SEED,
        ).fit(self.scaling(x), y)

    def predict_proba(self, x):
        return self.layers.predict_proba(self.scaling(x))


class Logistic:
    """The baseline: the same inputs in the same scaling."""

    def __init__(self, x, y, spread):
        self.scaling = Scaling(x, spread)
        self.model = LogisticRegression(C=0.1, max_iter=2_000).fit(self.scaling(x), y)

    def predict_proba(self, x):
        return self.model.predict_proba(self.scaling(x))


def spread_of(rows, names):
    return [1 if rows.units[name] in SPREAD_UNITS else 0 for name in names]
