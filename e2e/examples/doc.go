// Package examples finds what users copy: every configuration in the project's
// pages and below examples/. Its tests load each as its provider would deliver
// it, and check the pages' links, commands and words. The tests in e2e/behind/pages
// do the same behind a real Traefik.
package examples
