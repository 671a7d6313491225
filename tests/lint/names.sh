#!/bin/sh
# SPDX-License-Identifier: MIT
# names.sh NAMES PAGE: every line that the program NAMES prints ("why top-down", "reason stack
# grew", "call mmap") has its name in bold in the manual page PAGE (scdoc).
set -eu

names=$("$1")
[ -n "$names" ] || { echo "names.sh: no names" >&2; exit 1; }
bad=0
while read -r kind name; do
	grep -qF -- "*$name*" "$2" && continue
	echo "$kind \"$name\" is not in $2"
	bad=1
done <<EOF
$names
EOF
exit "$bad"
