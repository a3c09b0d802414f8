# Two commands for everybody: `make demo` and `make test`. Both make the environment first.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-all coverage docs check benchmarks clean

demo: $(READY)
	@mkdir -p out
	$(BIN)/bottega stylize china --style impasto -o out/demo.png --sheet out/demo-sheet.png --overwrite
	$(BIN)/bottega --quiet styles --photo china -o out/demo-styles.jpg --overwrite
	@echo
	@echo "The picture:                   out/demo.png"
	@echo "Before, style and after:       out/demo-sheet.png"
	@echo "The same in all styles:        out/demo-styles.jpg"
	@echo
	@echo "What to try next:"
	@echo "  $(BIN)/bottega stylize YOUR-PHOTO.jpg --style YOUR-PAINTING.jpg -o out/mine.png"
	@echo "  $(BIN)/bottega stylize flower --style woodcut --style ink-wash:0.5 --keep-color -o out/flower.png"
	@echo "  $(BIN)/bottega stylize flower --style pastel --compare -o out/methods.png"
	@echo "  $(BIN)/bottega generate --model landscapes --count 16 --sheet out/landscapes.png"
	@echo "  $(BIN)/bottega adjust china --palette '#203040,#e0c080' --subject 0.3,0.6 -o out/adjusted.png"
	@echo "  $(BIN)/bottega remake out/demo.png --verify"
	@echo "  $(BIN)/bottega --help"

# Lint, types, and the whole suite; each worker computes on one thread. Where one dies the suite ends and names
# the test: with a new worker in its place it could wait for ever.
test: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --max-worker-restart 0 -m "not slow"

# The suite with the tests that take longer than ten seconds each.
test-all: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --max-worker-restart 0

# The same suite with the share of lines that it runs, per file; a page for each file lies in out/coverage.
coverage: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --max-worker-restart 0 \
		--cov=bottega --cov-report=term:skip-covered --cov-report=html:out/coverage

# The documentation as a site, in site/; a broken link is an error.
docs: $(READY)
	$(BIN)/mkdocs build --strict

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The tables under benchmarks/*/results; wants an idle machine and the picture collection.
benchmarks: $(READY)
	$(BIN)/python -m benchmarks.encoders --data ../shared/data
	$(BIN)/python -m benchmarks.optimize
	$(BIN)/python -m benchmarks.transfer --data ../shared/data

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
# HEIC is tested where its package can be had; some mirrors lack it, and its tests then say so.
	-$(BIN)/python -m pip install --quiet --timeout 10 --retries 0 -c constraints.txt pillow-heif
	@touch $(READY)

clean:
	rm -rf $(VENV) out site build dist
