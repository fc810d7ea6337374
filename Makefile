# Every verb sets up what it needs first; nothing is installed outside this checkout.
PYTHON ?= python3
IN = $(PYTHON) lib/bootstrap
RUNBOOK ?= runbooks/20-refresh-hosts.ipynb

.DEFAULT_GOAL := help
.PHONY: setup demo test lab notebooks pictures site run lint fmt bench reprove crash flows nightly faults fuzz lock clean help

setup:  ## make .venv from the lock file, find or fetch Terraform
	@$(IN) -m bootstrap.terraform

demo:  ## the whole story, headless, on the lab: a verdict and an HTML report
	@$(IN) -m hitless demo $(ARGS)

test:  ## the tests; ARGS="-m 'not live and not terraform'" for the quick ones
	@$(IN) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lab:  ## the lab and JupyterLab on the walkthrough
	@$(IN) -m hitless lab $(ARGS)

notebooks:  ## run every demo notebook again and keep its outputs
	@$(IN) -m hitless notebooks $(ARGS)

pictures:  ## the README's pictures of the control room, from a run in a real browser (needs Chromium)
	@$(IN) -m pytest -n 0 tests/browser $(ARGS)
	@cp runs/browser/control-room-light.png runs/browser/control-room-dark.png docs/

site:  ## the gallery: notebooks as they were executed and one run's report, as a static site in site/
	@$(IN) -m hitless.site $(ARGS)

run:  ## one runbook: make run RUNBOOK=runbooks/… ARGS="-p NAME=value"
	@$(IN) -m hitless run $(RUNBOOK) $(ARGS)

lint:  ## what CI would complain about
	@$(IN) -m ruff check . && $(IN) -m ruff format --check .

fmt:  ## put everything into form
	@$(IN) -m ruff check --fix . ; $(IN) -m ruff format .

bench:  ## every benchmark beside its limit, or ARGS="day looks"; docs/performance.md has what came out
	@$(IN) tests/bench $(ARGS)

reprove:  ## every notebook to its end: by nbval, by papermill, the walkthrough in a browser (ten minutes)
	@HITLESS_NOTEBOOKS=all $(IN) -m pytest -n 3 --dist loadfile -v tests/three_ways $(ARGS)

crash:  ## end a run in every way at every moment, of each runbook (two hours); says how many cases passed
	@HITLESS_CRASH=all $(IN) -m pytest -n 3 tests/hitless/crash $(ARGS)

flows:  ## the workflows' steps, all of them, from an empty account to each kind of change (a quarter of an hour)
	@HITLESS_FLOWS=all $(IN) -m pytest -n 0 tests/workflows $(ARGS)

MINUTES ?= 10
nightly:  ## drive the lab by random deeds in random order for MINUTES=10; says the seed (SEED=… repeats it) and the program
	@HITLESS_NIGHTLY=$(MINUTES) HITLESS_SEED=$(SEED) $(IN) -m pytest -n 0 -s tests/property $(ARGS)

faults:  ## every fault during every operation, on virtual time (three minutes); prints the table
	@HITLESS_FAULTS=all $(IN) -m pytest -n 0 tests/under_faults $(ARGS)

fuzz:  ## whatever bytes and values to every reader, for long (ten minutes); another seed each time
	@HITLESS_FUZZ=long $(IN) -m pytest -n 0 tests/fuzz $(ARGS)

lock:  ## renew requirements.lock and app/requirements.txt (needs uv)
	@$(PYTHON) lib/bootstrap/lock.py

clean:  ## remove what the others made; never a run's records or Terraform's state
	@$(PYTHON) lib/bootstrap/clean.py

help:  ## this list
	@$(PYTHON) -c "import re; [print(f'  make {v:<10} {d}') for v, d in re.findall(r'^(\w+):  ## (.*)', open('Makefile').read(), re.M)]"
