package check

import (
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
)

// module is what Traefik loads.
const module = "github.com/upstreamauth/upstreamauth"

// static returns what is wrong with static configurations: one that does not declare the
// plugin is only wrong where it was named as the one.
func static(files []*delivered.File, o Options) []Finding {
	var found []Finding
	for _, f := range files {
		add := func(key, text string) {
			found = append(found, Finding{File: f.Name, Middleware: "static", Key: key, Text: text})
		}
		if f.Static == nil {
			if o.Static[f.Name] {
				add("", "no static configuration of Traefik is in it")
			}
			continue
		}
		aliases := f.Static.Plugins()
		declared, other := false, ""
		for _, alias := range sorted(aliases) {
			if aliases[alias] != module {
				continue
			}
			if strings.EqualFold(alias, o.Alias) {
				declared = true
			} else {
				other = alias
			}
		}
		if !declared && other != "" {
			add("experimental.plugins."+other, "the plugin is declared under this name, and not as "+strconv.Quote(o.Alias)+"; middlewares that write plugin: "+o.Alias+" are dropped with their routers (for another name: -plugin "+other+")")
		}
		if !declared && other == "" && o.Static[f.Name] {
			add("experimental.plugins."+o.Alias, "the plugin is not declared; middlewares that name it are dropped with their routers")
		}
		if (declared || other != "" || o.Static[f.Name]) && !f.Static.Aborts() {
			add("experimental.abortOnPluginFailure", "not true: where the plugin does not load, Traefik starts without it and drops its routers; others that match then answer unauthenticated")
		}
	}
	return found
}
