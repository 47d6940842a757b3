"""Writes the trained finder as a GGUF adapter: `python3 export.py IN/finder.safetensors OUT.gguf`.

The layout is llama.cpp's for LoRA: `general.type` is `adapter`, `adapter.type` is `lora`, and each matrix has
`….lora_a` (rank × inputs) and `….lora_b` (outputs × rank) in f16.
"""

import hashlib
import sys

import gguf
import numpy as np
from safetensors.numpy import load_file

import minilm
import texts

PARTS = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "inner": "ffn_up", "outer": "ffn_down"}


def main(source, target):
    tensors = load_file(source)
    out = gguf.GGUFWriter(target, "bert")
    out.add_type(gguf.GGUFType.ADAPTER)
    out.add_string(gguf.Keys.Adapter.TYPE, "lora")
    out.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(minilm.ALPHA))
    out.add_name("askpm finder")
    out.add_license("Apache-2.0")
    out.add_string("askpm.base.sha256", digest(minilm.folder() / "model.safetensors"))
    out.add_string("askpm.data.sha256", data())
    out.add_uint32("askpm.from", minilm.FROM)
    for number in range(minilm.FROM, minilm.LAYERS):
        for part, name in PARTS.items():
            for low in "ab":
                tensor = tensors[f"layers.{number}.{part}.{low}"].astype(np.float16)
                out.add_tensor(f"blk.{number}.{name}.weight.lora_{low}", np.ascontiguousarray(tensor))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def data():
    """One hash of all files of `data/`."""
    files = sorted(texts.DATA.glob("*.jsonl"))
    return hashlib.sha256("".join(digest(path) for path in files).encode()).hexdigest()


if __name__ == "__main__":
    main(*sys.argv[1:])
