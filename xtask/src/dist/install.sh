#!/bin/sh
# Installs paude @VERSION@ below ~/.local, or below the directory that PREFIX names. Run it with `sh install.sh`.
# PAUDE_RELEASES is another place to download from, such as a mirror: a URL that curl or wget reads.
set -eu

releases=${PAUDE_RELEASES:-@RELEASES@}
prefix=${PREFIX:-$HOME/.local}

fail() {
	echo "install.sh: error: $1" >&2
	exit 1
}

download() {
	if command -v curl >/dev/null; then
		curl --fail --silent --show-error --location --output "$2" "$1" || fail "cannot download $1"
	elif command -v wget >/dev/null; then
		wget -q -O "$2" "$1" || fail "cannot download $1"
	else
		fail 'neither curl nor wget is installed'
	fi
}

check() {
	if command -v sha256sum >/dev/null; then
		sha256sum -c "$1"
	else
		shasum -a 256 -c "$1"
	fi
}

[ -n "$releases" ] || fail 'no version is released yet: PAUDE_RELEASES says where the archives are'
case $(uname -m) in
x86_64 | amd64) arch=x86_64 ;;
aarch64 | arm64) arch=aarch64 ;;
*) fail "there is no archive for $(uname -m)" ;;
esac
case $(uname -s) in
Linux) target=$arch-unknown-linux-musl ;;
Darwin) target=$arch-apple-darwin ;;
*) fail "there is no archive for $(uname -s)" ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive=paude-@VERSION@-$target.tar.gz
download "$releases/$archive" "$work/$archive"
download "$releases/SHA256SUMS" "$work/SHA256SUMS"
(
	cd "$work"
	grep -F "  $archive" SHA256SUMS >own || fail "SHA256SUMS does not name $archive"
	check own >/dev/null || fail "$archive is not what SHA256SUMS says"
)
mkdir -p "$prefix"
tar -xzf "$work/$archive" --strip-components=1 -C "$prefix"
echo "installed $prefix/bin/paude"
case :$PATH: in
*:"$prefix/bin":*) ;;
*) echo "add $prefix/bin to PATH" ;;
esac
