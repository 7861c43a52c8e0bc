// Package logs tests what of the plugin's log lands in Traefik's own log file.
package logs
