package gate

import "strings"

// folding maps every character that is not a letter or digit to "-", since CGI,
// WSGI and PHP turn them into one: there X_Auth_User is X-Auth-User. A Replacer is
// one call into compiled code, whatever the length.
var folding = strings.NewReplacer("_", "-", ".", "-", "!", "-", "#", "-", "$", "-", "%", "-", "&", "-",
	"'", "-", "*", "-", "+", "-", "^", "-", "`", "-", "|", "-", "~", "-", " ", "-", ":", "-", "/", "-")

// Fold returns a header name as backends compare it: in lower case, with "-" for
// every character that is not a letter or digit. It is for comparing only.
func Fold(name string) string {
	return strings.ToLower(folding.Replace(name))
}
