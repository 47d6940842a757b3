#!/bin/sh
# Compares how long askpm and llama.cpp's `llama-completion` take from the start of the process to its end with one
# token made: loading, reading a prompt of some 1,500 tokens, and the first token. Turn by turn, files cached.
#
#     benches/llama-first-token.sh PATH_TO_LLAMA_COMPLETION MODEL.gguf [RUNS] [PROMPT.txt]
#
# The prompt is one message; both put it into the model's chat template. If no file is named it is passages of the
# built-in corpus and a question. llama.cpp runs with its defaults (greedy), and without its warm-up run and with a
# context of 2048 tokens, which suits it better. Prints milliseconds of each turn, medians and ratios. `ASKPM` names
# another binary than target/release/askpm.
set -eu

usage="usage: $0 PATH_TO_LLAMA_COMPLETION MODEL.gguf [RUNS] [PROMPT.txt]"
llama=${1:?$usage}
model=${2:?$usage}
runs=${3:-5}
here=$(dirname "$0")
askpm=${ASKPM:-$here/../target/release/askpm}
threads=2
. "$here/turns.sh"

prompt=${4:-}
if [ -z "$prompt" ]; then
    prompt=$out/prompt.txt
    echo "Answer the question from these passages." > "$prompt"
    cat "$here"/../corpus/*-*.md | grep -v '^[-#>]\|: \|^$' | head -c 6800 >> "$prompt"
    echo "Question: How do I negotiate my first offer?" >> "$prompt"
fi

# Milliseconds that a command takes.
time_of() {
    start=$(date +%s%N)
    "$@" > "$out/stdout" 2> "$out/stderr" || { cat "$out/stderr" >&2; exit 1; }
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}

ours() { time_of "$askpm" -q bench --json -m "$model" --prompt "$prompt"; }
theirs() {
    time_of "$llama" -m "$model" -t "$threads" -f "$prompt" -n 1 --jinja -cnv -st --temp 0 --no-display-prompt --perf "$@" < /dev/null
}

ours > /dev/null
sed -n 's/.*"prompt_tokens": *\([0-9]*\).*/askpm: a prompt of \1 tokens/p' "$out/stdout"
theirs > /dev/null
sed -n 's/.*prompt eval time.* \([0-9]*\) tokens.*/llama.cpp: a prompt of \1 tokens/p' "$out/stderr"

load
echo "turn  askpm   llama.cpp   llama.cpp without warm-up   (ms)"
# One after the other: a run that fails ends the comparison.
all() {
    a=$(ours)
    b=$(theirs)
    c=$(theirs --no-warmup -c 2048)
    echo "$a $b $c"
}
turns "$runs" all

a=$(median 1)
for column in 2 3; do
    b=$(median "$column")
    what=$([ "$column" = 2 ] && echo "llama.cpp" || echo "llama.cpp without warm-up")
    awk -v what="$what" -v a="$a" -v b="$b" 'BEGIN { printf "askpm %.0f ms, %s %.0f ms: %.2f of it\n", a, what, b, a / b }'
done
