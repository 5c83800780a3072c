# make demo   install into .venv and run the main job on the embedded data set
# make test   install into .venv and run the tests
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
EXTRAS := .[bulk,circos,dask]

.PHONY: demo test lint validate real notebooks figures docs bench clean

demo: $(VENV)/.installed
	$(BIN)/crosstalk run examples/demo.yaml

test: $(VENV)/.installed
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

validate: $(VENV)/.installed
	$(BIN)/crosstalk signatures validate

# The studies on real public files, which are fetched unless CROSSTALK_CACHE holds them
real: $(VENV)/.installed
	$(BIN)/python examples/run_all.py

notebooks: $(VENV)/.installed
	$(BIN)/python notebooks/execute.py

figures: $(VENV)/.installed
	for script in figures/fig_*.py; do $(BIN)/python $$script || exit 1; done

# The documentation in docs/_build/html; a warning is an error, nothing is fetched
docs: $(VENV)/.installed
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

bench: $(VENV)/.installed
	$(BIN)/python benchmarks/scoring/run.py
	for name in planted fdr speed; do $(BIN)/python benchmarks/crosstalk/$$name.py || exit 1; done

clean:
	rm -rf $(VENV) results docs/_build docs/api docs/generated docs/tutorials

# uv where it is present, the venv's own pip otherwise (dependency groups need pip 25.1)
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "crosstalk_omics needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	@if command -v uv >/dev/null; then \
		uv venv -q --clear --python $(PYTHON) $(VENV) && \
		uv pip install -q --python $(BIN)/python -c constraints.txt -e '$(EXTRAS)' --group dev; \
	else \
		$(PYTHON) -m venv --clear $(VENV) && \
		$(BIN)/python -m pip install -q --upgrade 'pip>=25.1' && \
		$(BIN)/python -m pip install -q -c constraints.txt -e '$(EXTRAS)' --group dev; \
	fi
	@touch $@
