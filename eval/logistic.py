"""Logistic regression with a quadratic penalty, by Newton's method. Python alone, for the fit_*.py scripts."""
import math


def solve(a, b):
    """Gauss-Jordan with pivots."""
    n = len(b)
    m = [row[:] + [x] for row, x in zip(a, b)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(m[r][i]))
        m[i], m[pivot] = m[pivot], m[i]
        for r in range(n):
            if r != i and m[r][i]:
                f = m[r][i] / m[i][i]
                m[r] = [x - f * y for x, y in zip(m[r], m[i])]
    return [m[i][n] / m[i][i] for i in range(n)]


def fit(rows, labels, penalty=3.0, weights=None, rounds=12):
    """Intercept and weights in the features' own units. The penalty is on the weights of standardised features."""
    n, k = len(rows), len(rows[0])
    mean = [sum(r[j] for r in rows) / n for j in range(k)]
    sd = [math.sqrt(sum((r[j] - mean[j]) ** 2 for r in rows) / n) or 1.0 for j in range(k)]
    x = [[1.0] + [(r[j] - mean[j]) / sd[j] for j in range(k)] for r in rows]
    w = [0.0] * (k + 1)
    each = weights or [1.0] * n
    for _ in range(rounds):
        grad = [0.0] + [-penalty * v for v in w[1:]]
        hess = [[penalty if i == j and i else 1e-9 if i == j else 0.0 for j in range(k + 1)] for i in range(k + 1)]
        for row, y, c in zip(x, labels, each):
            p = 1 / (1 + math.exp(-max(-30, min(30, sum(a * b for a, b in zip(w, row))))))
            g, h = c * (y - p), c * p * (1 - p)
            for i in range(k + 1):
                grad[i] += g * row[i]
                hi, ri = hess[i], h * row[i]
                for j in range(k + 1):
                    hi[j] += ri * row[j]
        w = [a + b for a, b in zip(w, solve(hess, grad))]
    own = [w[j + 1] / sd[j] for j in range(k)]
    return [w[0] - sum(own[j] * mean[j] for j in range(k))] + own


def logit(model, row):
    return model[0] + sum(a * b for a, b in zip(model[1:], row))


def auc(values, labels):
    """Chance that a positive scores above a negative; ties count half."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    rank, i = [0.0] * len(values), 0
    while i < len(order):
        j = i
        while j < len(order) and values[order[j]] == values[order[i]]:
            j += 1
        for t in order[i:j]:
            rank[t] = (i + j - 1) / 2 + 1
        i = j
    pos = sum(labels)
    neg = len(labels) - pos
    total = sum(r for r, y in zip(rank, labels) if y)
    return (total - pos * (pos + 1) / 2) / (pos * neg) if pos and neg else float("nan")
