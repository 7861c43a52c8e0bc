// Package version answers one question: which version of the plugin is this? A release
// writes it.
package version

// Version is what upstreams read in the header User-Agent.
const Version = "0.1.0"
