// Command upstreamauth checks configurations of the Traefik plugin of the same name,
// shows what they mean, and tries them on a response of the API.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
