// Package upstreams emulates the four APIs whose credentials the plugin checks: the TU account API,
// the IPPanel panel with its one-time passwords, the BTS courier API and the web service of the
// web-service errors. Each is a real HTTP server on a real socket, speaks the protocol that its
// document describes, and keeps its own accounts, tokens and limits.
//
// A test starts one, adds accounts, and configures the plugin with its address:
//
//	panel := upstreams.NewIPPanel(upstreams.IPPanelOptions{})
//	defer panel.Close()
//	panel.AddUser(upstreams.PanelUser{UserName: "sara", Password: "secret"})
//	token := panel.IssueToken("sara")
//	// … send token through the plugin, then:
//	calls := panel.CallsWith(token)
//
// What every server can do beyond its protocol stands in Server: count and record requests, hold
// them back, and answer one credential, or every request, by script. Time comes from a Clock that the
// test moves, so ten hours pass in no time.
//
// The emulation is stricter than the real APIs where strictness finds mistakes of a caller: field
// names and schemes match byte for byte, and a POST that is not JSON is rejected. Where a document is
// silent, the comments say what was assumed. Nothing here protects real credentials.
package upstreams
