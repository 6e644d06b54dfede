# Every command does its own set-up; the second time that takes no time. A bare `make` lists them.
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
BIN := $(ROOT)/.venv/bin
# Hashes and no addresses: a uv.lock names its registry on thousands of lines and is not kept.
EXPORT = "$(BIN)/uv" export --quiet --format requirements-txt --no-emit-project --all-extras --no-header
STAMP := $(ROOT)/.venv/.installed
TESTS ?=
# A change is judged by the same minute of chaos as the one before it; other seeds are what `make soak` is for.
CHANGE_SEED = 12
# Of `make chaos` and `make soak`; without a seed another one each time.
SEED ?=
MINUTES ?= 1
DATABASE ?=
KINDS ?=
RUNS ?= 200
SOAK ?= $(EKTP_HOME)/soak
CHAOS = cd "$(ROOT)" && exec "$(BIN)/python" -m tests.chaos --seed "$(SEED)" --minutes $(MINUTES) --database "$(DATABASE)" --kinds "$(KINDS)"
# SQLite syncs each commit, a disk is slow at that, and no test can tell: what kill -9 leaves behind is with the kernel.
MEMORY := $(shell [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'END {print $$4}')" -gt 2000000 ] 2>/dev/null && [ -w /dev/shm ] \
	&& echo PYTEST_DEBUG_TEMPROOT=/dev/shm)
# Tests start what they need and must not meet a trio that this shell was set up for.
PYTEST = env -u EKTP_HOME -u EKTP_PROFILE -u BROKER_URL -u CENTRAL_URL -u KEYS_DIR -u OFFICES_FILE -u QUEUE_PORT \
	-u ENROLMENT_PORT -u CENTRAL_PORT -u CENTRAL_CONTROL_PORT -u QUEUE_DATABASE_URL -u ENROLMENT_DATABASE_URL \
	-u CENTRAL_DATABASE_URL $(MEMORY) "$(BIN)/python" -m pytest
# A change is judged in 10 minutes on two cores because something always waits. Unit, contract and integration tests wait
# a third of their time: beside them go the fuzz, on one core (schemathesis gives all its tests one id, of which xdist
# would run one test and leave out the rest), and the minute of chaos. Whole trios come last and by themselves,
# three at once, for they wait half of theirs. What takes
# minutes and seldom changes its mind is `make test-deep`: a day replayed through kills, death at every fail point, every
# planted bug, every preset of the centre's console felt on the wire, the harness.
DEEP = $(addprefix tests/,e2e/test_day_replay.py chaos/test_failpoints.py chaos/test_planted_bugs.py \
	unit/bench/test_bench.py integration/central_mock/test_scenarios_process.py \
	integration/central_mock/test_scenarios_player.py $(addprefix integration/shared/testing/,test_broker_faults.py \
	test_cluster.py test_plugin.py test_postgres_node.py test_power.py test_process.py))
CHAOS_MINUTE = tests/chaos/test_chaos.py
PARALLEL = $(addprefix tests/,unit contract integration chaos)
TRIOS = $(filter-out $(DEEP),$(patsubst $(ROOT)/%,%,$(wildcard $(ROOT)/tests/e2e/test_*.py)))

# A relative EKTP_HOME is meant from this directory, wherever make was called from.
EKTP_HOME ?= .run
override EKTP_HOME := $(if $(filter /% ~%,$(EKTP_HOME)),$(EKTP_HOME),$(ROOT)/$(EKTP_HOME))
export EKTP_HOME
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help run test test-parts test-beside test-trios test-deep chaos soak check demo bench format migrate lint lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s  %s\n", $$1, $$2}' "$(ROOT)/Makefile"

run: $(STAMP) ## Set up everything, start the broker and the three services, stay in the foreground (Ctrl-C stops)
	@cd "$(ROOT)" && exec "$(BIN)/ektp" run

test: $(STAMP) ## Run all tests: unit, contract, integration, end to end (TESTS="tests/unit -k name" runs some)
	@cd "$(ROOT)" && "$(BIN)/ektp" setup --broker-only
ifdef TESTS
	@cd "$(ROOT)" && $(PYTEST) $(TESTS)
else
	@$(MAKE) -C "$(ROOT)" -j 2 --output-sync=target test-parts test-beside
	@$(MAKE) -C "$(ROOT)" test-trios
endif

test-parts:
	@cd "$(ROOT)" && $(PYTEST) -n 2 --dist loadfile $(PARALLEL) $(addprefix --ignore=,$(DEEP) $(CHAOS_MINUTE))

test-beside:
	@cd "$(ROOT)" && $(PYTEST) tests/fuzz
	@cd "$(ROOT)" && $(PYTEST) --chaos-seed $(CHANGE_SEED) $(CHAOS_MINUTE)

test-trios:
	@cd "$(ROOT)" && $(PYTEST) -n 3 --dist loadfile $(TRIOS)

test-deep: $(STAMP) ## The tests that take minutes: a day through kills, every fail point, every planted bug, the bench
	@cd "$(ROOT)" && "$(BIN)/ektp" setup --broker-only && CHAOS_BUGS=all $(PYTEST) $(DEEP)

chaos: $(STAMP) ## Whole offices while everything fails, then the checker (SEED= MINUTES=1 DATABASE= KINDS=)
	@$(CHAOS)

soak: $(STAMP) ## The same for hours: RUNS=200 seeds from SEED on, a summary in SOAK=
	@$(CHAOS) --runs $(RUNS) --into "$(SOAK)"

check: ## Say whether a change is fit: linters, format, types, borders, dependencies, all tests
	@"$(ROOT)/.ci/run"

demo: $(STAMP) ## Play both days of the news reports, with and without offline recording, and compare
	@cd "$(ROOT)" && exec "$(BIN)/ektp" demo

bench: $(STAMP) ## Measure speed and memory as ratios in one run
	@cd "$(ROOT)" && "$(BIN)/ektp" setup --broker-only && exec "$(BIN)/ektp" bench

format: $(STAMP) ## Format the code and fix what the linter can fix
	@cd "$(ROOT)" && "$(BIN)/ruff" format . && "$(BIN)/ruff" check --fix .

migrate: $(STAMP) ## Bring the databases of all services to their newest schema
	@cd "$(ROOT)" && exec "$(BIN)/ektp" migrate

lint: $(STAMP) ## Linters, format, types, borders and dependencies without the tests
	@cd "$(ROOT)" && "$(BIN)/ruff" check .
	@cd "$(ROOT)" && "$(BIN)/ruff" format --check .
	@cd "$(ROOT)" && "$(BIN)/mypy"
	@cd "$(ROOT)" && "$(BIN)/lint-imports"
	@cd "$(ROOT)" && "$(BIN)/deptry" .

lock: $(STAMP) ## Write both locks anew from pyproject.toml, with the newest versions it allows
	@cd "$(ROOT)" && "$(BIN)/uv" lock --quiet --upgrade
	@cd "$(ROOT)" && $(EXPORT) --all-groups --output-file requirements.lock >/dev/null
	@cd "$(ROOT)" && $(EXPORT) --no-default-groups --output-file requirements.runtime.lock >/dev/null
	@rm -f "$(ROOT)/uv.lock"

$(STAMP): $(ROOT)/requirements.lock $(ROOT)/pyproject.toml $(ROOT)/.ci/environment
	@"$(ROOT)/.ci/environment"
