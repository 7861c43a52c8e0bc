// Package sample shows what a plugin sees of its process.
package sample

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Config is decoded by Traefik.
type Config struct {
	Greeting string
	Names    []string
	Loud     bool
	Fail     string
}

// CreateConfig gives the defaults.
func CreateConfig() *Config { return &Config{Greeting: "good day"} }

var (
	loaded = time.Now()
	served atomic.Int64
)

type sample struct {
	next   http.Handler
	config *Config
	name   string
}

// New builds the handler.
func New(_ context.Context, next http.Handler, config *Config, name string) (http.Handler, error) {
	switch config.Fail {
	case "error":
		return nil, errors.New("as configured")
	case "panic":
		panic("as configured")
	}

	fmt.Println("out:", name)
	log.Println("err:", name)
	if config.Loud {
		fmt.Fprintln(os.Stderr, "os:", name)
	}

	return &sample{next: next, config: config, name: name}, nil
}

func (s *sample) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	value, found := os.LookupEnv("SAMPLE")

	h.Set("Greeting", s.config.Greeting)
	h.Set("Names", strings.Join(s.config.Names, "|"))
	h.Set("Loud", fmt.Sprint(s.config.Loud))
	h.Set("Served", fmt.Sprint(served.Add(1)))
	h.Set("Now", time.Now().UTC().Format(time.RFC3339))
	h.Set("Age", time.Since(loaded).String())
	h.Set("Until", time.Until(loaded.Add(24*time.Hour)).String())
	h.Set("Env", fmt.Sprint(os.Getenv("SAMPLE"), value, found))
	h.Set("Home", os.Getenv("HOME")+os.Getenv("PATH"))

	s.next.ServeHTTP(w, r)
}
