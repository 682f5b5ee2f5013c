# Everything that a checkout needs: `make demo`, `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help demo test check fuzz test-other check-other venv check-packages live-packages man docs pictures bench corpus deb \
    release-check clean

PYTHON_HERE := .venv/bin/python
# Two processes, of which one boots guests: see tests/live/lab/processes.py.
PARALLEL := -n 2 --dist loadscope --no-loadscope-reorder
export PYTHONDONTWRITEBYTECODE :=

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

demo: venv  ## create, clone, edit and show a guest on libvirt's test driver
	@tools/demo

test: venv live-packages  ## run all tests: tools, unit, golden, real guests on a separate libvirtd, then make fuzz
	@if [ "$$(id -u)" = 0 ]; then
	    $(PYTHON_HERE) -m pytest $(PARALLEL) $(ARGS)
	else
	    $(PYTHON_HERE) -m pytest $(PARALLEL) -m "not live" $(ARGS)
	    echo "the tests with real guests need root: continuing with sudo"
	    sudo env PYTHONDONTWRITEBYTECODE=1 "PATH=$$PATH" "CI=$${CI:-}" \
	        $(PYTHON_HERE) -m pytest $(PARALLEL) -m live -o cache_dir=/tmp/virtprov-pytest-root $(ARGS)
	fi
	$(if $(ARGS),,make --no-print-directory fuzz)

check: venv check-packages  ## run all tests except those that need real guests
	@$(PYTHON_HERE) -m pytest -m "not live" $(ARGS)

# A repeated run tries the same inputs; the next commit tries others.
fuzz: venv  ## try random inputs for 90 seconds; TIME=N and SEED=WORD choose another time and other inputs
	@$(PYTHON_HERE) tools/fuzz.py all --seconds "$(or $(TIME),90)" \
	    --seed "$${SEED:-$$(git rev-parse --short HEAD 2>/dev/null || echo none)}"

test-other:  ## run every test on the other Debian (13 beside 12, 12 beside 13), in a folder that is kept
	@tools/other-debian --live $(ARGS)

check-other:  ## the same without real guests
	@tools/other-debian $(ARGS)

venv:  ## create .venv, the project's own environment, and install what is needed to build it
	@tools/setup/packages tools/setup/build.packages
	@tools/setup/environment

check-packages:
	@tools/setup/packages tools/setup/check.packages

live-packages: check-packages
	@tools/setup/packages tests/live/packages.txt

man: venv  ## generate man/*.1 and completions/ from the parsers
	@$(PYTHON_HERE) tools/pages.py man
	$(PYTHON_HERE) tools/completions.py completions

deb:  ## build the Debian packages in dist/; says what is missing for that
	@tools/deb

release-check: venv live-packages  ## check all that a release needs; changes nothing but dist/
	@tools/setup/packages tools/setup/release.packages
	@$(PYTHON_HERE) tools/release_check.py $(ARGS)

docs: venv  ## build the site of docs/ in .cache/docs/site, with every warning as an error
	@$(PYTHON_HERE) tools/docs/build.py

pictures: venv live-packages  ## record the pictures of docs/ anew, on a libvirt of their own (needs root)
	@PYTHONPATH=tests/live $(PYTHON_HERE) tools/docs/pictures.py

bench: venv live-packages  ## measure start-up, editing, media and clones, compared with the virt-* tools (needs root or sudo)
	@tools/setup/packages tools/setup/bench.packages
	@$(PYTHON_HERE) bench/startup && good=yes || good=no
	$(PYTHON_HERE) bench/xml
	$(PYTHON_HERE) bench/media
	if [ "$$(id -u)" = 0 ]; then
	    $(PYTHON_HERE) bench/clone
	    $(PYTHON_HERE) bench/image
	else
	    sudo env PYTHONDONTWRITEBYTECODE=1 "PATH=$$PATH" $(PYTHON_HERE) bench/clone
	    sudo env PYTHONDONTWRITEBYTECODE=1 "PATH=$$PATH" $(PYTHON_HERE) bench/image
	fi
	[ $$good = yes ]

corpus: venv  ## read, edit and rebuild every guest in the tests of the libvirt source, downloaded with apt
	@tools/setup/corpus
	@$(PYTHON_HERE) bench/corpus .cache/corpus/libvirt $(ARGS)

clean:  ## remove .venv, caches and builds
	@rm -rf .venv .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
