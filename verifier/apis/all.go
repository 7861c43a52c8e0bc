package apis

// All lists every dialect, in the order of docs/apis.md. A new one is a file of its own
// and a line here.
func All() []*API {
	return []*API{withDefaults(thammasat()), withDefaults(ippanel()), withDefaults(bts()), withDefaults(webservice())}
}
