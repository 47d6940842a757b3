"""Embedding throughput of askpm beside sentence-transformers: the same texts, turn by turn, on the same cores.

    cargo bench --bench embed --no-run        # prints the path of the bench's binary
    python3 eval/compare_embedding.py BENCH MODEL_FOLDER CORPUS_FOLDER [TURNS]

Needs `pip install sentence-transformers` (torch on the CPU). Texts are the answers of the corpus with the title of
their discussion; both cut at 256 tokens. sentence-transformers sorts texts by length and pads batches of 32, as it does
by itself; askpm runs one text at a time on each core. Each side warms up with one turn that is not counted.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CORES = os.cpu_count() or 1


def texts(corpus):
    """Title and text of every answer, by the headings of the editions' Markdown."""
    out = []
    for path in sorted(set(Path(corpus).glob("*.md")) - {Path(corpus) / "README.md"}):
        title = ""
        for part in re.split(r"^(?=#{2,3} )", path.read_text(encoding="utf-8"), flags=re.M):
            head, _, body = part.partition("\n")
            if head.startswith("## "):
                title = re.sub(r"^## (Q\d+\. )?", "", head)
            elif head.startswith("### ") and body.strip():
                out.append(f"{title}\n{body.strip()}")
    return out


def main():
    bench, folder, corpus = sys.argv[1:4]
    turns = int(sys.argv[4]) if len(sys.argv) > 4 else 5
    import torch
    from sentence_transformers import SentenceTransformer, models
    import sentence_transformers

    torch.set_num_threads(CORES)
    all_texts = texts(corpus)
    # By its parts, so that a folder with nothing but weights, tokenizer and configuration will do.
    words = models.Transformer(folder, max_seq_length=256)
    theirs = SentenceTransformer(modules=[words, models.Pooling(384, "mean"), models.Normalize()], device="cpu")
    tokens = sum(min(256, len(ids)) for ids in words.tokenizer(all_texts)["input_ids"])
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(text) + "\n" for text in all_texts)
        file.flush()
        ours = subprocess.Popen([bench, folder, file.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def our_turn():
            ours.stdin.write("\n")
            ours.stdin.flush()
            return [float(number) for number in ours.stdout.readline().split()]

        def their_turn():
            started = time.perf_counter()
            vectors = theirs.encode(all_texts, batch_size=32, show_progress_bar=False)
            return time.perf_counter() - started, float(vectors.sum())

        print(f"{len(all_texts)} texts, {tokens} tokens, {CORES} cores; torch {torch.__version__}, "
              f"sentence-transformers {sentence_transformers.__version__}")
        sums = our_turn()[1], their_turn()[1]
        print(f"sum of all numbers: askpm {sums[0]:.3f}, sentence-transformers {sums[1]:.3f}")
        times = []
        for turn in range(turns):
            times.append((our_turn()[0], their_turn()[0]))
            print(f"turn {turn + 1}: askpm {times[-1][0]:.2f} s, sentence-transformers {times[-1][1]:.2f} s")
        ours.stdin.close()
        ours.wait()
    medians = [statistics.median(side) for side in zip(*times)]
    for name, median in zip(("askpm", "sentence-transformers"), medians):
        print(f"{name}: median {median:.2f} s, {len(all_texts) / median:.1f} texts/s, {tokens / median:.0f} tokens/s")
    print(f"ratio {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
