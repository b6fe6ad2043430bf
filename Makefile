# Two commands: `make run` starts Truckroll with a demo company, `make test` checks all of it.
# Both install what they need into this checkout first; a second run finds it there.

.DEFAULT_GOAL := help
.PHONY: help run test lint setup assets lock clean

help:
	@echo 'make run      start everything, with a demo company (PORT=8000)'
	@echo 'make test     lint, types, floors and all tests'
	@echo 'make lint     the same without the tests'
	@echo 'make setup    install only'
	@echo 'make assets   build the front end'
	@echo 'make lock     compile requirements*.txt from requirements*.in (UPGRADE=1 for newer versions)'
	@echo 'make clean    remove what was installed and built; data in var/ stays'

run:
	@tools/setup.sh run
	@echo '[4/4] Truckroll'
	@exec .venv/bin/truckroll up --demo

test:
	@tools/setup.sh test
	@exec tools/check.sh all

lint:
	@tools/setup.sh test
	@exec tools/check.sh lint

setup:
	@tools/setup.sh run

assets:
	@tools/setup.sh assets

lock:
	@tools/lock.sh $(if $(UPGRADE),--upgrade)

clean:
	rm -rf .venv static/node_modules static/dist var/stamps .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
