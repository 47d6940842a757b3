#!/usr/bin/env python3
"""Makes sheets for blind readings, and sums up the scores: see eval/reading.md. Needs Python alone.

    python3 eval/readings.py show CORPUS answers.json > control.jsonl     (from `askpm eval --answers --json`)
    python3 eval/readings.py sheets OUT plain.jsonl new=new.jsonl control=control.jsonl …
    python3 eval/readings.py sum OUT reader1.jsonl reader2.jsonl

A system's file has a line {"id", "text"} a question: what a person sees. `sheets` writes OUT/sheet.md and OUT/key.json.
A reader's file has a line {"id", "letter", "directness", "usefulness", "coherence", "relevance", "completeness",
"misleads"} an answer.
"""
import json
import random
import re
import sys

SCORES = "directness usefulness coherence relevance completeness".split()


def lines(path):
    return [json.loads(line) for line in open(path) if line.strip()]


def sheets(out, questions, systems):
    """Shuffles the answers of each question. The order is random, and the same for the same files."""
    asked = [q for q in lines(questions) if q["split"] == "report"]
    texts = {name: {x["id"]: x["text"] for x in lines(path)} for name, path in systems}
    key, sheet = {}, []
    for q in asked:
        names = [name for name, _ in systems]
        random.Random("askpm " + q["id"]).shuffle(names)
        key[q["id"]] = dict(zip("ABCDEFGH", names))
        full, related = q.get("full", []), q.get("related", [])
        has = "answered by " + ", ".join(full) if full else "nothing in the corpus answers it"
        sheet.append(f"# {q['id']}: {q['question']}\n\n({has}; related: {', '.join(related) or 'none'})\n")
        for letter, name in key[q["id"]].items():
            sheet.append(f"## {q['id']} {letter}\n\n{texts[name][q['id']].strip()}\n")
    open(f"{out}/sheet.md", "w").write("\n".join(sheet))
    json.dump(key, open(f"{out}/key.json", "w"), indent=1)


def show(corpus, answers, mode="control"):
    """What a person would see of the answers of one mode."""
    editions = {}
    for answer in json.load(open(answers))["answers"]:
        answer = answer["answer"]
        if answer["mode"] != mode:
            continue
        paragraphs, title = [], ""
        for told in answer["sentences"]:
            edition, question, letter = told["cited"][0]["id"].split("/")
            if edition not in editions:
                editions[edition] = open(f"{corpus}/{edition}.md").read()
            text = editions[edition]
            part = re.split(r"^## Q", text, flags=re.M)[int(question[1:])]
            title = re.match(r"\d+\. (.*)", part)[1]
            by = re.search(rf"^### {letter.upper()}\. (.*)$", part, flags=re.M)[1]
            if told["opens"]:
                paragraphs.append(f"{by}: {told['text']}")
            else:
                paragraphs[-1] += " " + told["text"]
        print(json.dumps({"id": answer["id"], "text": "\n\n".join([title] + paragraphs)}))


def mean(values):
    return sum(values) / len(values) if values else float("nan")


def p_value(differences, draws=100_000):
    """Two-sided permutation test of the mean: signs at random."""
    seen = abs(sum(differences))
    rng = random.Random(1)
    more = sum(abs(sum(d if rng.random() < 0.5 else -d for d in differences)) >= seen - 1e-9 for _ in range(draws))
    return (more + 1) / (draws + 1)


def sum_up(out, readers, questions=None):
    key = json.load(open(f"{out}/key.json"))
    kinds = {q["id"]: q["kind"] for q in lines(questions)} if questions else {}
    read = [{(x["id"], key[x["id"]][x["letter"]]): x for x in lines(path)} for path in readers]
    systems = sorted({name for names in key.values() for name in names.values()})
    both = {}
    print("| | mean | " + " | ".join(SCORES) + " | misleads (both, either) | acceptable | best / worst |")
    print("|" + "---|" * (len(SCORES) + 5))
    for ids, what in [(list(key), "all")] + [([i for i in key if kinds.get(i) == k], k) for k in sorted(set(kinds.values())) if any(kinds[i] == k for i in key)]:
        value = {(i, s): mean([r[i, s][n] for r in read for n in SCORES]) for i in ids for s in systems}
        if what == "all":
            both = value
        for s in systems:
            by = [mean([mean([r[i, s][n] for r in read]) for i in ids]) for n in SCORES]
            mis_all = sum(all(r[i, s]["misleads"] for r in read) for i in ids)
            mis_any = sum(any(r[i, s]["misleads"] for r in read) for i in ids)
            fine = sum(all(mean([r[i, s][n] for r in read]) >= 3 for n in SCORES) for i in ids)
            best = sum(value[i, s] == max(value[i, t] for t in systems) for i in ids)
            worst = sum(value[i, s] == min(value[i, t] for t in systems) for i in ids)
            cells = [f"{mean([value[i, s] for i in ids]):.2f}"] + [f"{x:.2f}" for x in by]
            print(f"| {s} ({what}, {len(ids)}) | " + " | ".join(cells) + f" | {mis_all}, {mis_any} | {fine} | {best} / {worst} |")
    if "control" in systems:
        for s in systems:
            if s != "control":
                d = [both[i, s] - both[i, "control"] for i in key]
                print(f"{s} - control: {mean(d):+.2f}, p = {p_value(d):.5f}")
    if len(read) == 2:
        pairs = [(read[0][k], read[1][k]) for k in read[0]]
        gaps = [abs(mean([a[n] for n in SCORES]) - mean([b[n] for n in SCORES])) for a, b in pairs]
        near = mean([abs(a[n] - b[n]) <= 1 for a, b in pairs for n in SCORES])
        yes = [(bool(a["misleads"]), bool(b["misleads"])) for a, b in pairs]
        agreed, pa, pb = mean([a == b for a, b in yes]), mean([a for a, _ in yes]), mean([b for _, b in yes])
        chance = pa * pb + (1 - pa) * (1 - pb)
        print(f"agreement: means differ by {mean(gaps):.2f}; {near:.0%} of scores by at most 1; kappa of misleads {(agreed - chance) / (1 - chance):.2f}")


def main():
    what, *rest = sys.argv[1:]
    if what == "sheets":
        sheets(rest[0], rest[1], [arg.split("=", 1) for arg in rest[2:]])
    elif what == "show":
        show(*rest)
    else:
        questions = rest.pop() if rest[-1].startswith("plain=") else None
        sum_up(rest[0], rest[1:], questions and questions.split("=", 1)[1])


if __name__ == "__main__":
    main()
