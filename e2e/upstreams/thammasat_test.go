package upstreams

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

const (
	tuNoBody   = `{"status":false,"message":"Body no data! Request body {user / pass}"}`
	tuNoKey    = `{"status":false,"message":"Application-Key header required. Must follow the scheme, \"Application-Key: ACCESS TOKEN\""}`
	tuWrongKey = `{"status":false,"message":"Application-Key Invalid!"}`
	tuRefused  = `{"status":false,"message":"Users or Password Invalid!"}`
)

// thammasatFixture starts a TU account API with one key, one student and one employee.
func thammasatFixture(t *testing.T, o ThammasatOptions) *Thammasat {
	t.Helper()
	u := NewThammasat(o)
	t.Cleanup(u.Close)
	u.AddKey("good-key")
	u.AddAccount(Account{
		User: "6600000001", Password: "pass:word", Type: "student", NameTH: "มานี มีนา", NameEN: "Manee  Meena",
		Email: "m@dome.tu.ac.th", Department: "วิทยาการคอมพิวเตอร์", Faculty: "วิทยาศาสตร์", Username: true,
	})
	u.AddAccount(Account{
		User: "Somchai", Password: "secret", Type: "employee", NameTH: "สมชาย", NameEN: "Somchai",
		Email: "s@tu.ac.th", Department: "พัฒนาระบบ", Organization: "สำนักงาน",
	})
	return u
}

// verify sends one call to a TU account API.
func verify(t *testing.T, u *Thammasat, key, body string) testResponse {
	t.Helper()
	return send(t, "POST", u.URL+ThammasatPath, body, "Application-Key", key)
}

// login is the body that the document shows.
func login(user, password string) string {
	return `{"UserName":"` + user + `","PassWord":"` + password + `"}`
}

func TestThammasat(t *testing.T) {
	t.Run("a valid account is described as the document shows", func(t *testing.T) {
		u := thammasatFixture(t, ThammasatOptions{})
		verify(t, u, "good-key", login("6600000001", "pass:word")).expect(t, 200,
			`{"status":true,"message":"Success","username":"6600000001","tu_status":"ปกติ","statusid":"10",`+
				`"displayname_th":"มานี มีนา","displayname_en":"Manee  Meena","email":"m@dome.tu.ac.th",`+
				`"type":"student","department":"วิทยาการคอมพิวเตอร์","faculty":"วิทยาศาสตร์"}`)
		verify(t, u, "good-key", login("somChai", "secret")).expect(t, 200,
			`{"status":true,"message":"Success","displayname_th":"สมชาย","displayname_en":"Somchai",`+
				`"email":"s@tu.ac.th","type":"employee","department":"พัฒนาระบบ","organization":"สำนักงาน"}`)
		if u.CallsWith("6600000001:pass:word") != 1 || u.CallsWith("good-key") != 2 {
			t.Error("a call does not count for both its account and its key")
		}
	})

	t.Run("a wrong account is denied with the chosen status", func(t *testing.T) {
		u := thammasatFixture(t, ThammasatOptions{})
		for _, body := range []string{login("somchai", "SECRET"), login("unknown", "secret")} {
			verify(t, u, "good-key", body).expect(t, 400, tuRefused)
		}
		u.RefuseWith(http.StatusOK)
		verify(t, u, "good-key", login("somchai", "wrong")).expect(t, 200, tuRefused)
	})

	t.Run("only a JSON post to the one path is accepted", func(t *testing.T) {
		u := thammasatFixture(t, ThammasatOptions{})
		send(t, "GET", u.URL+ThammasatPath, "", "Application-Key", "good-key").
			expect(t, 400, `{"status":false,"message":"Request body using a POST operation (HTTP method)!"}`)
		if status := send(t, "POST", u.URL+"/api/v1/auth/ad/verify", "").status; status != 404 {
			t.Errorf("another path got %d", status)
		}
		got := send(t, "POST", u.URL+ThammasatPath, "UserName=a", "Application-Key", "good-key",
			"Content-Type", "application/x-www-form-urlencoded")
		if got.status != 415 {
			t.Errorf("a form got %d", got.status)
		}
	})

	t.Run("an account's script takes precedence over its key's", func(t *testing.T) {
		u := thammasatFixture(t, ThammasatOptions{})
		u.Answer("good-key", Reply{Status: 503, Body: "key"})
		u.Answer("somchai:secret", Reply{Status: 403, Body: "account"})
		verify(t, u, "good-key", login("somchai", "secret")).expect(t, 403, "account")
		verify(t, u, "good-key", login("6600000001", "pass:word")).expect(t, 503, "key")
	})
}

func TestBodyFirst(t *testing.T) {
	t.Run("off, the key is checked before the body", func(t *testing.T) {
		u := thammasatFixture(t, ThammasatOptions{})
		for _, body := range []string{"", login("somchai", "secret")} {
			verify(t, u, "", body).expect(t, 401, tuNoKey)
			verify(t, u, "bad-key", body).expect(t, 403, tuWrongKey)
		}
		for _, body := range []string{"", "{}", "no JSON", `{"UserName":"somchai"}`, `{"username":"somchai","password":"secret"}`} {
			verify(t, u, "good-key", body).expect(t, 400, tuNoBody)
		}
	})

	t.Run("on, a missing body is reported whatever the key", func(t *testing.T) {
		u := thammasatFixture(t, ThammasatOptions{})
		u.BodyFirst(true)
		for _, key := range []string{"", "bad-key", "good-key"} {
			verify(t, u, key, "").expect(t, 400, tuNoBody)
		}
		verify(t, u, "", login("somchai", "secret")).expect(t, 401, tuNoKey)
		verify(t, u, "bad-key", login("somchai", "secret")).expect(t, 403, tuWrongKey)
		if status := verify(t, u, "good-key", login("somchai", "secret")).status; status != 200 {
			t.Errorf("a good call got %d", status)
		}
		u.BodyFirst(false)
		verify(t, u, "bad-key", "").expect(t, 403, tuWrongKey)
	})
}

func TestQuota(t *testing.T) {
	t.Run("lasts an hour from a key's first call", func(t *testing.T) {
		clock := NewClock()
		u := thammasatFixture(t, ThammasatOptions{Options: Options{Clock: clock}, Quota: 3})
		u.AddKey("other-key")
		for range 3 {
			verify(t, u, "good-key", "").expect(t, 400, tuNoBody)
		}
		clock.Advance(10 * time.Minute)
		got := verify(t, u, "good-key", login("somchai", "secret"))
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != 429 || got.at("status") != false || err != nil || seconds < 49*60 || seconds > 50*60 {
			t.Errorf("over the quota: %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
		}
		verify(t, u, "other-key", "").expect(t, 400, tuNoBody)
		clock.Advance(time.Duration(seconds) * time.Second)
		verify(t, u, "good-key", "").expect(t, 400, tuNoBody)
	})

	t.Run("is a thousand by default", func(t *testing.T) {
		u := thammasatFixture(t, ThammasatOptions{})
		for range 1_000 {
			if wait := u.keys["good-key"].take(time.Unix(0, 0), u.quota); wait != 0 {
				t.Fatalf("a call within the quota has to wait %s", wait)
			}
		}
		if wait := u.keys["good-key"].take(time.Unix(1, 0), u.quota); wait != time.Hour-time.Second {
			t.Errorf("the 1,001st call has to wait %s", wait)
		}
	})
}
