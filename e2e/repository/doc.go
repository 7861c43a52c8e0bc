// Package repository checks what the repository holds beside code: the workflows
// and forms of GitHub, what the documents name, and how files end.
package repository
