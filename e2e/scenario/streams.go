package scenario

import "net/http"

func streams() http.Handler { return nil }
