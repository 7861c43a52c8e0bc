// Package examples loads what users copy: every configuration of examples/ and
// of the readme, each as its provider would deliver it.
package examples
