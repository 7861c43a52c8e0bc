package interpreted_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// described is a configuration with a dialect of 64 rows.
func described(rows int) map[string]any {
	replies := []any{
		map[string]any{"status": "200", "when": "valid is true", "then": "allow"},
		map[string]any{"status": "401", "then": "deny"},
	}
	for i := len(replies); i < rows; i++ {
		replies = append(replies, map[string]any{"status": "200", "when": fmt.Sprintf("valid is false, reason is r%d", i), "then": "deny", "answer": "401"})
	}
	return map[string]any{"bearer": map[string]any{
		"api": "custom", "url": "https://keys.example.com", "path": "/v1/verify",
		"custom": map[string]any{
			"request":  map[string]any{"form": "key={token}"},
			"replies":  replies,
			"identity": map[string]any{"fields": map[string]any{"user": "owner.name", "id": "key_id"}, "required": "id"},
			"refusal":  map[string]any{"code": "reason", "body": `{"valid":false,"reason":"{code}"}`},
		},
	}}
}

func TestInterpretedDescribed(t *testing.T) {
	t.Run("200 routes of one description read it once", func(t *testing.T) {
		goPath := t.TempDir()
		if err := stage.Plugin(goPath); err != nil {
			t.Fatal(err)
		}
		plugin, err := interpreted.Load(goPath, interpreted.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{8, 64} {
			var took []time.Duration
			begun := time.Now()
			for i := range 200 {
				at := time.Now()
				if _, err := plugin.New(context.Background(), teapot, described(rows), fmt.Sprint("route", i, "@file")); err != nil {
					t.Fatal(err)
				}
				took = append(took, time.Since(at))
			}
			total := time.Since(begun)
			first, others := took[0], slices.Sorted(slices.Values(took[1:]))
			median := others[len(others)/2]
			t.Logf("%d rows: 200 routes %s; the first %s, the others %s each", rows, total.Round(time.Millisecond), first.Round(time.Microsecond), median.Round(time.Microsecond))
			if median > first/2 {
				t.Errorf("%d rows: the first took %s, and the others %s each: they read it anew", rows, first, median)
			}
		}
	})
}
