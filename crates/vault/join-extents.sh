#!/bin/sh
# Joins the extents of one disk, as `restic restore` leaves them, into a raw disk image.
# Usage: join-extents.sh DISK_FOLDER OUTPUT.raw
# Extents are named by their offset (16 hex digits); what is not there is zeros. Verifies with b3sum where it is installed.
set -eu

if [ $# -ne 2 ] || [ ! -f "$1/disk.json" ]; then
    echo "usage: $0 DISK_FOLDER OUTPUT.raw (DISK_FOLDER holds disk.json)" >&2
    exit 2
fi
folder=$1
output=$2
if [ -e "$output" ]; then
    echo "$output exists: choose another name" >&2
    exit 1
fi

number() { sed -n "s/.*\"$1\": *\([0-9][0-9]*\).*/\1/p" "$folder/disk.json"; }
size=$(number size_bytes)
extent=$(number extent_bytes)
if [ -z "$size" ] || [ -z "$extent" ]; then
    echo "$folder/disk.json does not say how large the disk is" >&2
    exit 1
fi

truncate -s "$size" "$output.part"
for shard in "$folder"/[0-9a-f]*; do
    [ -d "$shard" ] || continue
    if command -v b3sum >/dev/null 2>&1; then
        (cd "$shard" && b3sum --check --quiet b3sums)
    fi
    for file in "$shard"/[0-9a-f]*; do
        name=${file##*/}
        [ "$name" != b3sums ] || continue
        dd if="$file" of="$output.part" bs="$extent" seek=$((0x$name / extent)) conv=notrunc status=none
    done
done
mv "$output.part" "$output"
