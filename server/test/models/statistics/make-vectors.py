"""Figures that the statistics of model reports are held to, from other implementations.

    python3 -m venv /tmp/venv-statistics && /tmp/venv-statistics/bin/pip install scipy==1.17.1 statsmodels==0.15.0
    /tmp/venv-statistics/bin/python make-vectors.py > vectors.json

Wilson and Newcombe (independent) are statsmodels'. DeLong is worked out from the definition, all pairs one by one, and its
area is checked against scipy's Mann-Whitney U. Newcombe (paired) is worked out from the paper's formulas with statsmodels'
Wilson intervals. With clusters: the design effect of a rate is the variance that statsmodels' linear model with
cluster-robust errors gives its mean, over that of as many independent things; the area's variance is Obuchowski's, worked
out from the definition.
"""

import json
import math

import numpy as np
import statsmodels.api as sm
from scipy.stats import mannwhitneyu, norm
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

Z = norm.ppf(0.975)
rng = np.random.default_rng(20_261_121)


def wilson(hits, total):
    return [float(x) for x in proportion_confint(hits, total, method="wilson")]


def newcombe(a, n, b, m):
    return [float(x) for x in confint_proportions_2indep(a, n, b, m, method="newcomb", compare="diff")]


def paired(both, first, second, neither):
    n = both + first + second + neither
    l1, u1 = wilson(both + first, n)
    l2, u2 = wilson(both + second, n)
    p1, p2 = (both + first) / n, (both + second) / n
    product = (both + first) * (second + neither) * (both + second) * (first + neither)
    phi = 0.0
    if product:
        det = both * neither - first * second
        phi = (max(det - n / 2, 0) if det > 0 else det) / math.sqrt(product)
    low = (p1 - p2) - math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    high = (p1 - p2) + math.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    return [low, high]


def placements(frauds, others):
    psi = (frauds[:, None] > others[None, :]) + 0.5 * (frauds[:, None] == others[None, :])
    return psi.mean(axis=1), psi.mean(axis=0)


def delong(models):
    """Areas of models on the same things, and their covariance matrix."""
    v10, v01 = zip(*(placements(f, o) for f, o in models))
    m, n = len(models[0][0]), len(models[0][1])
    covariance = np.atleast_2d(np.cov(np.stack(v10))) / m + np.atleast_2d(np.cov(np.stack(v01))) / n
    return np.array([v.mean() for v in v10]), covariance


def auc(frauds, others):
    (area,), ((variance,),) = delong([(frauds, others)])
    assert abs(area - mannwhitneyu(frauds, others).statistic / (len(frauds) * len(others))) < 1e-12
    logit, spread = math.log(area / (1 - area)), Z * math.sqrt(variance) / (area * (1 - area))
    return area, variance, [1 / (1 + math.exp(-(logit + sign * spread))) for sign in (-1, 1)]


def scores(m, n, shift, decimals):
    frauds = np.round(1 / (1 + np.exp(-rng.normal(shift, 1, m))), decimals)
    others = np.round(1 / (1 + np.exp(-rng.normal(0, 1, n))), decimals)
    return frauds, others


def noisy(values, decimals):
    return np.round(np.clip(values + rng.normal(0, 0.1, len(values)), 0, 1), decimals)


def auc_case(m, n, shift, decimals):
    frauds, others = scores(m, n, shift, decimals)
    area, variance, interval = auc(frauds, others)
    other_frauds, other_others = scores(m + 5, n - 3, shift / 2, decimals)
    other_area, other_variance, _ = auc(other_frauds, other_others)
    spread = Z * math.sqrt(variance + other_variance)
    again = noisy(frauds, decimals), noisy(others, decimals)
    areas, covariance = delong([(frauds, others), again])
    paired_spread = Z * math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    difference, paired_difference = area - other_area, areas[0] - areas[1]
    return {
        "frauds": frauds.tolist(),
        "others": others.tolist(),
        "auc": area,
        "interval": interval,
        "other": {"frauds": other_frauds.tolist(), "others": other_others.tolist()},
        "difference": [difference, difference - spread, difference + spread],
        "again": {"frauds": again[0].tolist(), "others": again[1].tolist()},
        "paired_difference": [paired_difference, paired_difference - paired_spread, paired_difference + paired_spread],
    }


