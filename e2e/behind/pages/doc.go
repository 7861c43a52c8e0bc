// Package pages tries the project's pages on a real Traefik: the quick start as
// it is pasted, every configuration that they show, and what they promise of
// Traefik's access log.
package pages
