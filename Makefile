# Two words are enough: `make demo` shows it at work, `make test` runs what CI runs (which has AVGATE_EXAMPLES set: some tests at greater length).
# The system's own before a version manager's: that one is mostly built without optimisations, and takes a seventh more time (decision 0042).
PYTHON ?= $(shell for one in /usr/bin/python3.11 python3.11 python3; do $$one -c "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && command -v $$one && exit; done; command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: setup demo test tests crash soak check types warm lock evidence bench clean faults simulate explore attack sbom mutants browser screens

setup: .venv/.ready

# pip is handed hashes for everything, the build backend included, so nothing else is fetched.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "Python 3.11 is needed: apt-get install python3.11"; exit 1; }
	@$(PYTHON) -c "import ensurepip" 2>/dev/null || { echo "Debian keeps venv in a package of its own; installing it"; apt-get -qq update && apt-get -qq install -y python3-venv; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	$(BIN)/python -m compileall -q contracts client gateway connectors mocks # a start costs a second less
	@touch $@

demo: setup
	@$(BIN)/avgate demo

# Pages are tried in a real browser, Debian's; AVGATE_BROWSER names another one.
browser:
	@test -n "$(AVGATE_BROWSER)" || command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || { echo "The pages' tests need Chromium; installing Debian's"; apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium-headless-shell fonts-dejavu-core >/dev/null; }

# The pictures in docs/screens, made by the same tests.
screens: setup browser
	AVGATE_SCREENS=1 $(BIN)/python -m pytest -q tests/console/test_browser.py

test: setup browser
	@$(MAKE) --no-print-directory -j2 check tests

# Five processes share two cores, for flows wait for sockets; the files with one long test come early.
tests: warm
	$(BIN)/python -m pytest -q -n 5 --dist loadfile --no-loadscope-reorder

# Dies at every durable boundary of every operation, loses power, fills the disk, jumps in time; see
# tests/crash. Hours for every point; a failing one prints the words that play it again.
ROUNDS ?= 3000
crash: setup
	@$(BIN)/python -m tests.crash.command --rounds $(ROUNDS)

# All troubles at once: three gateways on one PostgreSQL, upstreams in the worst mood; three minutes more
# than it is told. See tests/soak.
MINUTES ?= 7
soak: setup
	@$(BIN)/python -m tests.soak.command --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

# While mypy keeps one core busy: asserts are rewritten once, and not by each process of tests.
warm: setup
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q --collect-only >/dev/null 2>&1 || true # the tests say why

check: setup
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Types in tests and benchmarks as well, where CI looks at them: half a minute the first time.
types: setup
	$(BIN)/mypy tests bench
	$(BIN)/mypy $(foreach file,$(wildcard connectors/*.py connectors/*/*.py),-m $(subst /,.,$(file:.py=)))

# Every fault on every call that a connector makes: an hour of one core. EVERY=10: one in ten.
faults: setup
	AVGATE_FAULTS_EVERY=$(or $(EVERY),1) $(BIN)/python -m pytest -q -n 2 --dist load tests/faults

# What schemathesis makes of our description: a minute for every 5,000 cases.
CASES ?= 100000
attack: setup
	@$(BIN)/python -m tests.attack.command --cases $(CASES) $(if $(SEED),--seed $(SEED))

# Whether tests notice what mutants change, an hour of one core: MODULE="warrant vault" for some,
# SHARE=0.1 for every tenth, LIVED=1 for those that lived last time. Goes on where it was interrupted.
mutants: setup
	@nice $(BIN)/python -m tests.mutation.command $(foreach name,$(MODULE),--module $(name)) $(if $(SHARE),--share $(SHARE)) $(if $(LIVED),--lived)

# The bill of materials of everything that the lock names, as CycloneDX.
sbom: setup
	@mkdir -p dist && $(BIN)/cyclonedx-py requirements requirements.lock --of JSON -o dist/sbom.json && echo dist/sbom.json

# A new lock: needs uv. No index addresses are written into it.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --all-extras --group dev pyproject.toml --output-file requirements.lock

# What our connectors' tests prove, for a gateway that asks for a level; a test says when it is stale.
evidence: setup
	@for name in operator xelion directory subprocessors; do $(BIN)/avgate test $$name --json || exit 1; done

# Each prints one JSON object; without --quick they take minutes, and an idle machine.
bench: setup
	@for script in bench/*.py; do $(BIN)/python $$script --quick || exit 1; done

# The life of a request by chance: SEEDS=20000 runs, SEED=123 shows one, PLANT=blind-resend plants a bug.
SEEDS ?= 10000
simulate: setup
	@$(BIN)/python -m tests.simulation.simulate --seeds $(SEEDS) $(if $(SEED),--seed $(SEED)) $(if $(PLANT),--plant $(PLANT))

# And by exhaustion: every order of events in small configurations.
explore: setup
	@$(BIN)/python -m tests.simulation.explore $(if $(STATES),--states $(STATES)) $(if $(PLANT),--plant $(PLANT))

clean:
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
