#!/usr/bin/env python3
"""Fits the constants of src/answer/runs/point.rs. Needs Python alone.

    python3 eval/fit_point.py write DIR
    askpm eval DIR/questions.jsonl --features --by both --corpus DIR/corpus > DIR/features.jsonl
    python3 eval/fit_point.py fit DIR

The discussions of train/data have a line for each answer, written by a person: what its author says in a few words.
`write` makes a corpus of them. `fit` fits which sentence has most of the words of that line, by a softmax over the
sentences of an answer. It prints the share of those words in the sentences chosen, for worlds left out of the fit.
"""
import collections
import json
import math
import pathlib
import re
import sys

DATA = pathlib.Path(__file__).parent.parent / "train/data"
FEATURES = "whole first length i you place refers".split()
# In the order of `worth::NAMES`.
NAMES = ("question question_rel whole title first second third last place length refers asks announces speech number "
         "asker_number asker_words question_words i you").split()
COMMON = set("a an the and or of to in on for with at by from is are was were be been do does did how what when which "
             "who why i me my we our you your it its this that as if not no can should would could will have has had "
             "about into than then so but there their they them am one ask say".split())
ENDINGS = "ization ations ation ingly ments ment ings ing ies ied ers ed es er ly s e y".split()


def stems(text):
    def stem(word):
        ending = next((e for e in ENDINGS if word.endswith(e) and len(word) - len(e) >= 3), "")
        return word[: len(word) - len(ending)]
    return {stem(word) for word in re.findall(r"[a-z0-9']+", text.lower()) if word not in COMMON}


def worlds():
    """The discussions of each world, by edition."""
    for path in sorted(DATA.glob("*.discussions.jsonl")):
        editions = collections.defaultdict(list)
        for line in path.open():
            one = json.loads(line)
            editions[one["edition"]].append(one)
        yield path.name.split(".")[0], editions


def answers():
    """Each answer: its identifier, its world, its sentences and its line."""
    for world, editions in worlds():
        for edition, discussions in editions.items():
            for n, one in enumerate(discussions, 1):
                for letter, answer in zip("abcdefghij", one["answers"]):
                    yield f"{world}-{edition}/q{n}/{letter}", world, list(answer["s"].values()), answer["line"]


def write(folder):
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    questions = []
    for world, editions in worlds():
        for edition, discussions in editions.items():
            slug = f"{world}-{edition}"
            text = f'---\nslug: {slug}\ntitle: "{world.title()}, {edition}"\ndate: 2026-01-01\n---\n\n'
            for n, one in enumerate(discussions, 1):
                asked = f"Asked by: {one['asker']}\n\n" if one["asker"] else ""
                text += f"## Q{n}. {one['title']}\n\n{asked}{one['question']}\n\n"
                for letter, answer in zip("ABCDEFGHIJ", one["answers"]):
                    text += f"### {letter}. {answer['by']}, {answer['role']}\n\n{' '.join(answer['s'].values())}\n\n"
                where = f"{slug}/q{n}"
                questions.append({"id": where, "question": one["title"], "kind": "plain", "relevant": [f"{where}/a"],
                                  "full": [where], "related": [], "split": "tune", "points": []})
            (corpus / f"{slug}.md").write_text(text)
    (folder / "questions.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))


def softmax(values):
    most = max(values)
    values = [math.exp(value - most) for value in values]
    return [value / sum(values) for value in values]


def fitted(rows, columns, penalty=3e-4, rounds=400):
    """Weights in the features' own units, by gradient descent on standardised features."""
    every = [x for row in rows for x in row["x"]]
    mean = [sum(x[c] for x in every) / len(every) for c in columns]
    sd = [math.sqrt(sum((x[c] - m) ** 2 for x in every) / len(every)) or 1.0 for c, m in zip(columns, mean)]
    data = [([[(x[c] - m) / s for c, m, s in zip(columns, mean, sd)] for x in row["x"]], row["share"]) for row in rows]
    weights = [0.0] * len(columns)
    for _ in range(rounds):
        gradient = [2 * penalty * w for w in weights]
        for xs, target in data:
            for x, p, y in zip(xs, softmax([sum(map(lambda a, b: a * b, weights, x)) for x in xs]), target):
                for j, value in enumerate(x):
                    gradient[j] += (p - y) * value / len(data)
        weights = [w - 0.3 * g for w, g in zip(weights, gradient)]
    return [w / s for w, s in zip(weights, sd)]


def chosen(row, columns, weights, length):
    """The first of the `length` sentences that have the largest shares together."""
    shares = softmax([sum(w * x[c] for w, c in zip(weights, columns)) for x in row["x"]])
    starts = [at for at in range(len(shares) - length + 1) if not row["x"][at][NAMES.index("refers")]]
    return max(starts, key=lambda at: sum(shares[at : at + length]), default=0)


def main():
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "write":
        return write(folder)
    features = collections.defaultdict(list)
    for line in (folder / "features.jsonl").open():
        for sentence in json.loads(line)["sentences"]:
            features[sentence["id"]].append(sentence["features"])
    rows = []
    for where, world, sentences, line in answers():
        words = stems(line)
        has = lambda text, words=words: len(words & stems(text)) / max(1, len(words))
        have = [has(sentence) for sentence in sentences]
        if len(features[where]) == len(sentences) > 1 and sum(have):
            rows.append({"x": features[where], "share": [h / sum(have) for h in have], "s": sentences, "has": has, "world": world})
    out = set(sorted({row["world"] for row in rows})[::4])
    fit_on, left_out = [row for row in rows if row["world"] not in out], [row for row in rows if row["world"] in out]
    print(f"{len(rows)} answers, {len(left_out)} of them in worlds left out")
    for name, skip in (("by meaning", ()), ("by words", ("whole",))):
        columns = [NAMES.index(feature) for feature in FEATURES if feature not in skip]
        weights = fitted(fit_on, columns)
        for length in (1, 2):
            of = lambda pick: sum(row["has"](" ".join(row["s"][pick(row) : pick(row) + length])) for row in left_out) / len(left_out)
            print(f"{name}, {length} of an answer: {of(lambda row: chosen(row, columns, weights, length)):.3f}, the first {of(lambda row: 0):.3f}")
        shipped = zip((NAMES[c] for c in columns), fitted(rows, columns))
        print("  all worlds: " + ", ".join(f"{feature} {weight:.3f}" for feature, weight in shipped))


if __name__ == "__main__":
    main()
