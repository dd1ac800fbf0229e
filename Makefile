# make verify   set everything up in .venv, build, and prove that all implementations agree
# make test     all tests of all languages
# make bench    how fast, beside the peers: verified, then timed (12 minutes); writes bench/results and the tables in the documents
# make bench-variants  each variant and number type beside the plain LSTM (2 minutes); writes the table in docs/speed.md
# make lint     formatting, types, generated files
# make sweep    sigmoid and tanh on all 2^32 inputs (minutes)
# make test-qemu  C++ and Go on arm64 and s390x, emulated (an hour; needs Debian's cross compilers and qemu-user)
# make test-asan  the C++ tests under AddressSanitizer (12 minutes)
# make clean    remove what was built;  make distclean  also .venv
#
# Nothing is needed but Python >= 3.10, make and a C++17 compiler. A second run does only what changed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
BUILD  := build
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

export GOTOOLCHAIN := local
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)
export LSTM_REF_CPP_RUNNER := $(CURDIR)/$(BUILD)/cpp/cpp/runner/lstm-ref-runner
export LSTM_REF_GO_RUNNER := $(CURDIR)/$(BUILD)/go/lstm-ref-runner
export LSTM_REF_CPP_BENCH := $(CURDIR)/$(BUILD)/cpp/bench/cpp/lstm-ref-bench
export LSTM_REF_BENCH_MACHINE := $(CURDIR)/$(BUILD)/cpp/bench/cpp/lstm-ref-bench-machine
export LSTM_REF_BENCH_VARIANTS := $(CURDIR)/$(BUILD)/cpp/bench/cpp/lstm-ref-bench-variants
export LSTM_REF_GO_BENCH := $(CURDIR)/$(BUILD)/go/lstm-ref-bench
export LSTM_REF_GO_RUNNER_PUREGO := $(CURDIR)/$(BUILD)/go/lstm-ref-runner-purego

CPP_SOURCES := CMakeLists.txt $(shell find cpp bench/cpp tests/cpp -type f)
GO_SOURCES  := $(shell find go -type f)

# The machine's Go if it is new enough, else the one from the dev extra.
GO = $(shell go version 2>/dev/null | grep -qE 'go1\.(2[4-9]|[3-9][0-9])' && command -v go || echo "$(CURDIR)/$(BIN)/go")

.PHONY: verify test test-python test-cpp test-go test-qemu test-qemu-arm64 test-qemu-s390x test-asan bench bench-variants lint format golden sweep clean distclean
.DELETE_ON_ERROR:
FORCE:

verify: $(BUILD)/.python $(BUILD)/.go
	$(BIN)/lstm-ref verify

test: test-cpp test-go test-python

test-python: $(BUILD)/.python $(BUILD)/.go
	$(BIN)/python -m pytest

test-cpp: $(BUILD)/.python
	$(BIN)/ctest --test-dir $(BUILD)/cpp --output-on-failure -j $(JOBS)

test-go: $(BUILD)/.go
	cd go && "$(GO)" vet ./... && "$(GO)" test -count=1 ./... && "$(GO)" test -count=1 -tags purego ./...  # Go's cache would not see new vectors

test-qemu: test-qemu-arm64 test-qemu-s390x

test-qemu-arm64 test-qemu-s390x: test-qemu-%: $(BUILD)/.python
	GO="$(GO)" tests/qemu.sh $*

test-asan: $(BUILD)/.python
	$(BIN)/cmake -S . -B $(BUILD)/asan -G Ninja -DCMAKE_MAKE_PROGRAM="$(CURDIR)/$(BIN)/ninja" -DLSTM_REF_BUILD_BENCH=OFF \
	  -DCMAKE_CXX_FLAGS=-fsanitize=address
	$(BIN)/cmake --build $(BUILD)/asan
	$(BIN)/ctest --test-dir $(BUILD)/asan --output-on-failure -j $(JOBS)

bench: $(BUILD)/.python $(BUILD)/go/lstm-ref-bench $(VENV)/.peers
	$(BIN)/lstm-ref bench --out bench/results --markdown README.md --markdown docs/speed.md

bench-variants: $(BUILD)/.python
	$(BIN)/python -m lstm_ref.bench.variants docs/speed.md

lint: $(BUILD)/.python $(BUILD)/.go
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $$(git ls-files '*.cpp' '*.hpp')
	unformatted=$$("$$("$(GO)" env GOROOT)/bin/gofmt" -l go) && test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(BIN)/python spec/generate_constants.py --check

format: $(BUILD)/.python
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .
	$(BIN)/clang-format -i $$(git ls-files '*.cpp' '*.hpp')
	"$$("$(GO)" env GOROOT)/bin/gofmt" -w go

golden: $(BUILD)/.python
	$(BIN)/python spec/generate_constants.py
	$(BIN)/lstm-ref golden --write

sweep: $(BUILD)/.python
	$(BIN)/cmake --build $(BUILD)/cpp --target lstm_ref_sweep
	$(BUILD)/cpp/tests/cpp/lstm_ref_sweep --threads $(JOBS)

# The environment: build tools first, since the package is built by them without isolation.
$(VENV)/.tools: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed; set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=23.1' \
	  'scikit-build-core>=0.10' 'pybind11>=3.0' 'nanobind>=3.0' 'numpy>=2.0' 'cmake>=3.18' ninja
	touch $@

# One CMake build: the extension module, the runner and the C++ tests; the Python files are used where they lie.
$(BUILD)/.python: $(VENV)/.tools $(CPP_SOURCES) $(BUILD)/.modules
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[dev]' \
	  -C build-dir=$(BUILD)/cpp -C cmake.define.LSTM_REF_BUILD_TESTS=ON -C cmake.define.LSTM_REF_BUILD_RUNNER=ON -C cmake.define.LSTM_REF_BUILD_BENCH=ON
	touch $@

# The installation knows the Python files by name: one added or moved means installing again, an edited one does not.
$(BUILD)/.modules: FORCE
	@mkdir -p $(BUILD) && find python -name '*.py' | sort | cmp -s - $@ || find python -name '*.py' | sort > $@

$(BUILD)/.go: $(BUILD)/.python $(GO_SOURCES)
	mkdir -p $(BUILD)/go
	cd go && "$(GO)" build -o ../$(BUILD)/go/lstm-ref-runner ./cmd/runner
	cd go && "$(GO)" build -tags purego -o ../$(BUILD)/go/lstm-ref-runner-purego ./cmd/runner
	touch $@

$(BUILD)/go/lstm-ref-bench: $(BUILD)/.go
	cd go && "$(GO)" build -o ../$@ ./cmd/bench

# The other runtimes (1 GB). Without them the benchmark says which are missing, and measures the rest.
$(VENV)/.peers: $(BUILD)/.python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'lstm_ref[bench,peers]' && touch $@ || echo "some peers are missing"

clean:
	rm -rf $(BUILD) dist

distclean: clean
	rm -rf $(VENV)
