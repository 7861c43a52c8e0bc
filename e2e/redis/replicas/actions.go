package replicas

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
)

func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// Verify presents a token to a replica. The result is the user with the end of the answer in
// Unix milliseconds, or the reason of the denial.
func Verify(number int, token string) string {
	d, _ := of(number).cache.Verify(context.Background(), bearer(token), func() string { return "192.0.2.1" })
	if !d.Allowed {
		return string(d.Denial.Reason)
	}
	roles, _ := d.Identity.Values("roles")
	return d.Identity.Get("user") + " " + strings.Join(roles, ",")
}

// Expires is when a token's answer ends, in Unix milliseconds.
func Expires(number int, token string) int64 {
	d, _ := of(number).cache.Verify(context.Background(), bearer(token), func() string { return "192.0.2.1" })
	return d.Expires.UnixMilli()
}

// Prebuild presents a token to a replica, and has its answer prebuilt. The result is how
// many answers are.
func Prebuild(number int, token string) int {
	r := of(number)
	d, _ := r.cache.Verify(context.Background(), bearer(token), func() string { return "192.0.2.1" })
	if d.Allowed {
		r.cache.Prebuild(bearer(token), d, r.fast.Line("Bearer "+token), &cache.Prebuilt{Names: []string{"X-Auth-User"}, Values: []string{token}})
	}
	return Prebuilt(number)
}

// Prebuilt is how many answers are prebuilt.
func Prebuilt(number int) int {
	r := of(number)
	r.fast.Lock.Lock()
	defer r.fast.Lock.Unlock()
	return len(r.fast.Answers)
}

// Calls is how many calls a replica has made.
func Calls(number int) int {
	r := of(number)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

// Logs are the lines that a replica has logged.
func Logs(number int) []string {
	r := of(number)
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.logs...)
}

// Forget has what is remembered of a token, or of an account, forgotten, as an operator does.
func Forget(number int, by, value string) {
	of(number).registry.Forget(by, value, "")
}

// Asked is how many batches the memories of a replica's registry were asked, as the status
// route shows it: 0 if there is none.
func Asked(number int) int {
	state := of(number).registry.MemoryState()
	if state == nil {
		return 0
	}
	asked := int64(0)
	for _, n := range state.Took.Counts {
		asked += n
	}
	return int(asked)
}

// Bar bars a token at a replica; Logout ends it, as an issuer's route sees it; Login issues
// it, and Refresh the refresh token that comes with it.
func Bar(number int, token string) { of(number).cache.Bar(bearer(token)) }

// Logout tells the replica's logins of one.
func Logout(number int, token string) { of(number).logins.Forget(token) }

// Login tells the replica's logins of one.
func Login(number int, token string) { of(number).logins.Add(token) }

// Refresh tells the replica's logins of a refresh token, and of the token beside it.
func Refresh(number int, token, other string) { of(number).logins.Bar(token, other) }

// Advance lets time pass at a replica; Skew sets its wall clock.
func Advance(number int, d time.Duration) {
	r := of(number)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.passed += d
}

// Skew sets the replica's wall clock ahead, and not its uptime.
func Skew(number int, d time.Duration) {
	r := of(number)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skew = d
}

// Lifetime and Revalidate change a replica's policy, with the next reload.
func Lifetime(number int, d time.Duration) { of(number).policy.Lifetime = d }

// Revalidate sets the age from which the replica asks again, from its next Reload on.
func Revalidate(number int, d time.Duration) { of(number).policy.Revalidate = d }

// Reach changes how long a replica waits for Redis, from its next Reload on.
func Reach(number int, timeout time.Duration) { of(number).options.Redis.Timeout = timeout }

// Reload replaces a replica's instance; Close ends it.
func Reload(number int) { of(number).join() }

// Close ends the replica's instance.
func Close(number int) { of(number).cancel() }

// Keep has an entry of a token written for which the upstream was asked that long ago.
func Keep(number int, token string, age time.Duration) {
	r := of(number)
	asked := r.now().Add(-age)
	entry := &shared.Entry{Identity: verifier.Identity{{Name: "user", Value: "late"}}, Asked: asked, Issued: asked}
	r.store.Keep(r.store.Names(names()), bearer(token), entry, r.now().Add(time.Hour))
}

func names() shared.Scope {
	return shared.Scope{
		Parts: []string{"everything"}, API: "api", Address: "https://upstream.test", LoginSecret: "MARKER-login-secret",
	}
}

// Counts are what a replica's store has counted: looks, found, unopened, kept, lost, forgets,
// heard, failures.
func Counts(number int) []int {
	c := of(number).store.Counts()
	return []int{c.Looks, c.Found, c.Unopened, c.Kept, c.Lost, c.Forgets, c.Heard, c.Failures}
}

// Many presents n tokens to a replica from that many goroutines, and counts the answers.
func Many(number, callers, n int, prefix string) string {
	results := make([]string, n)
	var wg sync.WaitGroup
	for i := 0; i < callers; i++ {
		wg.Add(1)
		go verifySome(&wg, number, callers, i, prefix, results)
	}
	wg.Wait()
	counts := map[string]int{}
	for i, result := range results {
		if result == "u-"+prefix+strconv.Itoa(i)+" a,b" {
			result = "allowed"
		}
		counts[result]++
	}
	return fmt.Sprint(counts)
}

func verifySome(wg *sync.WaitGroup, number, callers, first int, prefix string, results []string) {
	defer wg.Done()
	for i := first; i < len(results); i += callers {
		results[i] = Verify(number, prefix+strconv.Itoa(i))
	}
}

// Time runs one operation n times, and returns how long each takes: a look that finds
// nothing, one that finds an entry, the writing of an entry, or a call counted.
func Time(number int, operation string, n int) time.Duration {
	r := of(number)
	names := r.store.Names(shared.Scope{Parts: []string{strings.TrimSuffix(operation, "-keep")}, API: "api", Address: "https://upstream.test"})
	now := time.Now()
	entry := &shared.Entry{Identity: verifier.Identity{{Name: "user", Value: "u"}, {Name: "id", Value: "1"}}, Asked: now, Issued: now}
	c := bearer("token-of-some-forty-letters-0123456789ab")
	client := redis.New(redis.Options{Endpoints: r.options.Redis.Endpoints, Timeout: r.options.Redis.Timeout, Now: time.Now})
	defer client.Close()
	began := time.Now()
	for i := 0; i < n; i++ {
		switch operation {
		case "get": // the client alone
			_, _ = client.Do([][]string{{"MGET", "a", "b", "c", "d"}})
		case "look", "find":
			r.store.Look(names, c)
		case "keep", "find-keep":
			r.store.Keep(names, c, entry, now.Add(time.Hour))
		case "names":
			names.Of(c)
			names.TokenOf(c)
		case "take":
			r.store.Take(names, "", verifier.Rate{Calls: 10, Period: time.Hour})
		}
	}
	return time.Since(began) / time.Duration(n)
}
