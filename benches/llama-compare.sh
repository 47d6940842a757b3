#!/bin/sh
# Compares `askpm bench` with llama.cpp's `llama-bench` on one model. The two take turns, so that both run under the
# same load.
#
#     benches/llama-compare.sh PATH_TO_LLAMA_BENCH MODEL.gguf [RUNS]
#
# Each turn reads prompts of 512 and 2048 tokens and writes 64 tokens, with two threads. RUNS is the number of turns, by
# default 5. Prints tokens per second for each turn, the medians and their ratios, and the peak memory of both at 2048
# tokens. Also prints the load of the machine, because the figures depend on it. Set `ASKPM` to use another binary than
# target/release/askpm.
set -eu

usage="usage: $0 PATH_TO_LLAMA_BENCH MODEL.gguf [RUNS]"
llama=${1:?$usage}
model=${2:?$usage}
runs=${3:-5}
here=$(dirname "$0")
askpm=${ASKPM:-$here/../target/release/askpm}
threads=2
. "$here/turns.sh"

have=$("$askpm" bench -m "$model" --runs 1 --json | sed -n 's/.*"threads": *\([0-9]*\).*/\1/p')
[ "$have" = "$threads" ] || echo "note: askpm uses $have threads here, llama-bench $threads (taskset -c 0,1 makes it two)" >&2

# Prints the first number after each of the keys, in order.
figures() {
    awk -v RS=',' '/"prefill_512"|"prefill_2048"|"decode"/ && /tokens_per_second/ { gsub(/.*: */, ""); print $1 }'
}

ours() {
    "$askpm" bench -m "$model" --runs 1 --json | tr -d '\n' | figures | tr '\n' ' '
}

theirs() {
    "$llama" -m "$model" -t "$threads" -p 512,2048 -n 64 -r 1 -o jsonl 2>/dev/null |
        sed -n 's/.*"avg_ts": *\([0-9.]*\).*/\1/p' | tr '\n' ' '
}

load
echo "turn  askpm: 512, 2048, answer   llama.cpp: 512, 2048, answer   (tokens per second)"
both() {
    a=$(ours)
    b=$(theirs)
    echo "$a  $b"
}
turns "$runs" both

i=1
for what in "prompt of 512" "prompt of 2048" "answer of 64"; do
    a=$(median "$i")
    b=$(median $((i + 3)))
    awk -v what="$what" -v a="$a" -v b="$b" 'BEGIN { printf "%-16s askpm %8.1f  llama.cpp %8.1f  ratio %.2f\n", what, a, b, a / b }'
    i=$((i + 1))
done

if [ -x /usr/bin/time ]; then
    /usr/bin/time -f %M -o "$out/a" "$askpm" bench -m "$model" --runs 1 > /dev/null
    /usr/bin/time -f %M -o "$out/b" "$llama" -m "$model" -t "$threads" -p 2048 -n 0 -r 1 > /dev/null 2>&1
    awk -v a="$(cat "$out/a")" -v b="$(cat "$out/b")" 'BEGIN { printf "%-16s askpm %8.1f  llama.cpp %8.1f  ratio %.2f (MB)\n", "peak memory", a / 1e3, b / 1e3, a / b }'
fi
load
