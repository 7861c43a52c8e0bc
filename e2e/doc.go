// Package e2e plays the plugin as its users meet it.
package e2e
