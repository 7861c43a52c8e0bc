package behind

import "testing"

func TestTheDemosLinesGiveWhatTheyPromise(t *testing.T) { DemoLines(t, "") }

func TestTheDemosJourneysLeadWhereTheySay(t *testing.T) { DemoJourneys(t, "") }
