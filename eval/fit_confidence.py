#!/usr/bin/env python3
"""Fits the constants of src/retrieve/confidence.rs on the tune split of a question set. Needs Python alone.

    askpm eval eval/questions.jsonl --by words --json > words.json
    askpm eval eval/questions.jsonl --by both --json > both.json
    python3 eval/fit_confidence.py words.json both.json

Each file gives a logistic regression of "the corpus answers this question" on the signals of the search: coverage,
ln(1 + content words, at most 24) and, where it was searched by meaning too, similarity. The penalty is 0.5 times the
sum of squares of the weights of the standardised signals. The operating point is the threshold with the best F1 of
abstaining when each question is judged by a fit without it (leave one out); the intercept printed is shifted so that
this threshold is a confidence of 0.5. The report split is only counted, never looked at for a choice.
"""
import json
import math
import sys

MOST_WORDS = 24


def signals(outcome):
    s = outcome["signals"]
    row = [s["coverage"], math.log(1 + min(s["words"], MOST_WORDS))]
    return row if s["similarity"] is None else row + [s["similarity"]]


def solve(a, b):
    """Gauss-Jordan with pivots; the systems have four rows at most."""
    n = len(b)
    m = [row[:] + [x] for row, x in zip(a, b)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(m[r][i]))
        m[i], m[pivot] = m[pivot], m[i]
        for r in range(n):
            if r != i:
                f = m[r][i] / m[i][i]
                m[r] = [x - f * y for x, y in zip(m[r], m[i])]
    return [m[i][n] / m[i][i] for i in range(n)]


def fit(rows, labels):
    """Intercept and weights by Newton's method on standardised signals, given back in the signals' own units."""
    n, k = len(rows), len(rows[0])
    mean = [sum(r[j] for r in rows) / n for j in range(k)]
    sd = [math.sqrt(sum((r[j] - mean[j]) ** 2 for r in rows) / n) or 1.0 for j in range(k)]
    x = [[1.0] + [(r[j] - mean[j]) / sd[j] for j in range(k)] for r in rows]
    w = [0.0] * (k + 1)
    for _ in range(50):
        grad = [0.0] + [-v for v in w[1:]]
        hess = [[1.0 if i == j and i else 0.0 for j in range(k + 1)] for i in range(k + 1)]
        for row, y in zip(x, labels):
            p = 1 / (1 + math.exp(-sum(a * b for a, b in zip(w, row))))
            for i in range(k + 1):
                grad[i] += (y - p) * row[i]
                for j in range(k + 1):
                    hess[i][j] += p * (1 - p) * row[i] * row[j]
        w = [a + b for a, b in zip(w, solve(hess, grad))]
    weights = [w[j + 1] / sd[j] for j in range(k)]
    return [w[0] - sum(weights[j] * mean[j] for j in range(k))] + weights


def logit(model, row):
    return model[0] + sum(a * b for a, b in zip(model[1:], row))


def f1(values, labels, threshold):
    """Of abstaining below `threshold`."""
    hit = sum(v < threshold and not y for v, y in zip(values, labels))
    wrong = sum((v < threshold) != (not y) for v, y in zip(values, labels))
    return 2 * hit / (2 * hit + wrong) if hit else 0.0


def main():
    for path in sys.argv[1:]:
        outcomes = json.load(open(path))["outcomes"]
        part = {s: [o for o in outcomes if o["split"] == s] for s in ("tune", "report")}
        rows = {s: [signals(o) for o in os] for s, os in part.items()}
        labels = {s: [int(o["relevant"] > 0) for o in os] for s, os in part.items()}
        x, y = rows["tune"], labels["tune"]
        left_out = [logit(fit(x[:i] + x[i + 1:], y[:i] + y[i + 1:]), x[i]) for i in range(len(x))]
        cuts = sorted(left_out)
        middles = [(a + b) / 2 for a, b in zip(cuts, cuts[1:])]
        cut = max(middles, key=lambda t: f1(left_out, y, t))
        model = fit(x, y)
        print(f"{path}: intercept {model[0] - cut:.3f}, weights {[round(w, 3) for w in model[1:]]}")
        print(f"  F1 of abstaining, tune, leave one out: {f1(left_out, y, cut):.3f}")
        for s in ("tune", "report"):
            print(f"  F1, {s}: {f1([logit(model, r) for r in rows[s]], labels[s], cut):.3f}")


if __name__ == "__main__":
    main()
