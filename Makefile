# Everything one does with the tree, one word each. The work itself is in scripts/, where each file says what it does.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: run build test debug tsan check format bench bench-live faults servers servers-status servers-down build-live run-cluster \
        test-live planted-live faults-live clean help

run: ## Install packages, build and start the server on 127.0.0.1:8080, data in ./data (ARGS="--listen …" for more)
	@scripts/install-packages
	@scripts/build release chat4all
	@exec build/release/chat4all serve $(ARGS)

build: ## The program, optimised: build/release/chat4all
	@scripts/install-packages
	@scripts/build release chat4all

test: ## All tests that need no outside server; the last line counts them
	@scripts/install-packages
	@scripts/run-tests

debug: ## Everything with AddressSanitizer and UBSan, in build/debug
	@scripts/install-packages
	@scripts/build debug all

tsan: ## Unit, contract and simulation tests under ThreadSanitizer
	@scripts/install-packages
	@scripts/build tsan all
	@echo "Left out: kafka_mock_test (librdkafka starts its threads in a way that ThreadSanitizer 19 does not know, and it crashes)"
	@TSAN_OPTIONS="suppressions=$(CURDIR)/scripts/tsan-suppressions" ctest --test-dir build/tsan -LE live -E '^kafka_mock_test$$' \
		--output-on-failure -j "$$(scripts/build-jobs)"

check: ## Form: formatting, API files, links, dependencies between folders, sizes
	@scripts/install-packages
	@scripts/check

format: ## Write the formatting that `make check` asks for
	@find src tests -name '*.h' -o -name '*.cpp' | xargs --no-run-if-empty clang-format-19 -i

bench: build ## Measure: the load generator against a server of its own
	@build/release/chat4all bench all

bench-live: build-live ## The same on the distributed profile and the servers of `make servers`; prints Markdown (ARGS="--only capacity")
	@scripts/install-packages --servers
	@scripts/build live cassandra_bench
	@scripts/bench-live $(ARGS)

faults: ## Kills, power cuts, full disks, failing fsyncs (long; needs root)
	@scripts/install-packages --faults
	@scripts/faults $(ARGS)

servers: ## Kafka, Cassandra, PostgreSQL and Redis on this machine, without Docker (deploy/local; ARGS="--only kafka,redis")
	@scripts/install-packages --servers
	@deploy/local/servers.py up $(ARGS)

servers-status: ## Their addresses, memory and health; fails where one is not healthy
	@deploy/local/servers.py status $(ARGS)

servers-down: ## Stop them (ARGS=--wipe deletes their data too)
	@deploy/local/servers.py down $(ARGS)

build-live: ## The program with every engine: build/live/chat4all (Rust for the Cassandra driver is installed where missing)
	@scripts/install-packages
	@scripts/install-packages --cassandra
	@scripts/build live chat4all

run-cluster: build-live ## Two gateways behind HAProxy and three routers on the servers of `make servers`
	@scripts/install-packages --servers
	@deploy/local/run-cluster

test-live: build-live ## The contract suites and the end-to-end tests on those servers; the last line counts them
	@scripts/install-packages --servers
	@scripts/test-live

planted-live: build-live ## Mistakes on purpose in front of those servers, each of which a test must see (long)
	@scripts/install-packages --servers
	@scripts/planted-live

faults-live: build-live ## Processes and servers killed and paused under load; writes docs/reports/failover.md (long)
	@scripts/install-packages --faults
	@scripts/install-packages --servers
	@tests/faults/run-live $(ARGS)

clean: ## Remove build/ (data/ stays)
	@rm -rf build

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
