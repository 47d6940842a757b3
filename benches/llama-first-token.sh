#!/bin/sh
# Compares how long askpm and llama.cpp's `llama-completion` take to generate one token, from the start of the process
# to its end. The time covers loading the model, prefill of a prompt of about 1,500 tokens, and the first token. The two
# take turns, with files cached.
#
#     benches/llama-first-token.sh PATH_TO_LLAMA_COMPLETION MODEL.gguf [RUNS] [PROMPT.txt]
#
# The prompt is one message, which both put into the model's chat template. The default prompt consists of passages of
# the built-in corpus and a question. llama.cpp samples greedily and runs twice a turn: once with its defaults, and once
# without its warm-up run and with a context of 2048 tokens, which suits it better. RUNS is the number of turns, by
# default 5. Prints the milliseconds of each turn, the medians and their ratios. Set `ASKPM` to use another binary than
# target/release/askpm.
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

# Prints how many milliseconds a command takes.
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
# As separate assignments, so that a run that fails ends the comparison.
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
