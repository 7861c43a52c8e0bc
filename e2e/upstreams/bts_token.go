package upstreams

import (
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// btsUse is a claim of refresh tokens only. The document only says that there are two kinds of
// tokens; without the claim each would be accepted as the other.
const btsUse, btsUseRefresh = "use", "refresh"

// Sign returns a JWT with exactly these claims under the API's own key and kid: for tokens that no
// login gives, such as one without exp. It panics if the claims are no JSON.
func (b *BTS) Sign(claims map[string]any) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims(claims))
	token.Header["kid"] = b.kid
	return must(token.SignedString(b.key))
}

// accessToken is a fresh token for calls.
func (b *BTS) accessToken(u BTSUser) string {
	claims := b.standardClaims(u.Login, BTSAccessLifetime)
	claims["name"] = u.Name
	claims["email"] = u.Email
	maps.Copy(claims, u.Claims)
	return b.Sign(claims)
}

// refreshToken is a fresh token for one refresh.
func (b *BTS) refreshToken(login string) string {
	claims := b.standardClaims(login, BTSRefreshLifetime)
	claims[btsUse] = btsUseRefresh
	b.refresh.issue(claims["jti"].(string), login, BTSRefreshLifetime)
	return b.Sign(claims)
}

// standardClaims are what both tokens have.
func (b *BTS) standardClaims(login string, lifetime time.Duration) map[string]any {
	now := b.Clock.Now()
	return map[string]any{
		"sub": login,
		"jti": randomHex(),
		"iat": now.Unix(),
		"exp": now.Add(lifetime).Unix(),
	}
}

// verify returns the claims of a token that this API signed with RS256 and that has not ended.
func (b *BTS) verify(token string) (jwt.MapClaims, bool) {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, b.verificationKey,
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(b.Clock.Now),
		jwt.WithJSONNumber(),
	)
	return claims, err == nil
}

// verificationKey returns the key for a token's kid, of which there is one.
func (b *BTS) verificationKey(token *jwt.Token) (any, error) {
	if token.Header["kid"] != b.kid {
		return nil, errors.New("signed with another key")
	}
	return &b.key.PublicKey, nil
}

// isAccess reports whether a token is a valid access token.
func (b *BTS) isAccess(token string) bool {
	if b.lenient {
		_, good := b.verify(respelled(token))
		return good
	}
	claims, good := b.verify(token)
	return good && claims[btsUse] != btsUseRefresh
}

// respelled spells a token canonically that PHP's base64_decode would read: it takes both alphabets,
// and drops padding and any other character. Parts after the third are ignored, as by list().
func respelled(token string) string {
	parts := strings.Split(token, ".")
	parts = parts[:min(len(parts), 3)]
	for i, part := range parts {
		known := strings.Map(func(c rune) rune {
			switch {
			case c == '-':
				return '+'
			case c == '_':
				return '/'
			case c < 128 && (c == '+' || c == '/' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'):
				return c
			}
			return -1
		}, part)
		decoded, _ := base64.RawStdEncoding.DecodeString(known)
		parts[i] = base64.RawURLEncoding.EncodeToString(decoded)
	}
	return strings.Join(parts, ".")
}

// spendRefresh returns the user of a refresh token, once.
func (b *BTS) spendRefresh(token string) (login string, good bool) {
	claims, good := b.verify(token)
	if !good || claims[btsUse] != btsUseRefresh {
		return "", false
	}
	jti, _ := claims["jti"].(string)
	login, good = b.refresh.find(jti)
	return login, good && b.refresh.drop(jti)
}
