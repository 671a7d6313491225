#!/bin/sh
# SPDX-License-Identifier: MIT
# texts.sh TOP: every text of src/annotate/text-teach.def is one that teach.c chooses, and has no word in
# braces that teach.c does not fill in. (The other texts are indexed by enumerators: one too many does
# not compile, and tests/unit/test-explain.c finds what is missing.)
set -eu

cd "$1/src/annotate"
bad=0
for id in $(sed -n 's/^VMT_TEACH(\([A-Z_]*\),.*/\1/p' text-teach.def); do
	grep -qE "TEACH_$id([^A-Z_]|\$)" teach.c && continue
	echo "text-teach.def: nothing chooses $id"
	bad=1
done
for word in $(sed '/^\/\*/,/\*\//d' text-teach.def text-why.def | grep -oE '\{[^}]*\}' | LC_ALL=C sort -u | tr -d '{}'); do
	grep -qF "IS(\"$word\")" teach.c && continue
	echo "text-teach.def: {$word} is filled in by nothing"
	bad=1
done
[ -n "$(sed -n 's/^VMT_TEACH(//p' text-teach.def)" ] || { echo "texts.sh: no texts"; exit 1; }
exit "$bad"
