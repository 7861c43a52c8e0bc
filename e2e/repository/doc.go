// Package repository holds true what stands in the repository beside code: the
// workflows and forms of GitHub, what the documents name, and how files end.
package repository
