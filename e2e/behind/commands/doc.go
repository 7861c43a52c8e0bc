// Package commands starts the project's programs as their users do, leads a real
// Traefik to the emulated APIs, and looks at what the programs leave behind when
// they are ended.
package commands
