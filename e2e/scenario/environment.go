package scenario

import "strings"

// Environment is what the plugin may read on every level.
func Environment() []string {
	return []string{
		"UPSTREAMAUTH_TU_KEY=" + OperatorKey,
		"UPSTREAMAUTH_TU_KEY_LINE=" + OperatorKey + "\n",
		"UPSTREAMAUTH_PROBE=" + password,
		"UPSTREAMAUTH_PROBE_LINE=" + password + "\r\n",
		"UPSTREAMAUTH_PROBE_LINES=" + password + "\n\n",
		"UPSTREAMAUTH_LOGIN_SECRET=" + Marker + "learn-0123456789",
		"UPSTREAMAUTH_LOGIN_SECRET_ANOTHER=" + Marker + "another-0123456789",
		"UPSTREAMAUTH_SESSION=" + Marker + "session-0123456789abcdef0123456789",
		"UPSTREAMAUTH_SESSION_ANOTHER=" + Marker + "session-fedcba9876543210fedcba98765",
		"UPSTREAMAUTH_KEYS=" + KeysSecret,
		"UPSTREAMAUTH_SHARED=" + Marker + "shared-0123456789abcdef0123456789",
		"UPSTREAMAUTH_REDIS=" + RedisPassword,
		"UPSTREAMAUTH_SHARED_ANOTHER=" + Marker + "shared-fedcba9876543210fedcba98765",
		"SECRET_OF_TRAEFIK=MARKER-not-yours",
	}
}

// KeysSecret is who the gate is at the keys service, which configurations name by
// env:UPSTREAMAUTH_KEYS.
const KeysSecret = "MARKER-keys-secret-0123456789"

// RedisPassword is a user's of Redis, which configurations name by env:UPSTREAMAUTH_REDIS.
const RedisPassword = "MARKER-redis-0123456789"

// OperatorKey is the application key that basic's configuration names by
// env:UPSTREAMAUTH_TU_KEY.
const OperatorKey = "MARKER-operators-key-0123456789abcdef"

func lookupEnv(env []string, name string) (string, bool) {
	for _, line := range env {
		key, value, _ := strings.Cut(line, "=")
		if key == name {
			return value, true
		}
	}
	return "", false
}
