# Two commands are all that is needed on a fresh machine with Python >= 3.11 and make: `make demo` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
UV := $(shell command -v uv 2>/dev/null)

.PHONY: demo test check format lock extras

demo: $(INSTALLED)
	$(BIN)/augury demo

# In two halves side by side, of about the same length on two cores; what the first says is shown at the end.
test: $(INSTALLED)
	@export OMP_NUM_THREADS=1; \
	$(BIN)/python -m pytest tests/features > .venv/features.log 2>&1 & features=$$!; \
	$(BIN)/python -m pytest tests --ignore tests/features; rest=$$?; \
	wait $$features; first=$$?; cat .venv/features.log; exit $$((rest | first))

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --explicit-package-bases tests
	$(BIN)/lint-imports
	$(BIN)/augury readme --check

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Exact versions with hashes for Python 3.11 to 3.13, from the ranges in pyproject.toml (needs uv).
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-annotate --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --group dev --group bench --all-extras --universal --python-version 3.11 \
		--generate-hashes --constraint requirements.lock --no-emit-index-url --no-annotate --no-header --quiet \
		--output-file requirements-extras.lock
	$(BIN)/python -m serving.deploy.lock

# What is optional (Spark, Splink, the benchmarks' peers), so that its tests run too.
extras: $(INSTALLED)
ifdef UV
	uv pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements-extras.lock
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements-extras.lock
endif

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else \
		f"Augury needs Python 3.11 to 3.13; $(PYTHON) is {v[0]}.{v[1]}. Set another one: make PYTHON=python3.12")'
ifdef UV
	uv venv --quiet --clear --python $(PYTHON) .venv
	uv pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements.lock
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
else
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endif
	@touch $@
