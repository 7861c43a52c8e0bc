package upstreams

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ThammasatPath is where the TU account API answers; the path is the public API's, its document
// names none.
const ThammasatPath = "/api/v1/auth/Ad/verify"

// ThammasatOptions are the settings of a TU account API.
type ThammasatOptions struct {
	Options

	// Quota is how many calls an Application-Key has in an hour; 0 is the documented 1,000.
	Quota int
}

// Thammasat is the TU account API: one POST that checks an account (UserName, PassWord) under an
// Application-Key. A call presents two credentials: the account, as "user:password", and the key.
type Thammasat struct {
	*Server

	mu        sync.Mutex
	keys      map[string]*window
	accounts  map[string]Account // by user name in lower case
	quota     int
	bodyFirst bool
	refusal   int // HTTP status of a wrong account
}

// Account is one account of the TU account API. Its user name is the same in any case, as in the
// directory behind the real one; its password is not.
type Account struct {
	User, Password string
	Type           string // "student" or "employee"
	NameTH, NameEN string
	Email          string
	Department     string
	Faculty        string // of a student
	Organization   string // of an employee
	Username       bool   // the reply has the public API's username, tu_status and statusid too
}

// NewThammasat starts a TU account API without keys and accounts. It panics if it cannot listen.
func NewThammasat(o ThammasatOptions) *Thammasat {
	return must(newThammasat(o))
}

// newThammasat is NewThammasat for callers that can do something about an occupied address.
func newThammasat(o ThammasatOptions) (*Thammasat, error) {
	t := &Thammasat{
		keys:     make(map[string]*window),
		accounts: make(map[string]Account),
		quota:    o.Quota,
		refusal:  http.StatusBadRequest,
	}
	if t.quota == 0 {
		t.quota = 1_000
	}
	var err error
	if t.Server, err = listen(o.Options); err != nil {
		return nil, err
	}
	t.begin(thammasatAPI{t})
	return t, nil
}

// AddKey adds a valid Application-Key, with a new quota.
func (t *Thammasat) AddKey(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keys[key] = &window{}
}

// AddAccount adds a valid account, in place of an earlier one of the same user name.
func (t *Thammasat) AddAccount(a Account) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.accounts[strings.ToLower(a.User)] = a
}

// BodyFirst chooses the order of the checks, which the document leaves open. False, the default: the
// key is checked first, so that only a valid key without a body gets the error about the body. True: a
// missing body gets that error whatever the key.
func (t *Thammasat) BodyFirst(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bodyFirst = on
}

// RefuseWith chooses the HTTP status of a wrong account: 400, the default, as seen at the public
// API, or 200 with status false, as the document's field promises.
func (t *Thammasat) RefuseWith(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refusal = status
}

// window counts one key's calls in a fixed hour that begins with its first call.
type window struct {
	began time.Time
	used  int
}

// take counts one call; over the quota it counts none and returns how long the window still lasts.
func (w *window) take(now time.Time, quota int) (wait time.Duration) {
	if w.used == 0 || now.Sub(w.began) >= time.Hour {
		w.began, w.used = now, 0
	}
	if w.used >= quota {
		return w.began.Add(time.Hour).Sub(now)
	}
	w.used++
	return 0
}

// over is the reply to a call over the quota. The document gives the quota and no reply for it.
func over(wait time.Duration) Reply {
	seconds := int((wait + time.Second - 1) / time.Second) // never too early
	return thammasatError(http.StatusTooManyRequests, thammasatOverQuota).with("Retry-After", strconv.Itoa(seconds))
}
