// Package e2e is a module of its own: everything compiled. Its code meets the
// plugin as users do, and only it requires Traefik and the interpreter.
//
// What the tests run on:
//
//   - upstreams: the four APIs, emulated over real sockets
//   - stage: the plugin with its vendor folder, as Traefik and the catalog want it
//   - interpreted: the plugin, loaded by an interpreter as Traefik does
//   - traefik: a real Traefik with the plugin, found or built
//   - redis: real Redis servers, clusters and Sentinels, and the plugin's client against them
//   - ending: nothing is left behind where a process is asked to end, or ends otherwise
//   - ports: a port for each program that tests start
//
// What the tests are:
//
//   - scenario: what the plugin promises, run native and interpreted, and by
//     behind on Traefik
//   - behind: the scenarios, attacks, refusals, a browser's sessions, the status route with
//     a real Prometheus, the demo and its page behind a real Traefik, what the programs leave behind, and what users paste into their
//     shells; all tests that need a Traefik are below this folder
//   - panics: a panic at every function of the plugin, interpreted
//   - yaegi: where the interpreter differs from the compiler
//   - lint, cmd/lint: rules for the plugin's code that the compiler does not
//     check
//   - catalog, examples: the plugin catalog's checks, and that every example loads
//   - repository: workflows, forms and documents, and the Makefile in odd folders
//
// What is measured, shown and released:
//
//   - bench, cmd/bench: what the plugin costs
//   - floods: what requests cost that consist of one thing in great numbers
//   - cmd/figures: how large the plugin's rooms, files and functions are
//   - cmd/folding: writes the table of the spellings that are one account's
//   - demo, cmd/demo: Traefik, the plugin, the four APIs and a page, to try by hand
//   - cmd/upstreams: the four APIs and a backend, for a Traefik of the user's own
//   - cmd/traefik-build: builds the Traefik that the tests run on
//   - cmd/dist: packs the release archive
//   - release, cmd/release: the commit and tag of a release, as the catalog
//     loads them
package e2e
