# Everything runs in .venv, made from constraints.txt so that every machine and every year installs the same.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto

.PHONY: demo test golden lint types format constraints clean tools build dist audit bench

demo: $(VENV)/.runtime ## Set everything up and audit the built-in demo tenant.
	@$(BIN)/auditor scan --demo --fail-on none

# Many tests start the program anew: compiled code that is kept saves each half a second.
test: $(VENV)/.dev tools ## Run every test.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q

lint: $(VENV)/.dev ## Format check, lint, types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(VENV)/.dev ## Write the reports that tests compare with anew; then read what changed.
	AUDITOR_GOLDEN=write $(BIN)/python -m pytest -n $(JOBS) -q tests/report -k "as_it_was or what_they_were or picture_in_the_readme"

build: $(VENV)/.dev ## Build the wheel and the source distribution.
	$(BIN)/python -m hatchling build

# What a release is made of: wheel, source distribution, image description, and a bill of materials of what a user gets.
dist: $(VENV)/.dev ## Everything for a release, below dist/.
	rm -rf dist .make && $(BIN)/python -m hatchling build
	$(PYTHON) -m venv .make && .make/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl
	.make/bin/python -m pip uninstall --quiet --yes pip setuptools
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-format JSON --output-file dist/sbom.cdx.json .make/bin/python
	cp Dockerfile CHANGELOG.md dist/ && rm -rf .make
	cd dist && sha256sum * > SHA256SUMS

audit: ## Known vulnerabilities of every pinned library, as PyPI tells them; needs the network.
	rm -rf .make && $(PYTHON) -m venv .make && .make/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.make/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip; code=$$?; rm -rf .make; exit $$code

SIZES ?= 10 100
bench: $(VENV)/.dev ## One table of what takes how long: start, phases by size, a second run, memory, collection.
	$(BIN)/python -m benchmarks.all $(SIZES)

constraints: ## Resolve every dependency anew and write the versions down.
	rm -rf .make && mkdir .make && $(PYTHON) -m venv .make/venv
	.make/venv/bin/python -m pip install --quiet --upgrade pip
	.make/venv/bin/pip install --quiet --editable . --group dev
	{ echo "# Every version that make and CI install. Made from a fresh environment by: make constraints"; \
	  .make/venv/bin/pip freeze --exclude-editable | LC_ALL=C sort -f; } > constraints.txt
	rm -rf .make

clean:
	rm -rf $(VENV) .tools dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
	@touch $@

# Microsoft's SARIF Multitool judges our SARIF; a machine without Node.js skips those tests and says so.
tools: .tools/.installed

.tools/.installed: tests/tools/package.json
	@if command -v npm >/dev/null; then \
	  mkdir -p .tools && cp tests/tools/package.json .tools/ && \
	  npm install --prefix .tools --no-package-lock --no-audit --no-fund --silent && touch $@; \
	else echo "npm is not installed: tests that need the SARIF Multitool are skipped"; fi
