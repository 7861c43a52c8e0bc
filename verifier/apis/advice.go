package apis

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// advised names a cause for the log, with what to change. Keys that an advice names have
// a $ before them, for the name of the block.
func advised(kind verifier.Kind, cause, advice string) string {
	if advice == "" {
		return cause
	}
	return cause + ": " + transport.For(string(kind), advice)
}

// kindOf is the kind of an error: where the operator has to act, it is that too.
func kindOf(kind error, settings bool) error {
	if settings {
		return verifier.Misconfigured(kind)
	}
	return kind
}

// adviseOn says what a response means for the operator by its status and by what the
// transport found; settings: the operator has to act, since it will not pass by itself.
// Nothing of the response is in it. A finding of the transport comes first where it is
// sure, since a status may be that of any server.
func adviseOn(response transport.Response) (advice string, settings bool) {
	if response.Settings {
		return response.Advice, true
	}
	if response.Redirect != transport.NoRedirect {
		return adviseOnRedirect(response.Redirect), true
	}
	switch response.Status {
	case http.StatusNotFound, http.StatusGone:
		return "there is nothing at this address: correct $path, or $url", true
	case http.StatusMethodNotAllowed:
		return "it does not take this method there: correct $method, or $path", true
	case http.StatusProxyAuthRequired:
		return "a proxy on the way wants a login of its own: name in $url an address that leads to the API without it", true
	case http.StatusNotAcceptable, http.StatusUnsupportedMediaType, http.StatusLengthRequired:
		return "it takes no such call there: correct $method or $path", true
	case http.StatusMisdirectedRequest:
		return "that server is not for this host: correct the host of $url, or $tls.serverName", true
	case http.StatusUpgradeRequired:
		return "it wants another protocol: write https:// in $url, or name another port", true
	case 495, 496: // nginx
		return "it refuses or misses a client certificate: correct $tls.cert and $tls.key", true
	case http.StatusNotImplemented:
		return "if it goes on: it may not know this method: $method", false
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return "the API behind that address is down or overloaded, or a gateway says so", false
	case http.StatusUnauthorized, http.StatusForbidden:
		return "a gateway, a firewall or a login page in between: does it block Traefik's address, or want a key of its own? Otherwise correct $url", false
	}
	if response.Status >= http.StatusInternalServerError {
		return "the API has failed", false
	}
	if response.Advice == "" {
		return notTheCheck, false
	}
	return response.Advice, false
}

// notTheCheck is the advice about what the API's documents do not describe.
const notTheCheck = "correct $path or $url, if that is not the API's check, or $api, if it is another API's"

// adviseOnRedirect: redirects are never followed, since another host would get the
// credential.
func adviseOnRedirect(to string) string {
	const unfollowed = "redirects are not followed; "
	switch to {
	case transport.ToHTTPS:
		return unfollowed + "it points to https: write https:// in $url"
	case transport.ToHTTP:
		return unfollowed + "it points to http at the same address: correct $url, or what sends it"
	case transport.ToSlash:
		return unfollowed + "it points to the same path but for its final slash: correct $path"
	case transport.ToOtherPath:
		return unfollowed + "it points to another path of the same host (a login page?): correct $path, or $url"
	case transport.ToOtherHost:
		return unfollowed + "it points to another host or port: correct $url"
	}
	return unfollowed + "it names no place: correct $url or $path"
}
