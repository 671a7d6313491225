#!/bin/sh
# SPDX-License-Identifier: MIT
# symbols.sh ROOMS [ROOM LIBRARY]…: reads the symbols of each room's static library and checks them
# against the rows of ROOMS (src/rooms.txt):
#
#   - what a room exports begins with vmt_;
#   - a vmt_ symbol that it needs is its own or of a room that it may use, directly: the link of
#     the whole room cannot tell that, as rooms bring the rooms that they use along;
#   - a libc or library function that its row does not allow is not called.
#
# Says on standard error what is wrong, else prints one line: the build captures that.
set -eu

rooms=$1
shift
count=$(($# / 2))
{
	sed 's/^/row /' "$rooms"
	while [ $# -gt 0 ]; do
		echo "room $1"
		nm -P -g "$2"
		shift 2
	done
} | awk -v count="$count" '
function wrong(text) {
	print text >"/dev/stderr"
	bad = 1
}

# The functions that ask something of the system, by the word that allows them in src/rooms.txt.
# Without a word: nobody calls them. Where two lines have a function, either word allows it. What
# stands in no line is free.
BEGIN {
	functions["target"] = "write|ptrace|wait|wait3|wait4|waitid|waitpid|v?fork|clone|posix_spawnp?|exec[lv]p?e?|execveat|fexecve|process_vm_(readv|writev)"
	functions["files"] = "(f|fd|fre)?open(at)?(64)?|creat|open_by_handle_at|opendir|fdopendir|scandir|readdir(64)?|p?read(v|64)?|preadv2?|readlink(at)?|[fl]?stat(at)?(64)?|fstatat(64)?|statx|mkstemp|unlink|rename|realpath"
	functions["stream"] = "f?(puts|putc|write|printf|flush)(_unlocked)?|vfprintf|putc(har)?|fseek|ftell"
	functions["stderr"] = "write|stderr|stdout|v?printf|puts|putchar|perror|v?(err|warn)x?|v?dprintf"
	functions["exit"] = "_?exit|quick_exit|abort"
	functions["clock"] = "clock_gettime|gettimeofday|time|localtime(_r)?|gmtime(_r)?"
	functions["environment"] = "(secure_)?getenv|setenv|putenv|unsetenv|environ"
	functions["libelf"] = "g?elf(32|64)?_[a-z0-9_]+"
	functions["jansson"] = "jansson_[a-z_]+|json_[a-z0-9_]+"
	functions["sqlite3"] = "sqlite3_[a-z0-9_]+"
	functions["libunwind-generic"] = "_U[A-Za-z0-9_]+"
	functions[""] = "gets|v?sprintf|strcpy|strcat|strncat|stpcpy|strtok|system|popen|alloca|u?sleep|nanosleep|tmpnam|mktemp"
}

$1 == "row" {
	sub(/^row /, "")
	if ($0 ~ /^#/ || NF == 0)
		next
	split($0, column, "|")
	name = column[1]
	gsub(/[ \t]/, "", name)
	use[name] = " " column[2] " "
	words[name] = " " column[3] " " column[4] " "
	next
}

$1 == "room" {
	room = $2
	seen++
	if (!(room in use))
		wrong("no room \"" room "\" in src/rooms.txt")
	next
}

NF < 2 { next } # the name of an object file

# Symbols that the compiler or a sanitizer makes for itself begin with an underscore.
$2 ~ /^[Uwv]$/ {
	# fortify and ISO variants count as the function that was written
	sub(/^__isoc[0-9]+_/, "", $1)
	if (sub(/_(chk|2)$/, "", $1) || $1 ~ /^__(open|read|pread|readlink|getcwd)/)
		sub(/^__/, "", $1)
	needed[room, $1] = 1
	next
}

{
	symbols[room]++
	if ($1 ~ /^_/ || (room == "cmd" && $1 == "main"))
		next
	if ($1 !~ /^vmt_/)
		wrong(room " exports " $1 ", whose name does not begin with vmt_")
	owner[$1] = room
}

END {
	if (seen != count || seen == 0)
		wrong("symbols.sh: no libraries")
	for (name in symbols)
		total += symbols[name]
	if (total == 0)
		wrong("symbols.sh: no symbols")
	for (key in needed) {
		split(key, part, SUBSEP)
		room = part[1]
		symbol = part[2]
		if (symbol ~ /^vmt_/) {
			if (!(symbol in owner))
				wrong(room " needs " symbol ", which no room has")
			else if (owner[symbol] != room && !index(use[room], " " owner[symbol] " "))
				wrong(room " may not use " owner[symbol] ": " symbol " (src/rooms.txt)")
			continue
		}
		allowed = 1
		lacks = ""
		for (word in functions)
			if (symbol ~ ("^(" functions[word] ")$")) {
				if (word != "" && index(words[room], " " word " ")) {
					lacks = ""
					break
				}
				lacks = word == "" ? "nothing: nobody calls it" : "\"" word "\""
			}
		if (lacks != "")
			wrong(room " may not call " symbol ": it needs " lacks " (src/rooms.txt)")
	}
	if (!bad)
		print seen " rooms use what they may"
	exit bad
}
'
