PYTHON ?= python3
VENV := .venv
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test prove coverage mutants bench lint expansion screenshots reference manifests image-test sbom lock clean

run: $(VENV)/.serve
	@$(VENV)/bin/lumbar-mri-cds serve

test: $(VENV)/.dev
	@$(VENV)/bin/pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

# The properties on 110,000 charts that nobody wrote: eleven of them, so many charts each. A thousand
# calls of each address that the description allows or forbids. A report on a million cards. Workers
# killed fifty times under load, on SQLite and on PostgreSQL. Then what takes time, held to the limits
# themselves, half an hour of every fault among it: let the machine do nothing else for two hours.
prove: export EXAMPLES = 10000
prove: export OPENAPI_CASES = 1000
prove: export LEDGER_CARDS = 1000000
prove: export KILLS = 50
prove: export PAIRS = 10
prove: export SOAK_MINUTES = 30
prove: export STRICT = 1
prove: $(VENV)/.dev coverage
	@$(VENV)/bin/pytest -n auto --dist loadgroup tests/test_invariants.py tests/test_openapi.py
	@$(VENV)/bin/pytest -s -m timed
	@$(VENV)/bin/pytest -s -m "not timed" $(addprefix tests/test_,ledger_kills.py report.py summaries.py \
		serving.py keys.py fhir_client.py fhir_tokens.py fhir_server_faults.py)

# Every line and every branch of service/clinical/, by the tests that judge changes of it as well.
coverage: $(VENV)/.dev
	@$(VENV)/bin/coverage run -m pytest -q -m "not timed" tests/clinical $(addprefix tests/test_,cases.py \
		guideline.py completeness.py ratings.py patient_reference.py prefetch_states.py)
	@$(VENV)/bin/coverage report; told=$$?; rm -f .coverage; exit $$told

# Ten thousand small changes of service/clinical/, one at a time: some test must notice each. It takes
# an hour; `make mutants OPTIONS=--again` leaves out those that were noticed before, as they are now.
mutants: $(VENV)/.dev
	@PYTHONPATH=tests $(VENV)/bin/python -m mutation $(OPTIONS)

# What a call costs beside other services: `make bench OPTIONS="--rounds 3 --sizes medium"`. Let the
# machine do nothing else.
bench: $(VENV)/.dev
	@PYTHONPATH=tests $(VENV)/bin/python -m benchmarks $(OPTIONS)

lint: $(VENV)/.dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

expansion: $(VENV)/.dev
	$(VENV)/bin/python tests/tools/expand_icd_10_cm.py

reference: $(VENV)/.dev
	$(VENV)/bin/python tests/tools/reference.py

screenshots: $(VENV)/.dev
	$(VENV)/bin/python tests/tools/screenshots.py

manifests: $(VENV)/.dev
	$(VENV)/bin/python tests/tools/manifests.py

# Builds the image without a Docker daemon and tries it; tests/tools/image.py says what that needs.
image-test: | $(VENV)/bin/python
	$(VENV)/bin/python tests/tools/image.py

# What is in the image beside the base, in CycloneDX, from the lock that it is built from.
sbom: $(VENV)/.dev
	@mkdir -p dist
	$(VENV)/bin/uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock \
		--pyproject pyproject.toml --output-reproducible --of JSON -o dist/lumbar-mri-cds.cdx.json

lock: $(VENV)/.dev
	$(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-strip-extras --no-header \
		--extra postgresql pyproject.toml -o requirements.lock
	$(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-strip-extras --no-header \
		--extra dev pyproject.toml -o requirements-dev.lock
	$(VENV)/bin/uv pip compile -q --universal --generate-hashes --no-strip-extras --no-header \
		--group build -o requirements-build.lock

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install -q --require-hashes --no-deps -r requirements.lock
	$(VENV)/bin/python -m pip install -q --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/python -m pip install -q --require-hashes --no-deps -r requirements-dev.lock
	$(VENV)/bin/python -m pip install -q --no-deps -e .
	@touch $@ $(VENV)/.serve

clean:
	rm -rf $(VENV) var
