// Package sample answers every request with what it was configured to say.
package sample

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
)

// Config is decoded by Traefik.
type Config struct {
	Say string
}

// CreateConfig gives the defaults.
func CreateConfig() *Config { return &Config{} }

type sample struct {
	config *Config
}

// New builds the handler and says so on every way out that a plugin has.
func New(_ context.Context, _ http.Handler, config *Config, _ string) (http.Handler, error) {
	fmt.Println("by fmt:", config.Say)
	log.Println("by log:", config.Say)
	fmt.Fprintln(os.Stderr, "by os.Stderr:", config.Say)

	return &sample{config: config}, nil
}

func (s *sample) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, s.config.Say+os.Getenv("SAMPLE"))
}
