"""The model card of a package, for people, from what evaluate.py found."""

LIMITS = [
    "The data is simulated, by rules that are public: customers and terminals on a grid, amounts from a normal distribution, three scenarios of fraud. How well the ensemble finds real fraud is not known; train one on your own transactions before you rely on it.",
    "The scenarios are amounts above 220, terminals where every payment is a fraud for 28 days, and customers of whose payments a third are five times as high for 14 days. That is what the ensemble has learned to find. Nobody honest pays more than some 200 in the simulation, so nearly every larger payment is declined, even of a customer who always pays as much: amounts of real customers call for another ensemble. Frauds at a terminal of which no fraud is known yet look like any payment.",
    "It is trained on ten days. Terminals at which the simulation ended its fraud hardly occur in them, so the test week has more false alarms than the days on which the thresholds were chosen; see the table of scores.",
    "The data has no cards, channels, countries or merchant categories: members don't look at them; rules may.",
    "Amounts are learned in one currency. Others are multiplied by a rough worth in EUR (`amounts` in ensemble.json), to be of the same magnitude; those not listed aren't scored and go to REVIEW.",
    "Time of day is that of the sender's offset from UTC.",
    "Nothing in it knows a person's age, sex or origin; whether groups of customers are treated alike was not and could not be measured on this data.",
    "A person decides on what goes to REVIEW; whoever lets DECLINE act by itself should give the customer a way to object (GDPR, article 22).",
]


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def percent(share):
    return "" if share is None else f"{share * 100:.2f} %"


def model_card(manifest, evaluation):
    weights = manifest["combination"]["weights"]
    scores = evaluation["scores"]
    tested = evaluation["tested_on"]
    trained = evaluation["trained_on"]
    thresholds = manifest["thresholds"]
    return f"""# Model card: {manifest["version"]}

To demonstrate decisions on tokenized transactions: how likely a payment is a fraud, what to do, and why. Written by
`evaluate.py` from `ensemble.json` and `evaluation.json`.

## Training

- Data: simulated transactions of the Fraud Detection Handbook (Le Borgne, Siblini, Lebichot, Bontempi, 2022; GPL-3.0), 22 April to 19 May. Nothing of it is in this package but what was learned.
- Trained on days {trained["days"][0]} to {trained["days"][1]} ({trained["transactions"]} transactions), tested on days {tested["days"][0]} to {tested["days"][1]} ({tested["transactions"]} transactions, {tested["frauds"]} frauds). A fraud is known {evaluation["label_delay_days"]} days later, to features and training alike.
- Features: set `{manifest["feature_set"]}`, worked out by the code that serves decisions.
- Members: 150 gradient-boosted trees of up to 15 leaves; a neural network of two hidden layers; an isolation forest of 100 trees, grown without labels.
- Put together by a logistic regression on scores of days on which the members weren't fitted (days 9 to 13, forward in time), which makes the score a probability; members' settings and thresholds were chosen on the same days.
- The test week was looked at three times. A first ensemble, without the feature `terminal_seconds_since_report`, had PR-AUC 0.635 there; the feature stayed because the inner days were better with it (trees: mean PR-AUC 0.7153 instead of 0.7117). A second one had 0.6653, with a larger network; the smaller one was taken because the inner days were better with it (mean PR-AUC 0.5668 instead of 0.5523).
- Weights: {", ".join(f"{name} {spec['weight']} (of its {'log-odds' if spec['of'] == 'log_odds' else 'score'})" for name, spec in weights.items())}.
- REVIEW from {thresholds["review"]}: the highest 1 % of those days. DECLINE from {thresholds["decline"]}: 90 % of what is above was fraud on those days.

## How good it is, on the last week

{table(["score", "ROC-AUC", "PR-AUC", "card precision@100"], [[name, v["roc_auc"], v["pr_auc"], v["card_precision_100"]] for name, v in scores.items()])}

Card precision@100: of the 100 customers with the highest score of a day, the share defrauded on that day, mean of the
days; customers found, and those known by then to be defrauded, are left out of the following days. A perfect score
would reach about {scores["ensemble, with rules"]["most_that_card_precision_could_be"]}: there are no more to be found. Without the customers known to
be defrauded, which is how the handbook tests, the ensemble's ROC-AUC is {scores["ensemble, with rules"]["handbook_test_set"]["roc_auc"]} and its PR-AUC {scores["ensemble, with rules"]["handbook_test_set"]["pr_auc"]} (logistic baseline
{scores["logistic baseline"]["handbook_test_set"]["roc_auc"]} and {scores["logistic baseline"]["handbook_test_set"]["pr_auc"]}).

{table(["decision", "transactions", "of all", "frauds", "of all frauds", "fraud rate"], [[d["decision"], d["transactions"], percent(d["share_of_transactions"]), d["frauds"], percent(d["share_of_frauds"]), percent(d["fraud_rate"])] for d in evaluation["decisions"]])}

{table(["scenario", "frauds", "reviewed or declined"], [[s["scenario"], s["frauds"], s["reviewed_or_declined"]] for s in evaluation["found_by_scenario"]])}

{table(["score", "transactions", "mean score", "fraud rate"], [[c["score"], c["transactions"], c["mean_score"], c["fraud_rate"]] for c in evaluation["calibration"]])}

Brier score {evaluation["brier"]}; always saying the base rate gives {evaluation["brier_of_always_the_base_rate"]}.

## Limits

{chr(10).join("- " + limit for limit in LIMITS)}
"""
