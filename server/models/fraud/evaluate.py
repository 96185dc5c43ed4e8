"""Judges a package on the test week by what the server said of each transaction, and writes evaluation.json and the card.

    python evaluate.py --matrix FOLDER --package 1.0.0
"""

import argparse
import csv
import json
import pathlib

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from card import model_card
from recipe import FIRST_TEST_DAY, LABEL_DELAY_DAYS, LAST_TRAINING_DAY, WARM_UP_DAYS, read_rows

CARDS_A_DAY = 100


def days_with_known_customers(rows):
    """Per test day: whether each row's customer is still to be watched. Those whose fraud is known by then are not."""
    known = set(rows.customer[(rows.fraud == 1) & rows.days(WARM_UP_DAYS, LAST_TRAINING_DAY)])
    for day in range(FIRST_TEST_DAY, rows.day.max() + 1):
        known |= set(rows.customer[(rows.fraud == 1) & (rows.day == day - LABEL_DELAY_DAYS - 1)])
        yield day, (rows.day == day) & ~np.isin(rows.customer, list(known))


def card_precision(rows, scores):
    """Mean over the days of: of the 100 customers with the highest score of the day, the share defrauded that day.

    A customer found on one day is no longer looked at on the following ones, as in the Fraud Detection Handbook.
    """
    found, daily, possible = set(), [], []
    for _, watched in days_with_known_customers(rows):
        watched = watched & ~np.isin(rows.customer, list(found))
        highest, defrauded = {}, set()
        for customer, score, fraud in zip(rows.customer[watched], scores[watched], rows.fraud[watched]):
            highest[customer] = max(highest.get(customer, 0), score)
            if fraud:
                defrauded.add(customer)
        ranked = sorted(highest, key=lambda customer: (-highest[customer], customer))[:CARDS_A_DAY]
        hits = [customer for customer in ranked if customer in defrauded]
        daily.append(len(hits) / CARDS_A_DAY)
        possible.append(min(len(defrauded), CARDS_A_DAY) / CARDS_A_DAY)
        found |= set(hits)
    return float(np.mean(daily)), float(np.mean(possible))


def judged(rows, scores, test, watched):
    precision, possible = card_precision(rows, scores)
    return {
        "roc_auc": round(float(roc_auc_score(rows.fraud[test], scores[test])), 4),
        "pr_auc": round(float(average_precision_score(rows.fraud[test], scores[test])), 4),
        "card_precision_100": round(precision, 4),
        "most_that_card_precision_could_be": round(possible, 4),
        "handbook_test_set": {
            "roc_auc": round(float(roc_auc_score(rows.fraud[watched], scores[watched])), 4),
            "pr_auc": round(float(average_precision_score(rows.fraud[watched], scores[watched])), 4),
        },
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--matrix", required=True, type=pathlib.Path)
    arguments.add_argument("--package", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    rows = read_rows(options.matrix)
    with (options.matrix / "scored.csv").open(newline="") as file:
        scored = list(csv.DictReader(file))
    decision = np.array([row["decision"] for row in scored])
    scores = {"ensemble, with rules": np.array([float(row["score"]) for row in scored])}
    scores |= {f"{name} alone": np.array([float(row[name]) for row in scored]) for name in ["trees", "network", "forest"]}
    scores["logistic baseline"] = np.fromfile(options.matrix / "baseline.f32", "<f4").astype(float)

    test = rows.days(FIRST_TEST_DAY, int(rows.day.max()))
    watched = np.logical_or.reduce([mask for _, mask in days_with_known_customers(rows)])
    fraud = rows.fraud[test] == 1
    ensemble = scores["ensemble, with rules"][test]
    decisions = []
    for name in ["APPROVE", "REVIEW", "DECLINE"]:
        those = decision[test] == name
        decisions.append(
            {
                "decision": name,
                "transactions": int(those.sum()),
                "frauds": int(fraud[those].sum()),
                "share_of_transactions": round(float(those.mean()), 4),
                "share_of_frauds": round(float(fraud[those].sum() / fraud.sum()), 4),
                "fraud_rate": round(float(fraud[those].mean()), 4) if those.any() else None,
            }
        )
    bands = [(0, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)]
    calibration = []
    for low, high in bands:
        inside = (ensemble >= low) & (ensemble < high)
        if inside.any():
            mean, rate = float(ensemble[inside].mean()), float(fraud[inside].mean())
            band = f"{low} to {min(high, 1)}"
            calibration.append({"score": band, "transactions": int(inside.sum()), "mean_score": round(mean, 4), "fraud_rate": round(rate, 4)})
    scenario = rows.scenario[test]
    found = decision[test] != "APPROVE"
    evaluation = {
        "data": "simulated transactions of the Fraud Detection Handbook, 22 April to 19 May",
        "trained_on": {"days": [WARM_UP_DAYS, LAST_TRAINING_DAY], "transactions": int(rows.days(WARM_UP_DAYS, LAST_TRAINING_DAY).sum())},
        "tested_on": {"days": [FIRST_TEST_DAY, int(rows.day.max())], "transactions": int(test.sum()), "frauds": int(fraud.sum())},
        "label_delay_days": LABEL_DELAY_DAYS,
        "scores": {name: judged(rows, values, test, watched) for name, values in scores.items()},
        "brier": round(float(brier_score_loss(fraud, ensemble)), 5),
        "brier_of_always_the_base_rate": round(float(fraud.mean() * (1 - fraud.mean())), 5),
        "decisions": decisions,
        "calibration": calibration,
        "found_by_scenario": [
            {
                "scenario": number,
                "frauds": int((scenario == number).sum()),
                "reviewed_or_declined": int(found[scenario == number].sum()),
            }
            for number in (1, 2, 3)
        ],
    }
    manifest = json.loads((options.package / "ensemble.json").read_text())
    (options.package / "MODEL_CARD.md").write_text(model_card(manifest, evaluation))
    (options.package / "evaluation.json").write_text(json.dumps(evaluation, indent=1, allow_nan=False) + "\n")
    for name, values in evaluation["scores"].items():
        print(f"{name}: ROC-AUC {values['roc_auc']}, PR-AUC {values['pr_auc']}, card precision@100 {values['card_precision_100']} of {values['most_that_card_precision_could_be']}; {values['handbook_test_set']}")
    print(json.dumps(decisions), json.dumps(evaluation["found_by_scenario"]), json.dumps(calibration), evaluation["brier"])


if __name__ == "__main__":
    main()
