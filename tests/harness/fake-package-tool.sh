#!/bin/sh
# Stands in for uv, pip, pip3 and python3 in tests: a link of that name beside the files that say what to do.
#   calls      every call is appended, one line: name and arguments
#   fail-NAME  its text goes to standard error, and the call fails
#   hang       the call never ends
#   wheel.whl  what `pip download` brings; unpacked/ what `uv pip install --target` unpacks
#   NAME.whl   what `pip download NAME==VERSION` brings in its place
here=$(dirname "$0")
name=$(basename "$0")
echo "$name $*" >> "$here/calls"
if [ -e "$here/hang" ]; then echo $$ > "$here/pid"; exec sleep 600; fi
if [ -e "$here/fail-$name" ]; then cat "$here/fail-$name" >&2; exit 1; fi
into=
take=
for argument in "$@"; do
  if [ -n "$take" ]; then into=$argument; take=; fi
  case $argument in --dest|--target) take=1 ;; esac
done
mkdir -p "$into" || exit 1
case $name in
  uv) cp -R "$here/unpacked/." "$into" ;;
  *) for last in "$@"; do :; done
     if [ -e "$here/${last%%=*}.whl" ]; then cp "$here/${last%%=*}.whl" "$into/p-0.1-py3-none-any.whl"
     elif [ -e "$here/wheel.whl" ]; then cp "$here/wheel.whl" "$into/p-0.1-py3-none-any.whl"; fi ;;
esac
