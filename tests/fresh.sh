#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fresh.sh: the two commands of the README, and nothing else, in a new Debian 12 with nothing in it.
#
# Makes a minimal root with debootstrap, copies the working tree into it (what git knows or would
# add), and runs there `./dev run ./PROGRAM` and `./dev test`. Then makes the root look like another
# distribution and expects `./dev setup` to name the packages and stop.
#
# Needs root, debootstrap and a Debian mirror; sources, keys, proxy and certificates are the host's.
# The bare root is kept as a tarball in $CACHE (default: $XDG_CACHE_HOME/vmtrace).
set -euo pipefail

suite=bookworm
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmtrace}
tarball=$cache/$suite-minbase.tar
top=$(cd "$(dirname "$0")/.." && pwd)

say() {
	echo "fresh: $*" >&2
}

die() {
	say "$*"
	exit 1
}

# Everything below happens in a mount and process namespace of its own, which cleans up after itself.
if [[ ${1-} != --inside ]]; then
	[[ $(id -u) -eq 0 ]] || die 'must be root'
	command -v debootstrap >/dev/null || die 'needs debootstrap'
	work=$(mktemp -d)
	trap 'rm -rf --one-file-system "$work"' EXIT
	unshare --mount --pid --fork "$0" --inside "$work"
	exit
fi

root=$2/root
mkdir -p "$root" "$cache"

# The host's mirror for the suite; without one, debootstrap knows its own.
mirror() {
	# shellcheck disable=SC2016 # apt's own variables
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk -v suite="$suite" '$2 == suite { print $1; exit }'
}

if [[ ! -f $tarball ]]; then
	uri=$(mirror)
	say "making $tarball${uri:+ from $uri}"
	debootstrap --variant=minbase "$suite" "$root" ${uri:+"$uri"} >&2
	tar -C "$root" --one-file-system -cf "$tarball.new" .
	mv "$tarball.new" "$tarball"
else
	tar -C "$root" -xf "$tarball"
fi

# Packages come the same way as on the host.
rm -rf "$root/etc/apt/sources.list"
for path in /etc/apt /etc/ssl/certs /etc/resolv.conf /etc/hosts /usr/share/keyrings \
	/usr/local/share/ca-certificates; do
	[[ -e $path ]] || continue
	mkdir -p "$root$(dirname "$path")"
	cp -rLf "$path" "$root$(dirname "$path")/" 2>/dev/null || say "not all of $path was copied"
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"

mkdir "$root/vmtrace"
git -C "$top" ls-files -z --cached --others --exclude-standard |
	(cd "$top" && while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done) |
	tar -C "$top" --null -T - -cf - | tar -C "$root/vmtrace" -xf -
# A program to trace, from what a minimal root has.
cp "$root/bin/echo" "$root/vmtrace/PROGRAM"

inside() {
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
		${http_proxy+"http_proxy=$http_proxy"} ${https_proxy+"https_proxy=$https_proxy"} \
		${no_proxy+"no_proxy=$no_proxy"} \
		chroot "$root" /bin/sh -c "cd /vmtrace && $1" </dev/null
}

# Another distribution first, while nothing is there yet.
mv "$root/etc/os-release" "$root/etc/os-release.debian"
echo 'ID=other' >"$root/etc/os-release"
if said=$(inside './dev setup' 2>&1); then
	die 'dev setup went on, on another distribution'
fi
[[ $said == *libelf-dev* ]] || die "dev setup does not name the packages: $said"
mv "$root/etc/os-release.debian" "$root/etc/os-release"
say 'ok: another distribution is told the packages'

said=$(inside './dev run ./PROGRAM hello' 2>"$2/steps") || {
	cat "$2/steps" >&2
	die 'dev run failed'
}
[[ $said == hello ]] || die "the program's output is not its own: $said"
grep -q '0 unexplained' "$2/steps" || {
	tail -n 30 "$2/steps" >&2
	die 'dev run shows no summary, or an unexplained step'
}
say 'ok: ./dev run ./PROGRAM'
tail -n 3 "$2/steps"

inside './dev test' 2>&1 | tee "$2/tests" >&2 || true
said=$(tail -n 1 "$2/tests")
[[ $said =~ ^[1-9][0-9]*\ passed,\ 0\ failed$ ]] || die "dev test: $said"
say "ok: ./dev test: $said"
