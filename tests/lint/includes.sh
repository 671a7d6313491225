#!/bin/sh
# SPDX-License-Identifier: MIT
# includes.sh TOP [STAMP DEPFILE]: every file of a room includes its own private headers and the
# doors that its row in src/rooms.txt allows, and a library's or the kernel's headers only where
# its row names them; every door includes only doors of its row. Prints what is wrong.
#
# The build runs it with STAMP and DEPFILE, which lists what was read, directories included.
set -eu

top=$1
rooms=$top/src/rooms.txt
doors=$top/include/vmtrace

if [ ! -f "$rooms" ] || [ ! -d "$doors" ]; then
	echo "includes.sh: no rooms below $top" >&2
	exit 1
fi
directories=$(find "$top/src" "$doors" -type d)
sources=$(find "$top/src" "$doors" -name '*.[ch]' | LC_ALL=C sort)

# shellcheck disable=SC2086 # our own file names, without blanks
awk -v top="$top/" '
function wrong(text) {
	printf "%s:%d: %s\n", substr(FILENAME, length(top) + 1), FNR, text
	bad = 1
}

# Whether @room may use @word of column @kind ("use", "library", "touch").
function may(room, kind, word) {
	return index(" " row[room, kind] " ", " " word " ") > 0
}

function needs(header, kind, word) {
	if (!may(room, kind, word))
		wrong("<" header "> needs \"" word "\", which the row of " room " does not have")
}

# Some doors have a second header: the room whose part @name is.
function owner(name) {
	if (name == "event" || name == "geometry") # event speaks of arch
		return "arch"
	if (name == "lookup" || name == "pgtable" || name == "log") # log speaks of mm
		return "mm"
	if (name == "walk")
		return "render"
	return name
}

function check_door(name) {
	if (name == "image" || name == room)
		return
	name = owner(name)
	if (name != room && !may(room, "use", name))
		wrong(room " may not use " name " (src/rooms.txt)")
}

function check_system(header) {
	if (header ~ /^(libelf|gelf|nlist)\.h$|^elfutils\//)
		needs(header, "library", "libelf")
	else if (header ~ /^jansson/)
		needs(header, "library", "jansson")
	else if (header ~ /^sqlite3/)
		needs(header, "library", "sqlite3")
	else if (header ~ /^libunwind/)
		needs(header, "library", "libunwind-generic")
	else if (header ~ /^(sys|linux|asm)\/ptrace\.h$|^linux\/(seccomp|filter)\.h$|^sys\/wait\.h$|^sys\/uio\.h$/)
		needs(header, "touch", "target")
	else if (header ~ /^vmtrace\//)
		wrong("a door is included as \"" header "\"")
}

FILENAME == ARGV[1] {
	if ($0 ~ /^#/ || NF == 0)
		next
	if (split($0, column, "|") != 4) {
		wrong("a row has four columns")
		next
	}
	name = column[1]
	gsub(/[ \t]/, "", name)
	row[name, "use"] = column[2]
	row[name, "library"] = column[3]
	row[name, "touch"] = column[4]
	known[name] = 1
	next
}

FNR == 1 {
	path = substr(FILENAME, length(top) + 1)
	part_count = split(path, part, "/")
	is_door = part[1] == "include"
	room = is_door ? part[3] : part[2]
	sub(/\.h$/, "", room)
	folder = FILENAME
	sub(/[^\/]*$/, "", folder)
	if (is_door && owner(room) != room && room != "event" && room != "log") {
		row[room, "use"] = row[owner(room), "use"]
		known[room] = 1
	} else if (is_door && room == "event") {
		row[room, "use"] = "arch"
		known[room] = 1
	} else if (is_door && room == "log") {
		row[room, "use"] = "mm"
		known[room] = 1
	} else if (is_door && room == "image") {
		known[room] = 1
	}
	if (!known[room])
		wrong("no room \"" room "\" in src/rooms.txt")
}

/^[ \t]*#[ \t]*include/ {
	header = $0
	sub(/^[ \t]*#[ \t]*include[ \t]*/, "", header)
	if (header ~ /^<[^>]+>/) {
		sub(/>.*/, "", header)
		check_system(substr(header, 2))
	} else if (header ~ /^"[^"]+"/) {
		header = substr(header, 2)
		sub(/".*/, "", header)
		if (header == "vmtrace/why.def" || header == "vmtrace/pattern.def")
			check_door("mm")
		else if (header ~ /^vmtrace\/[a-z0-9_]+\.h$/)
			check_door(substr(header, 9, length(header) - 10))
		else if (header ~ /\//)
			wrong("\"" header "\" reaches out of its room")
		else if (is_door)
			wrong("a door includes doors only, as \"vmtrace/ROOM.h\"")
		else if ((getline line < (folder header)) < 0)
			wrong("\"" header "\" is not beside this file")
		else
			close(folder header)
	} else {
		wrong("an include is \"…\" or <…>")
	}
}

END { exit bad }
' "$rooms" $sources

if [ $# -eq 3 ]; then
	# shellcheck disable=SC2086
	printf '%s:' "$2" >"$3"
	# shellcheck disable=SC2086
	printf ' %s' "$rooms" $directories $sources >>"$3"
	echo >>"$3"
	: >"$2"
fi
