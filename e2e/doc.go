// Package e2e is a module of its own: compiled code that meets the plugin as
// its users do, and the only place that requires Traefik and its interpreter.
//
//   - upstreams: the four APIs, emulated over real sockets; cmd/upstreams
//     starts them alone
//   - stage, interpreted, traefik: the plugin laid out, loaded, and run in a
//     real Traefik; cmd/traefik-build builds that one
//   - scenario: what the plugin is to do, played native and interpreted there,
//     and by behind, behind Traefik
//   - catalog, examples, yaegi: what the plugin catalog asks for, that the
//     examples load, and what the interpreter gets wrong
//   - release, repository: the tag that the catalog is given, and what stands
//     beside code: workflows, forms, documents
//   - demo, cmd/demo: all of it on one machine, to try
package e2e
