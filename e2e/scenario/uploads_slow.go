package scenario

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
)

// endlessUpload: the client never stops; the server has to.
func endlessUpload(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	for _, length := range []int64{1 << 40, -1} {
		sent, pause := h.sendEndless(t, length)
		for tries := 1; tries < 5 && sent < 48*mib && pause > shortStep/2; tries++ { // then the machine held it up
			sent, pause = h.sendEndless(t, length)
		}
		if sent < 48*mib || sent > 256*mib {
			t.Errorf("length %d: %d MiB were taken", length, sent>>20)
		}
	}
}

// sendEndless sends a body until it is cut off, and returns how much was sent and the longest
// time that a part of it took.
func (h *Harness) sendEndless(t *testing.T, length int64) (sent int64, pause time.Duration) {
	t.Helper()
	u := h.begin(t, "POST", "/", "r", length)
	defer u.close()
	for sent < 1024*mib {
		begun := time.Now()
		err := u.send(mib, length < 0)
		pause = max(pause, time.Since(begun))
		if err != nil {
			break
		}
		sent += mib
	}
	return sent, pause
}

func slowUploads(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	config := with(webServiceConfig(up), "log", "info")
	h.Serve(Routes{"r": config})
	line := bearer(issueToken(up, "client"))
	h.ExpectCached(Request{Route: "r", Headers: []string{line}})
	// Beside so many, a body is given up whose next 32 KiB take a quarter of a second, which a
	// busy machine now and then needs itself.
	var wrong string
	for range 3 {
		if wrong = uploadsBesideSlowOnes(t, h, line); wrong == "" {
			return
		}
	}
	t.Error(wrong)
}

// uploadsBesideSlowOnes tells what was wrong with uploads of two clients beside 500 slow ones;
// empty: nothing.
func uploadsBesideSlowOnes(t *testing.T, h *Harness, line string) (wrong string) {
	const slow = 500
	var cutOff atomic.Int64
	begun := time.Now()
	concurrently(slow, 0, func(i int) {
		length := int64(100 * mib)
		if i%4 == 0 {
			length = 300 << 10
		}
		u := h.begin(t, "POST", "/", "r", length)
		_, _, err := u.read()
		if err != nil {
			t.Errorf("a slow upload got no refusal: %v", err)
		}
		go func() {
			defer u.close()
			for u.send(1, false) == nil {
				time.Sleep(100 * time.Millisecond)
			}
			cutOff.Add(1)
		}()
	})
	t.Logf("%d slow uploads after %s", slow, time.Since(begun))
	for range 20 {
		asked := time.Now()
		h.ExpectCached(Request{Route: "r", Headers: []string{line}})
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "wrong")}})
		if took := time.Since(asked); took > 2*time.Second {
			wrong += fmt.Sprintf("two requests took %s; ", took)
		}
	}
	for _, length := range []int64{5 * mib, 30 * mib} {
		status, _, err := h.sendAll(t, "POST", "/", "r", length, false)
		if err != nil || status != 401 {
			wrong += fmt.Sprintf("an upload of %d MiB meanwhile: %d %v; ", length>>20, status, err)
		}
	}
	waitFor(t, "all slow uploads are cut off", func() bool { return cutOff.Load() == slow })
	t.Logf("all cut off after %s", time.Since(begun))
	return wrong
}
