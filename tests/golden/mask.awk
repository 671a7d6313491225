# SPDX-License-Identifier: MIT
# mask.awk -v view=steps|teach|map|calls|jsonl -v vclock=N: what differs from run to run and
# from machine to machine, out of a log of vmtrace. What is left must be the same everywhere:
#
# - Addresses become @1, @2, … in the order in which the log first names them, so that one that
#   comes again is known again. In columns the label takes the place of the digits.
# - Sizes and offsets of files that are not ours (libc, the linker, its cache), of the vdso, of the
#   stack, and of the segments of a static program become ~; so do lengths that are not whole pages.
# - So do the parts of such ELF files, and what their object lines say.
# - Directory, device, inode, process and segment numbers, limits and page tables become words.
# - [vvar_vclock], which only newer kernels have (its step is given as vclock, 0 if there is none),
#   is taken out, and the steps after it are numbered as if it had never been.

function pad(text, width) {
	return sprintf("%-" width "s", text)
}

# Labels every address in the text. The first takes the room that its digits took, if so asked.
function label(text, keep_width, done, token, before, prefix) {
	done = ""
	while (match(text, /(0x)?[0-9a-f]+/)) {
		before = RSTART > 1 ? substr(text, RSTART - 1, 1) : substr(done, length(done))
		token = substr(text, RSTART, RLENGTH)
		prefix = token ~ /^0x/ ? 2 : 0
		done = done substr(text, 1, RSTART - 1)
		text = substr(text, RSTART + RLENGTH)
		if (length(token) - prefix < 6 || token !~ /[0-9]/ || before ~ /[A-Za-z0-9_.:\/]/ ||
		    text ~ /^[A-Za-z0-9_]/ || (view == "calls" && !prefix)) {
			done = done token
			continue
		}
		done = done (keep_width ? pad(name_of(token), length(token)) : name_of(token))
		keep_width = 0
	}
	return done text
}

function name_of(address) {
	sub(/^(0x)?0*/, "", address)
	if (!(address in names))
		names[address] = "@" ++named
	return names[address]
}

# The numbers of steps and VMAs, as if there were no [vvar_vclock].
function shift(number) {
	return vclock && number + 0 > vclock ? number - 1 : number + 0
}

function shift_all(text, before, after, done, token, number) {
	done = ""
	while (match(text, before "[0-9]+" after)) {
		token = substr(text, RSTART, RLENGTH)
		done = done substr(text, 1, RSTART - 1)
		text = substr(text, RSTART + RLENGTH)
		match(token, /[0-9]+/)
		number = substr(token, RSTART, RLENGTH)
		done = done substr(token, 1, RSTART - 1) shift(number) substr(token, RSTART + RLENGTH)
	}
	return done text
}

# Every match becomes the mask, padded to the width that it had.
function mask(text, pattern, with, done) {
	done = ""
	while (match(text, pattern)) {
		done = done substr(text, 1, RSTART - 1) pad(with, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
	}
	return done text
}

# Lengths that are not whole pages.
function mask_odd(text, done, token) {
	done = ""
	while (match(text, /, [0-9]+/)) {
		token = substr(text, RSTART + 2, RLENGTH - 2)
		done = done substr(text, 1, RSTART + 1) (token + 0 > 4096 && token % 4096 ? "~" : token)
		text = substr(text, RSTART + RLENGTH)
	}
	return done text
}

function is_foreign(text) {
	return text ~ /libc\.so|ld-linux|ld\.so\.cache|vdso|vvar|\[stack\]|(segment|bss|RELRO) of calls|program calls/
}

# The sentences below a step, on one line: where they break depends on what is masked.
function end_sentences() {
	if (sentences != "" && !skipped)
		print "             " label(mask_sizes(sentences))
	sentences = ""
}

function mask_sizes(text) {
	gsub(/[0-9.]+[KMG]( |,|\.|;|:)/, "~&", text)
	gsub(/~[0-9.]+[KMG]/, "~", text)
	return text
}

BEGIN {
	if (view == "teach")
		view = "steps"
}

view == "steps" && /^              [^ ]/ {
	sub(/^ +/, " ")
	sentences = sentences $0
	next
}

{
	end_sentences()
	skipped = /vvar_vclock/
}

{ gsub(/vmtrace-golden\.[A-Za-z0-9]+/, "vmtrace-golden.XXXXXX") }
/vvar_vclock/ && view != "jsonl" { next }

/ checked against the kernel/ {
	if (vclock)
		$0 = ($1 - 1) " steps, " ($3 - 1) substr($0, length($1 $2 $3) + 3)
	if (vclock && match($0, /[0-9]+ VMAs/))
		sub(/[0-9]+ VMAs/, (substr($0, RSTART, RLENGTH - 5) - 1) " VMAs")
	sub(/limit [0-9]+/, "limit N")
	sub(/page tables [0-9]+/, "page tables N")
	print
	next
}

view == "steps" {
	number = sprintf("%4s", $1 ~ /^[0-9]+$/ ? shift($1) : $1)
	rest = shift_all(substr($0, 5), " over ", "[ :]")
	if (is_foreign(rest) || rest !~ /p_vaddr [0-9a-f]+000$/)
		sub(/p_vaddr [0-9a-f][0-9a-f]?[0-9a-f]?[0-9a-f]?[0-9a-f]?$/, "p_vaddr ~", rest)
	if (is_foreign(rest)) {
		rest = mask(rest, "[+][0-9.]+[KMG]", "+~")
		rest = mask(rest, "-[0-9.]+[KMG]", "-~")
		sub(/holds [0-9.]+[KMG]/, "holds ~", rest)
	}
	rest = label(rest, 1)
	sub(/ +$/, "", rest) # what the masks have left behind
	print number rest
	next
}

view == "map" && /^[0-9a-f]+-[0-9a-f]+ / {
	range = $1
	start = substr(range, 1, index(range, "-") - 1)
	start = pad(name_of(start), length(start))
	end = substr(range, index(range, "-") + 1)
	# whether [vvar] ends where the next begins is up to the kernel
	end = pad($6 == "[vvar]" ? "~" : name_of(end), length(end))
	rest = substr($0, length(range) + 1)
	if (is_foreign(rest))
		sub(/^ [^ ]+ [0-9a-f]+/, " " $2 " ~       ", rest)
	if ($5 != 0 && match(rest, /[0-9a-f]+:[0-9a-f]+ [0-9]+ */))
		rest = substr(rest, 1, RSTART - 1) pad("DEVICE INODE", RLENGTH) substr(rest, RSTART + RLENGTH)
	if (is_foreign(rest))
		sub(/LOAD [^|]*[^ |]/, "LOAD ~", rest)
	sub(/ +\| /, " | ", rest) # as wide as the widest part
	print start "-" end shift_all(shift_all(rest, "", "\\. \\["), " over ", "")
	next
}

# a part that is too wide for its column
view == "map" && /^    LOAD / { next }

view == "map" {
	print shift_all(shift_all($0, "", "\\. \\["), " over ", "")
	next
}

view == "calls" {
	if (/^set_tid_address/)
		sub(/[0-9]+$/, "TID")
	sub(/^shmat\([0-9]+/, "shmat(ID")
	if (is_foreign($0)) {
		sub(/, [0-9]+, PROT/, ", ~, PROT")
		sub(/>, (0x)?[0-9a-f]+\)/, ">, ~)")
	}
	print label(mask_odd($0))
	next
}

{
	gsub(/[{]"start"/, "\n\t&") # to read the differences
	print label($0)
}
