// Package shells pastes what the project's pages, examples and programs give users
// to paste, into the shells that they have.
package shells
