#!/usr/bin/env bash
# tests/qemu.sh arm64|s390x: C++ and Go built for that processor, and run by qemu's user emulation. All golden vectors, and the
# tests of the engine on every fifth of their networks, batches or plans; not the benchmarks, nor Go's tests of files and
# arguments, which are the same code everywhere; of Go's runner only that it builds.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1-} in
  arm64) triple=aarch64-linux-gnu ;;
  s390x) triple=s390x-linux-gnu ;;
  *) echo "usage: tests/qemu.sh arm64|s390x" >&2; exit 2 ;;
esac
architecture=$1
emulator="qemu-${triple%%-*}"
for tool in "$triple-g++" "$emulator"; do
  command -v "$tool" > /dev/null || { echo "no $tool: on Debian, apt-get install g++-$triple qemu-user" >&2; exit 1; }
done

build=build/qemu-$architecture
cmake=$(command -v .venv/bin/cmake || command -v cmake)
"$cmake" -S . -B "$build" -G Ninja -DCMAKE_MAKE_PROGRAM="$(command -v "$PWD/.venv/bin/ninja" || command -v ninja)" \
  -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="${triple%%-*}" -DCMAKE_CXX_COMPILER="$triple-g++" \
  -DCMAKE_CROSSCOMPILING_EMULATOR="$(command -v "$emulator");-L;/usr/$triple" -DLSTM_REF_BUILD_BENCH=OFF
"$cmake" --build "$build"
LSTM_REF_TEST_EVERY=5 "$(dirname "$cmake")/ctest" --test-dir "$build" --output-on-failure --timeout 7200 -j "$(nproc)"

cd go
GOOS=linux GOARCH=$architecture CGO_ENABLED=0 "${GO:-go}" test -count=1 -timeout 2h -exec "$emulator" \
  -run '^(TestGolden.*|Test.*Baseline|TestEveryTile|TestFma.*|TestActivation.*)$' . ./internal/kernel ./cmd/runner
