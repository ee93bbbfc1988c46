#!/bin/sh
# slim.sh PREFIX: takes out of a Python environment what no run needs, then compiles the rest once.
#
# A container's file system is read-only, so what is not compiled here would be compiled again by every process of every run.
set -eu
prefix=$1
packages=$(echo "$prefix"/lib/python3*/site-packages)

find "$packages" -type d -name tests -prune -exec rm -r {} +
find "$packages" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.hpp' -o -name '*.a' \) -delete
rm -rf "$packages/cv2/data" # trained face detectors

# the program is a layer of its own, above this one
echo "$prefix/program" >"$packages/lvos_eval.pth"
"$prefix/bin/python3" -m compileall -q --invalidation-mode unchecked-hash "$packages"
