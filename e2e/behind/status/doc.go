// Package status looks at the operator's route behind a real Traefik, as the programs do that
// it is made for: Prometheus, which scrapes it and evaluates the alerts and the dashboard of
// docs/, and a browser.
package status
