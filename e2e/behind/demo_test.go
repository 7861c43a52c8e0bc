package behind

import "testing"

func TestDemo(t *testing.T) {
	t.Run("each line gets the status that it promises", func(t *testing.T) { DemoLines(t, "") })
	t.Run("each journey prints the statuses that it promises", func(t *testing.T) { DemoJourneys(t, "") })
}
