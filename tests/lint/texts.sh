#!/bin/sh
# SPDX-License-Identifier: MIT
# texts.sh TOP: every text of src/annotate/text-teach.def is one that teach-choose.c chooses, and has no word in
# braces that teach.c does not fill in. (The other texts are indexed by enumerators: one too many does
# not compile, and tests/unit/test-explain.c finds what is missing.)
set -eu

cd "$1/src/annotate"
bad=0
ids=$(sed -n 's/^VMT_TEACH(\([A-Z_]*\),.*/\1/p' text-teach.def)
for id in $ids; do
	grep -qE "TEACH_$id([^A-Z_]|\$)" teach-choose.c && continue
	echo "text-teach.def: nothing chooses $id"
	bad=1
done
words=$(sed '/^\/\*/,/\*\//d' text-teach.def text-why.def | grep -oE '\{[^}]*\}' | tr -d '{}' | LC_ALL=C sort -u)
for word in $words; do
	grep -qF "IS(\"$word\")" teach.c && continue
	echo "text-teach.def: {$word} is filled in by nothing"
	bad=1
done
[ -n "$ids" ] || { echo "texts.sh: no texts"; exit 1; }
exit "$bad"
