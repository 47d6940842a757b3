"""Writes one world as a corpus and an exam for askpm: `python3 corpus.py WORLD OUT`, then

    askpm --corpus OUT/corpus eval OUT/questions.jsonl --features --by both
"""

import json
import pathlib
import sys

import texts


def main(world, out):
    out = pathlib.Path(out)
    (out / "corpus").mkdir(parents=True, exist_ok=True)
    discussions, questions = texts.read(world)
    editions = {}
    for discussion in discussions.values():
        editions.setdefault(discussion.edition, []).append(discussion)
    place = {}
    for number, (edition, own) in enumerate(editions.items()):
        slug = f"{world}-{edition}"
        lines = ["---", f"slug: {slug}", f"title: {world.title()}, letter {number + 1}", "date: 2026-01-01", "source: train", "---"]
        for at, discussion in enumerate(own, 1):
            place[discussion.id] = f"{slug}/q{at}"
            lines += ["", f"## Q{at}. {discussion.title}", "", "Asked by: a reader", "", discussion.asker]
            for letter, sentences in zip("ABCDEFGH", discussion.answers):
                lines += ["", f"### {letter}. Contributor {letter}", "", " ".join(sentences)]
        (out / "corpus" / f"{slug}.md").write_text("\n".join(lines) + "\n")
    with (out / "questions.jsonl").open("w") as file:
        for number, question in enumerate(questions):
            kind = "plain" if question.answers else "near-miss" if question.related else "other"
            evidence = {}
            for id, answer, first, last in question.runs:
                quotes = discussions[id].answers[answer][first : last + 1]
                where = f"{place[id]}/{'abcdefgh'[answer]}"
                evidence.setdefault(where, []).extend({"id": where, "quote": quote} for quote in quotes)
            line = {
                "id": f"{world}-{number + 1}",
                "question": question.text,
                "kind": kind,
                "relevant": list(evidence) or [place[id] for id in question.answers],
                "full": [place[id] for id in question.answers],
                "related": [place[id] for id in question.related],
                "points": [{"text": question.lead, "evidence": quotes} for quotes in evidence.values()],
                "split": "tune",
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
