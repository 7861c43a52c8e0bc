package scenario

import (
	"encoding/base64"
	"encoding/json"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The upstreams of the scenarios, with one of everything.

const (
	goodKey  = Marker + "good-key-0123456789"
	otherKey = Marker + "other-key-0123456789"
	student  = Marker + "student"
	employee = Marker + "employee"
	password = Marker + "password"
)

func newThammasat(clock *upstreams.Clock) *upstreams.Thammasat {
	up := upstreams.NewThammasat(upstreams.ThammasatOptions{Options: upstreams.Options{Clock: clock}})
	up.AddKey(goodKey)
	up.AddKey(otherKey)
	up.AddKey(OperatorKey)
	up.AddAccount(upstreams.Account{
		User: student, Password: password, Type: "student",
		NameTH: Marker + "สมชาย ใจดี", NameEN: Marker + "Somchai  Jaidee", Email: Marker + "somchai@dome.tu.ac.th",
		Department: Marker + "ภาควิชา", Faculty: Marker + "คณะ",
	})
	up.AddAccount(upstreams.Account{
		User: employee, Password: password, Type: "employee", Username: true,
		NameTH: Marker + "สมหญิง", NameEN: Marker + "Somying", Email: Marker + "somying@tu.ac.th",
		Department: Marker + "งานพัฒนา", Organization: Marker + "สำนักงาน",
	})
	return up
}

func newIPPanel(clock *upstreams.Clock) *upstreams.IPPanel {
	up := upstreams.NewIPPanel(upstreams.IPPanelOptions{Options: upstreams.Options{Clock: clock}})
	up.AddUser(upstreams.PanelUser{
		UserName: Marker + "ali", Password: password, Method: upstreams.MethodLogin,
		UserID: 9007199254740993, Name: Marker + "علی",
	})
	return up
}

func newBTS(clock *upstreams.Clock) *upstreams.BTS {
	up := upstreams.NewBTS(upstreams.BTSOptions{Options: upstreams.Options{Clock: clock}})
	up.AddUser(upstreams.BTSUser{
		Login: Marker + "courier", Password: password, Name: Marker + "Kuryer", Email: Marker + "k@bts.uz",
		Claims: map[string]any{"branch": json.Number("9007199254740993"), "role": "driver"},
	})
	return up
}

func newWebService(clock *upstreams.Clock) *upstreams.WebService {
	return upstreams.NewWebService(upstreams.WebServiceOptions{Options: upstreams.Options{Clock: clock}})
}

func key(value string) string    { return "Application-Key: " + value }
func bearer(token string) string { return "Authorization: Bearer " + token }
func basic(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
