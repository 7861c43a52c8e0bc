// Package replicas runs the scenarios of several Traefiks that share a memory in Redis
// behind real ones.
package replicas
