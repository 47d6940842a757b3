#!/usr/bin/env python3
"""Has llama.cpp go on greedily from twenty prompts of askpm's, for the test that compares askpm with it.

    cargo bench --bench answers -- SmolLM2-135M-Instruct.Q4_1.gguf --prompts "$PWD/prompts.json"
    python3 benches/greedy.py prompts.json SmolLM2-135M-Instruct.Q4_1.gguf
    cargo test --lib twenty_real_prompts -- --nocapture

The second writes tests/fixtures/engine/rag_golden.json: of each prompt the ids, the 64 ids that follow (fewer where the
model ends its turn) and by how much each led the next likeliest, in logits. Needs llama-cpp-python (0.3.36 wrote what
is there) and numpy. Keys and values are kept in half precision, as askpm keeps them.
"""

import ctypes
import hashlib
import json
import pathlib
import sys

import llama_cpp
import numpy
from llama_cpp import Llama

TOKENS = 64
OUT = pathlib.Path(__file__).parent.parent / "tests/fixtures/engine/rag_golden.json"


def logits(llm):
    pointer = llama_cpp.llama_get_logits_ith(llm._ctx.ctx, -1)
    return numpy.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(ctypes.c_float)), (llm.n_vocab(),)).copy()


def greedy(llm, ids):
    llm.reset()
    llm._ctx.kv_cache_clear()
    llm.eval(ids)
    out, leads = [], []
    for _ in range(TOKENS):
        values = logits(llm)
        second, first = numpy.sort(numpy.partition(values, -2)[-2:])
        out.append(int(values.argmax()))
        leads.append(round(float(first - second), 3))
        if llama_cpp.llama_vocab_is_eog(llm._model.vocab, out[-1]):
            break
        llm.eval([out[-1]])
    return out, leads


def main():
    prompts, model = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    llm = Llama(str(model), n_ctx=2048, n_batch=512, n_threads=2, n_threads_batch=2, verbose=False)
    rows = []
    for prompt in prompts:
        out, leads = greedy(llm, prompt)
        rows.append(json.dumps({"prompt": prompt, "greedy": out, "leads": leads}, separators=(",", ":")))
        print(len(prompt), len(out), min(leads), file=sys.stderr)
    head = {"llama_cpp_python": llama_cpp.__version__, "sha256": hashlib.sha256(model.read_bytes()).hexdigest()}
    OUT.write_text(json.dumps(head)[:-1] + ', "prompts": [\n' + ",\n".join(rows) + "\n]}\n")


if __name__ == "__main__":
    main()
