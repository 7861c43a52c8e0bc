package apis

// All lists every dialect, in the order of the readme. A new one is a file of
// its own and a line here.
func All() []*API {
	return []*API{complete(thammasat()), complete(ippanel()), complete(bts()), complete(webservice())}
}
