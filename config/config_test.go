package config

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config/configtest"
)

// configCases is the folder of the configurations that TestRead reads.
const configCases = "../testdata/config"

func TestRead(t *testing.T) {
	for _, c := range configtest.Cases(t, configCases) {
		t.Run(c.Title(), func(t *testing.T) {
			read, faults := Read(c.Config, c.LookupEnv)
			got, want := strings.Join(linesOf(faults), "\n"), strings.Join(c.Faults, "\n")
			if got != want {
				t.Errorf("faults:\n%s\nwant:\n%s", got, want)
			}
			if strings.Contains(got, "MARKER") {
				t.Errorf("a secret in: %s", got)
			}
			described := describe(read)
			for _, line := range c.Settings {
				if !strings.Contains(described, line+"\n") {
					t.Errorf("no %q among the settings:\n%s", line, described)
				}
			}
			if len(c.Faults) == 0 && len(c.Settings) == 0 {
				t.Error("the case names neither faults nor settings")
			}
		})
	}

	t.Run("faults come in the same order every time", func(t *testing.T) {
		for _, c := range configtest.Cases(t, configCases) {
			for range [3]struct{}{} {
				_, faults := Read(c.Config, c.LookupEnv)
				if got := linesOf(faults); strings.Join(got, "\n") != strings.Join(c.Faults, "\n") {
					t.Fatalf("%s: %q", c.Title(), got)
				}
			}
		}
	})
}
