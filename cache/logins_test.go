package cache

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// believes: an instance that takes the word of the logins, and asks about the
// rest; ask sees what it is asked.
func (w *fixture) believes(l *Logins, epoch string, p Policy) *Cache {
	i := Instance{Context: context.Background(), Epoch: epoch, RenderKey: "plan", Policy: p, Report: func(string, string, string) {}, Logins: l}
	c, _ := w.registry.Join("upstream", i, false, func(func() verifier.Rate, verifier.Report) verifier.Verifier {
		return verifies(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
			if !c.Issued.IsZero() {
				return verifier.Decision{Allowed: true, Issued: c.Issued}, nil
			}
			return w.ask(ctx, c)
		})
	})
	return c
}

func TestALearnedTokenIsGoodFromItsIssueForItsLifetime(t *testing.T) {
	w := newWorld(t)
	w.turn(refuse(verifier.Invalid))
	l := w.registry.loginsNamed("panel")
	c := w.believes(l, "", usual())
	l.Add("x")
	w.move(9 * time.Hour)
	d, err := c.Verify(context.Background(), bearer("x"), client)
	if !d.Allowed || err != nil || !d.Expires.Equal(w.Now().Add(time.Hour)) {
		t.Fatalf("%+v %v", d, err)
	}
	w.move(time.Hour - 1)
	w.expect(c, bearer("x"), "", 0)
	w.move(1)
	w.expect(c, bearer("x"), verifier.Invalid, 1)
	w.expect(c, bearer("y"), verifier.Invalid, 1)
}

func TestALoginTakesThePlaceOfARefusalAndARefusalThatOfALogin(t *testing.T) {
	w := newWorld(t)
	w.turn(refuse(verifier.Invalid))
	l := w.registry.loginsNamed("panel")
	p := usual()
	p.Revalidate = time.Hour
	c := w.believes(l, "", p)
	w.expect(c, bearer("x"), verifier.Invalid, 1)
	w.move(time.Second)
	l.Add("x")
	w.expect(c, bearer("x"), "", 0)
	w.move(time.Hour)
	if d, _ := c.Verify(context.Background(), bearer("x"), client); !d.Allowed {
		t.Errorf("%+v", d) // it is asked about behind this request's back
	}
	w.landed(c)
	w.expect(c, bearer("x"), verifier.Invalid, 0)
	w.move(time.Minute)
	w.expect(c, bearer("x"), verifier.Invalid, 1) // the login has lost its word for good
}

func TestWhatIsBarredOrForgottenOpensNothingFromThatMoment(t *testing.T) {
	w := newWorld(t)
	l := w.registry.loginsNamed("panel")
	c, other := w.believes(l, "", usual()), w.cache(usual())
	w.expect(c, bearer("refresh"), "", 1)
	l.Block("refresh")
	w.expect(c, bearer("refresh"), verifier.Invalid, 0)
	l.Add("x")
	w.expect(c, bearer("x"), "", 0)
	l.Forget("x")
	w.turn(refuse(verifier.Invalid))
	w.expect(c, bearer("x"), verifier.Invalid, 1)
	w.expect(other, bearer("refresh"), verifier.Invalid, 1) // which believes no login, asks
}

func TestALogoutWhileATokenIsAskedAboutVoidsTheQuestion(t *testing.T) {
	w := newWorld(t)
	l := w.registry.loginsNamed("panel")
	c := w.believes(l, "", usual())
	land := w.held(c, newCrowd(w, yes))
	l.Forget("x")
	d, err := land()
	expectLate(t, d, err)
}

func TestANewEpochForgetsTheLoginsBeforeIt(t *testing.T) {
	w := newWorld(t)
	w.turn(refuse(verifier.Invalid))
	l := w.registry.loginsNamed("panel")
	first := w.believes(l, "1", usual())
	l.Add("x")
	w.expect(first, bearer("x"), "", 0)
	w.move(time.Second)
	second := w.believes(l, "2", usual())
	w.expect(second, bearer("x"), verifier.Invalid, 1)
	l.Add("y")
	w.expect(second, bearer("y"), "", 0)
}

func TestLoginsOfAnotherWordAreNotBelieved(t *testing.T) {
	w := newWorld(t)
	w.turn(refuse(verifier.Invalid))
	c := w.believes(w.registry.loginsNamed("panel, one word"), "", usual())
	w.registry.loginsNamed("panel, another").Add("x")
	w.expect(c, bearer("x"), verifier.Invalid, 1)
}

func TestLoginsTakeBoundedRoomAndLeaveWhereNobodyUsesThem(t *testing.T) {
	w := newWorld(t)
	l := w.registry.loginsNamed("panel")
	for i := 0; i < 2*maxLogins; i++ {
		l.Add(fmt.Sprint(i))
	}
	if l.tokens.Len() != maxLogins || l.find("0") != nil || l.find(fmt.Sprint(2*maxLogins-1)) == nil {
		t.Errorf("%d are known", l.tokens.Len())
	}
	w.move(loginsKept + 1)
	w.registry.loginsNamed("other")
	if len(w.registry.logins) != 1 {
		t.Errorf("%d are kept", len(w.registry.logins))
	}
}