def cluster_effect(values, clusters):
    """Over the mean's variance with independent things. The robust one has the usual factor of the number of clusters, but not
    the other one of least squares, (N - 1) / (N - K), which is 1 here."""
    n = len(values)
    robust = sm.OLS(values, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": True})
    return max(1.0, float(robust.cov_params()[0, 0]) / (float(np.var(values)) / n))


def clustered_rate(groups, size, spread):
    """Hits and totals of groups whose rates differ, and the interval of what is left of the sample."""
    counts = []
    values, clusters = [], []
    for group in range(groups):
        total = int(rng.integers(1, size))
        hits = int(rng.binomial(total, min(max(0.3 + spread * rng.normal(), 0), 1)))
        counts.append([hits, total])
        values += [1.0] * hits + [0.0] * (total - hits)
        clusters += [group] * total
    effect = cluster_effect(np.array(values), np.array(clusters))
    hits, total = sum(values), len(values)
    return {"clusters": counts, "interval": wilson(hits / effect, total / effect), "effect": effect}


def clustered_pairs(groups, size):
    counts, values, clusters = [], [], []
    for group in range(groups):
        chances = rng.dirichlet([4, 1, 1, 8])
        each = [int(x) for x in rng.multinomial(int(rng.integers(1, size)), chances)]
        counts.append(each)
        values += [1.0] * each[1] + [-1.0] * each[2] + [0.0] * (each[0] + each[3])
        clusters += [group] * sum(each)
    effect = cluster_effect(np.array(values), np.array(clusters))
    return {"clusters": counts, "interval": paired(*(sum(c) / effect for c in zip(*counts)))}


def obuchowski(models, fraud_clusters, other_clusters):
    """Covariance matrix of areas where things of one cluster are alike (Biometrics 53, 1997, 567-578)."""
    m, n = len(fraud_clusters), len(other_clusters)
    everyone = set(fraud_clusters) | set(other_clusters)
    totals = []
    for frauds, others in models:
        v10, v01 = placements(frauds, others)
        area = v10.mean()
        ten = {c: sum(v - area for v, k in zip(v10, fraud_clusters) if k == c) for c in everyone}
        one = {c: sum(v - area for v, k in zip(v01, other_clusters) if k == c) for c in everyone}
        totals.append((ten, one))
    i10, i01, i = len(set(fraud_clusters)), len(set(other_clusters)), len(everyone)
    covariance = np.zeros((len(models), len(models)))
    for a, (ten_a, one_a) in enumerate(totals):
        for b, (ten_b, one_b) in enumerate(totals):
            s10 = i10 / ((i10 - 1) * m) * sum(ten_a[c] * ten_b[c] for c in everyone)
            s01 = i01 / ((i01 - 1) * n) * sum(one_a[c] * one_b[c] for c in everyone)
            s11 = i / (i - 1) * sum(ten_a[c] * one_b[c] + one_a[c] * ten_b[c] for c in everyone)
            covariance[a, b] = s10 / m + s01 / n + s11 / (m * n)
    return covariance


def clustered_auc(clusters, m, n, are_apart):
    """Where frauds and others are of different clusters, what clusters have in common doesn't cancel."""
    low = clusters // 2 if are_apart else 0
    fraud_clusters = rng.integers(low, clusters, m).tolist()
    other_clusters = rng.integers(0, low or clusters, n).tolist()
    lifts = rng.normal(0, 1, clusters)
    frauds = np.round(np.array([lifts[c] for c in fraud_clusters]) + rng.normal(1, 0.5, m), 3)
    others = np.round(np.array([lifts[c] for c in other_clusters]) + rng.normal(0, 0.5, n), 3)
    again = np.round(frauds + rng.normal(0, 0.6, m), 3), np.round(others + rng.normal(0, 0.6, n), 3)
    models = [(frauds, others), again]
    areas, independent = delong(models)
    covariance = obuchowski(models, fraud_clusters, other_clusters)
    variance = max(covariance[0, 0], independent[0, 0])
    logit, spread = math.log(areas[0] / (1 - areas[0])), Z * math.sqrt(variance) / (areas[0] * (1 - areas[0]))
    of_difference = max(x[0, 0] + x[1, 1] - 2 * x[0, 1] for x in (covariance, independent))
    difference, half = areas[0] - areas[1], Z * math.sqrt(of_difference)
    return {
        "frauds": frauds.tolist(),
        "others": others.tolist(),
        "clusters": {"frauds": fraud_clusters, "others": other_clusters},
        "again": {"frauds": again[0].tolist(), "others": again[1].tolist()},
        "widening": variance / independent[0, 0],
        "interval": [1 / (1 + math.exp(-(logit + sign * spread))) for sign in (-1, 1)],
        "paired_difference": [difference, difference - half, difference + half],
    }


WILSON = [(0, 10), (10, 10), (1, 7), (81, 263), (15, 148), (1, 29), (0, 1), (5_000, 1_000_000), (3, 4)]
NEWCOMBE = [(56, 70, 48, 80), (9, 10, 3, 10), (10, 10, 0, 20), (0, 10, 0, 20), (5, 56, 0, 29), (300, 10_000, 250, 9_000)]
PAIRED = [(36, 12, 2, 0), (20, 12, 2, 16), (53, 0, 0, 1), (0, 0, 0, 20), (900, 40, 25, 9_035), (1, 8, 3, 2), (0, 29, 0, 1)]
vectors = {
    "wilson": [{"hits": a, "total": n, "interval": wilson(a, n)} for a, n in WILSON],
    "newcombe": [{"a": [a, n], "b": [b, m], "interval": newcombe(a, n, b, m)} for a, n, b, m in NEWCOMBE],
    "paired": [{"counts": list(c), "interval": paired(*c)} for c in PAIRED],
    "auc": [auc_case(*c) for c in [(12, 40, 1.0, 1), (30, 60, 0.5, 3), (15, 15, 2.0, 2), (11, 100, 0.2, 1)]],
    "clustered_rates": [clustered_rate(*c) for c in [(20, 12, 0.3), (40, 6, 0.0), (8, 30, 0.15)]],
    "clustered_pairs": [clustered_pairs(*c) for c in [(25, 20), (6, 40)]],
    "clustered_auc": [clustered_auc(*c) for c in [(12, 30, 50, False), (10, 20, 40, True), (60, 25, 35, True)]],
}
print(json.dumps(vectors, separators=(",", ":")))
