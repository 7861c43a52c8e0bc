// Package demo drives the demo's page in a real browser, behind a real Traefik: as
// `make demo` starts it, and as the example for Docker does.
package demo
